"""Brings the index in step with deposits, some at a time, by the steps of a sync."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace

from outcrop.core.errors import NotFound, OutcropError, Unreadable
from outcrop.core.filters import AllOf, equals, one_of
from outcrop.core.protocols import Finding, Item, MetadataStore, Source
from outcrop.core.records import CUSTOM, DataSource, Deposit, DepositStatus, KnowledgeBase
from outcrop.ingest.agreement import known_document
from outcrop.ingest.changes import Known
from outcrop.ingest.deposits import LEAVING, UNFINISHED, Keeping, item_of
from outcrop.ingest.flow import Flow, first_error
from outcrop.ingest.means import Means
from outcrop.ingest.progress import Meter
from outcrop.ingest.steps import Work
from outcrop.ingest.writing import remove

AT_ONCE = 64  # deposits
_log = logging.getLogger(__name__)


class Settling:
    """Does what deposits say, for whoever holds the lock of their data source."""

    def __init__(self, means: Means, keeping: Keeping) -> None:
        self._means = means
        self._keeping = keeping

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
        items = [item async for item in _items(coming, work)]
        await Flow(work, known, self._means.settings.threads).carry(_each(items))
        for deposit, item in zip(coming, items, strict=True):
            before = known.get(deposit.id)
            stays = item.fault is not None and item.fault.reason == "unreachable"
            if stays and before is not None and before.searchable:
                await self._marked(deposit, "FAILED", f"{item.fault} It stays searchable as it was.")
            elif work.source.kind == CUSTOM:
                await self._marked(deposit, "KEPT")
            else:
                await self._forgotten(deposit)

    async def _marked(self, deposit: Deposit, status: DepositStatus, reason: str | None = None) -> Deposit:
        """A deposit with another status, unless it was handed over anew meanwhile."""
        async with self._means.metadata.transaction() as inside:
            if not await _is_current(deposit, inside):
                return deposit
            marked = replace(deposit, status=status, reason=reason, updated_at=self._means.clock())
            return await inside.put(marked)

    async def _forgotten(self, deposit: Deposit) -> None:
        """Remove a deposit and its content, unless it was handed over anew meanwhile."""
        async with self._means.metadata.transaction() as inside:
            if not await _is_current(deposit, inside):
                return
            await inside.delete(Deposit, deposit.id)
        await self._keeping.release(deposit.blob)


def _begun(status: DepositStatus) -> DepositStatus:
    return "DELETE_IN_PROGRESS" if status in LEAVING else "IN_PROGRESS"


async def _is_current(deposit: Deposit, store: MetadataStore) -> bool:
    try:
        return (await store.get(Deposit, deposit.id)).version == deposit.version
    except NotFound:
        return False


async def _items(deposits: Sequence[Deposit], work: Work) -> AsyncIterator[Item]:
    """The items of deposits, in their order; of a data source that has its documents itself, as it lists them."""
    if work.source.kind == CUSTOM:
        for deposit in deposits:
            yield item_of(deposit)
        return
    found = await _found(work.place, [deposit.uri for deposit in deposits])
    for deposit in deposits:
        item = found.get(deposit.uri) or Item(
            uri=deposit.uri, name=deposit.name, fault=Unreadable("unreachable", "Its data source does not have it.")
        )
        yield replace(item, metadata=deposit.metadata, embedded=()) if deposit.own_metadata else item


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
