"""Single documents: put into a data source, looked at, read back and deleted one by one, with the guarantees of a sync.

What is handed over is recorded first and answered at once; a task for each data source then brings the index in step,
and goes on after a crash. Handing over the same again costs neither a parse nor an embedding.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from outcrop.core.addresses import custom_uri
from outcrop.core.clock import Clock
from outcrop.core.errors import NotFound, Unavailable
from outcrop.core.filters import one_of
from outcrop.core.parsed import Blob
from outcrop.core.protocols import Adapters, Item, MetadataStore, every
from outcrop.core.records import DataSource, Deposit, Document, KnowledgeBase
from outcrop.core.settings import Settings
from outcrop.ingest.deposits import LEAVING, UNFINISHED, Keeping, deposit_of, item_of
from outcrop.ingest.locks import held
from outcrop.ingest.means import Means, place_of
from outcrop.ingest.receiving import DirectDocument, Receiving, check_documents, check_open
from outcrop.ingest.settling import Settling
from outcrop.ingest.states import State, document_of, state_at, states_after
from outcrop.ingest.steps import id_at

__all__ = ["Direct", "DirectDocument", "State"]
_log = logging.getLogger(__name__)


class Direct:
    """Puts, shows, reads and deletes single documents; each data source is worked on by one task at a time."""

    def __init__(self, metadata: MetadataStore, adapters: Adapters, settings: Settings, clock: Clock) -> None:
        self._means = Means(metadata=metadata, adapters=adapters, settings=settings, clock=clock)
        self._metadata = metadata
        self._working: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()  # data sources that got more while they were worked on

    async def put(self, base: KnowledgeBase, source: DataSource, document: DirectDocument) -> Document:
        """Put one document and wait until it is done: what became of it, FAILED with its reason included.

        Raises:
            Invalid: What is handed over is not a document of this data source.
            Unavailable: It could not be done; what was indexed of it before is as it was.
            NotFound: Someone deleted it meanwhile.
        """
        deposit = (await self.submit(base, source, [document]))[0]
        await self.settled(source)
        state = await state_at(self._metadata, source, deposit.uri)
        if state.status == "NOT_FOUND":
            raise NotFound(f"The document {deposit.uri} was deleted meanwhile.")
        if state.document is None or state.status != state.document.status:
            raise Unavailable(state.reason or f"The document {deposit.uri} is {state.status}.")
        return state.document

    async def submit(
        self, base: KnowledgeBase, source: DataSource, documents: Sequence[DirectDocument]
    ) -> Sequence[Deposit]:
        """Take documents in, and ingest them in the background; each as it was recorded. Raises Invalid, Conflict."""
        check_open(base, source)
        check_documents(source, documents)
        receiving = Receiving(self._means, self._keeping())
        taken = [await receiving.take(source, document) for document in documents]
        self._start(source.id)
        return taken

    async def delete(self, base: KnowledgeBase, source: DataSource, uris: Sequence[str]) -> Sequence[State]:
        """Delete documents in the background: their states, DELETING or NOT_FOUND. Raises Conflict.

        One that its data source still has comes back at the next sync. `settled` waits for it.
        """
        check_open(base, source)
        receiving = Receiving(self._means, self._keeping())
        states = [await receiving.give_up(source, uri) for uri in uris]
        self._start(source.id)
        return states

    async def states(self, source: DataSource, uris: Sequence[str]) -> Sequence[State]:
        """What there is of documents, in the order asked."""
        return [await state_at(self._metadata, source, uri) for uri in uris]

    async def page(self, source: DataSource, after: str | None, limit: int) -> tuple[Sequence[State], str | None]:
        """Some documents of a data source, and the token for more. Raises Invalid for a token that is none."""
        return await states_after(self._metadata, source, after, limit)

    async def content(self, source: DataSource, reference: str) -> Blob:
        """The content of a document as its data source has it now, by its address, its id there or Outcrop's own id.

        Raises:
            NotFound: There is no such document in this data source.
            Unreadable: Its content cannot be had.
        """
        for name in (id_at(source.id, custom_uri(reference)), id_at(source.id, reference), reference):
            deposit, document = await deposit_of(self._metadata, name), await document_of(self._metadata, name)
            item = _item(source, deposit, document)
            if item is not None:
                blob = await place_of(source, self._metadata, self._means.adapters).fetch(item)
                declared = deposit.media_type if deposit is not None else ""
                return replace(
                    blob, media_type=declared or (document.media_type if document is not None else "") or None
                )
        raise NotFound(f"The data source {source.name} has no document {reference!r:.200}.")

    async def settled(self, source: DataSource | None = None) -> None:
        """Wait until everything that was handed over, to one data source or to all, is done."""

        def running() -> list[asyncio.Task[None]]:
            wanted = self._working if source is None else {source.id}
            return [task for one, task in self._working.items() if one in wanted and not task.done()]

        while tasks := running():
            await asyncio.wait(tasks)

    async def resume(self) -> None:
        """Go on with what another process left undone, and remove the contents that nothing refers to."""
        unfinished = one_of("status", tuple(UNFINISHED))
        for one in {deposit.data_source_id async for deposit in every(self._metadata, Deposit, unfinished)}:
            self._start(one)
        await self._keeping().sweep()

    async def close(self) -> None:
        """Stop; what is not done is done after the next `resume`."""
        for task in self._working.values():
            task.cancel()
        await self.settled()

    def _keeping(self) -> Keeping:
        return Keeping(self._metadata, self._means.adapters.blobs(), self._means.settings.data)

    def _start(self, source_id: str) -> None:
        """Have a task work on a data source; one that is there looks again before it ends."""
        self._again.add(source_id)
        task = self._working.get(source_id)
        if task is None or task.done():  # one that was cancelled before it began never takes itself out
            self._working[source_id] = asyncio.create_task(self._work(source_id))

    async def _work(self, source_id: str) -> None:
        """Do everything that waits in a data source."""
        settling = Settling(self._means, self._keeping())
        try:
            while source_id in self._again:
                self._again.discard(source_id)
                async with held(self._means.settings.data, source_id):
                    while await settling.some(source_id):
                        pass
        except Exception:  # noqa: BLE001 # nobody waits for a background task: the log is told
            _log.exception("The documents handed over to the data source %s wait for the next start", source_id)
        finally:
            del self._working[source_id]


def _item(source: DataSource, deposit: Deposit | None, document: Document | None) -> Item | None:
    """What a source is asked for the content of a document by; None where it is none of this source."""
    if deposit is not None and deposit.data_source_id == source.id and deposit.blob and deposit.status not in LEAVING:
        return item_of(deposit)
    if document is None or document.data_source_id != source.id or (deposit is not None and deposit.blob):
        return None
    return Item(uri=document.uri, name=document.name, size=document.size)
