"""Brings the index in step with deposits, some at a time, by the steps of a sync."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace

from outcrop.core.errors import NotFound, OutcropError, Unreadable
from outcrop.core.filters import AllOf, equals, one_of
from outcrop.core.protocols import Finding, Item, Source
from outcrop.core.records import CUSTOM, DataSource, Deposit, DepositStatus, KnowledgeBase
from outcrop.ingest.agreement import known_document
from outcrop.ingest.changes import Known
from outcrop.ingest.deposits import LEAVING, UNFINISHED, Keeping, current, item_of
from outcrop.ingest.fetching import Fetched, Fetching
from outcrop.ingest.flow import Flow, first_error
from outcrop.ingest.means import Means
from outcrop.ingest.progress import Meter
from outcrop.ingest.work import Work
from outcrop.ingest.writing import remove

AT_ONCE = 64  # deposits
MISSING = "Its data source does not have it."
_log = logging.getLogger(__name__)


class Settling:
    """Does what deposits say, for whoever holds the lock of their data source."""

    def __init__(self, means: Means, keeping: Keeping) -> None:
        self._means = means
        self._keeping = keeping
        self._fetching = Fetching(means, keeping)

    async def some(self, source_id: str) -> bool:
        """Do what was handed over first; False where nothing waits, or the data source cannot be worked on."""
        metadata = self._means.metadata
        where = AllOf((equals("data_source_id", source_id), one_of("status", tuple(UNFINISHED))))
        waiting = (await metadata.page(Deposit, where, None, AT_ONCE)).records
        if not waiting:
            return False
        try:
            source = await metadata.get(DataSource, source_id)
            base = await metadata.get(KnowledgeBase, source.knowledge_base_id)
        except NotFound:
            return False
        if base.status != "ACTIVE" or source.status != "AVAILABLE":
            return False
        begun = [await self._marked(one, _begun(one.status)) for one in waiting]
        await self._settle(base, source, begun)
        return True

    async def _settle(self, base: KnowledgeBase, source: DataSource, deposits: Sequence[Deposit]) -> None:
        """Do all of them; an error of the embedding model or a store is the reason of each."""
        try:
            work = await self._means.work(base, source, Meter())
            known = {
                one.id: found
                for one in deposits
                if (found := await known_document(one.id, work.metadata, work.store, base)) is not None
            }
            with first_error():
                await self._remove([one for one in deposits if one.status in LEAVING], known, work)
                await self._bring([one for one in deposits if one.status not in LEAVING], known, work)
            await self._means.rebuilding().outdated(base, source)
        except Exception as error:  # noqa: BLE001 # whatever it is, it is the reason of these documents alone
            if not isinstance(error, OutcropError):
                _log.exception("Documents of the data source %s could not be ingested", source.id)
            reason = error.message if isinstance(error, OutcropError) else f"It failed: {type(error).__name__}."
            for deposit in deposits:
                await self._marked(deposit, "FAILED", reason)

    async def _remove(self, leaving: Sequence[Deposit], known: Mapping[str, Known], work: Work) -> None:
        """Points first, then records, then contents."""
        await remove([known[one.id] for one in leaving if one.id in known], work)
        for deposit in leaving:
            await self._forgotten(deposit)

    async def _bring(self, coming: Sequence[Deposit], known: Mapping[str, Known], work: Work) -> None:
        fetched = [await self._fetching.complete(deposit, work.source) for deposit in coming]
        items = {
            one.deposit.id: item
            async for one, item in _items(fetched, work)
            if item.fault is None or not _stays(one.deposit, known)
        }
        await Flow(work, known, self._means.settings.threads).carry(_each(items.values()))
        for one in fetched:
            await self._ended(one, items.get(one.deposit.id), work.source)

    async def _ended(self, one: Fetched, item: Item | None, source: DataSource) -> None:
        """Write down that a deposit is done; without an item it was left as it was indexed before."""
        if one.failed is not None:
            await self._marked(one.deposit, one.failed if item is None else "FAILED", one.reason)
        elif item is None:
            await self._marked(one.deposit, "FAILED", f"{MISSING} It stays searchable as it was.")
        elif source.kind == CUSTOM:
            await self._marked(one.deposit, "KEPT")
        else:
            await self._forgotten(one.deposit)

    async def _marked(self, deposit: Deposit, status: DepositStatus, reason: str | None = None) -> Deposit:
        """A deposit with another status, unless it was handed over anew meanwhile."""
        async with self._means.metadata.transaction() as inside:
            if not await current(deposit, inside):
                return deposit
            marked = replace(deposit, status=status, reason=reason, updated_at=self._means.clock())
            return await inside.put(marked)

    async def _forgotten(self, deposit: Deposit) -> None:
        """Remove a deposit and its content, unless it was handed over anew meanwhile."""
        async with self._means.metadata.transaction() as inside:
            if not await current(deposit, inside):
                return
            await inside.delete(Deposit, deposit.id)
        await self._keeping.release(deposit.blob)


def _begun(status: DepositStatus) -> DepositStatus:
    return "DELETE_IN_PROGRESS" if status in LEAVING else "IN_PROGRESS"


def _stays(deposit: Deposit, known: Mapping[str, Known]) -> bool:
    """Whether a document that cannot be had now was indexed before: then it stays as it was."""
    before = known.get(deposit.id)
    return before is not None and before.searchable and not before.in_doubt


async def _items(fetched: Sequence[Fetched], work: Work) -> AsyncIterator[tuple[Fetched, Item]]:
    """What becomes of deposits as items, of a data source that has its documents itself as it lists them."""
    found: dict[str, Item] = {}
    if work.source.kind != CUSTOM:
        found = await _found(work.place, [one.deposit.uri for one in fetched if one.failed is None])
    for one in fetched:
        deposit = one.deposit
        item = found.get(deposit.uri) or item_of(deposit)
        if one.failed is not None:
            item = replace(item, fault=Unreadable("unreachable", one.reason))
        elif work.source.kind != CUSTOM and deposit.uri not in found:
            item = replace(item, fault=Unreadable("unreachable", MISSING))
        elif deposit.own_metadata:
            item = replace(
                item,
                metadata=deposit.metadata,
                embedded=deposit.embedded,
                described=True,
                version=item.version if work.source.kind == CUSTOM else None,  # a sync looks at its source's own again
            )
        yield one, item


async def _found(place: Source, uris: Sequence[str]) -> dict[str, Item]:
    """The items with these addresses."""
    if isinstance(place, Finding):
        looked = await asyncio.gather(*(place.find(uri) for uri in uris))
        return {item.uri: item for item in looked if item is not None}
    wanted = set(uris)
    return {item.uri: item async for item in place.list(None) if item.uri in wanted}


async def _each(items: Iterable[Item]) -> AsyncIterator[Item]:
    for item in items:
        yield item
