"""Deletes knowledge bases and data sources so that nothing is stranded: what was begun can always be finished.

The record is marked DELETING first and removed last. Whatever ends the work in between, a crash too, deleting again
goes on; every step may run twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from outcrop.core.chunks import DATA_SOURCE_ID
from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, IndexMissing, OutcropError
from outcrop.core.filters import Filter, equals
from outcrop.core.protocols import Adapters, MetadataStore, every
from outcrop.core.records import (
    CUSTOM,
    Attachment,
    AttachmentBatch,
    DataSource,
    Deposit,
    Document,
    IngestionJob,
    KnowledgeBase,
    Record,
    Session,
    StoreLabel,
    Tags,
)
from outcrop.core.settings import Settings
from outcrop.core.source_traits import Forgetting
from outcrop.core.work import JobStep
from outcrop.ingest.archiving import deleted, searched_chunks
from outcrop.ingest.deposits import Keeping
from outcrop.ingest.locks import lock_file, locked
from outcrop.ingest.rebuilding import Rebuilding

R = TypeVar("R", bound=Record)
AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What is held and marked as DELETING: `whole` for the knowledge base with all, else the sources alone."""

    base: KnowledgeBase
    sources: Sequence[DataSource]
    whole: bool
    held: ExitStack


class Deletions:
    """Deletes in two steps: mark and hold, then remove."""

    def __init__(self, metadata: MetadataStore, adapters: Adapters, settings: Settings, clock: Clock) -> None:
        self._metadata = metadata
        self._adapters = adapters
        self._data = settings.data
        self._clock = clock
        self._rebuilding = Rebuilding(metadata, adapters, settings, clock)

    async def of_base(self, base: KnowledgeBase, sources: Sequence[DataSource]) -> Deletion:
        """Mark a knowledge base and hold its data sources.

        Raises:
            Conflict: One of them is being synced.
        """
        deleting = await self._metadata.put(
            replace(base, status="DELETING", failure_reasons=(), updated_at=self._clock())
        )
        with ExitStack() as held:
            try:
                for source in sources:
                    held.enter_context(locked(self._data, source))
            except Conflict:
                await self._metadata.put(replace(deleting, status=base.status, failure_reasons=base.failure_reasons))
                raise
            return Deletion(base=deleting, sources=sources, whole=True, held=held.pop_all())

    async def of_source(self, base: KnowledgeBase, source: DataSource) -> Deletion:
        """Mark and hold a data source.

        Raises:
            Conflict: It is being synced.
        """
        with ExitStack() as held:
            held.enter_context(locked(self._data, source))
            source = await self._metadata.get(DataSource, source.id)
            marked = replace(source, status="DELETING", failure_reasons=(), updated_at=self._clock())
            source = await self._metadata.put(marked)
            return Deletion(base=base, sources=(source,), whole=False, held=held.pop_all())

    async def finish(self, deletion: Deletion) -> None:
        """Remove what is marked. What fails is DELETE_UNSUCCESSFUL with the reason, and raised."""
        with deletion.held:
            try:
                await (self._remove_base(deletion) if deletion.whole else self._remove_source(deletion))
            except Exception as error:
                await self._failed(deletion, error)
                raise

    async def _remove_base(self, deletion: Deletion) -> None:
        base = deletion.base
        if base.retains or any(source.deletion_policy == "RETAIN" for source in deletion.sources):
            for source in deletion.sources:
                await self._remove_points(base, source)
        else:
            await self._mark(base, None)
            await self._adapters.vector_store(base.vector_store).drop(base.index)
        await self._rebuilding.abandon(base)
        await self._give_up("knowledge_base_id", base.id)
        for kind in (Document, JobStep, IngestionJob, Session, Attachment, AttachmentBatch, StoreLabel, DataSource):
            await self._empty(kind, "knowledge_base_id", base.id)
        await self._metadata.delete(Tags, f"knowledge-base/{base.id}")
        await self._metadata.delete(KnowledgeBase, base.id)
        for source in deletion.sources:
            await self._forget(source)
            lock_file(self._data, source.id).unlink(missing_ok=True)

    async def _remove_source(self, deletion: Deletion) -> None:
        for source in deletion.sources:
            await self._remove_points(deletion.base, source)
            await self._empty(Document, "data_source_id", source.id)
            await self._empty(JobStep, "data_source_id", source.id)
            await self._empty(IngestionJob, "data_source_id", source.id)
            await self._empty(Attachment, "data_source_id", source.id)
            await self._give_up("data_source_id", source.id)
            await self._rebuilding.left(source)
            await self._metadata.delete(DataSource, source.id)
            await self._forget(source)
            lock_file(self._data, source.id).unlink(missing_ok=True)

    async def _forget(self, source: DataSource) -> None:
        """Have a source remove what it keeps on this machine, where it can still be opened."""
        if source.kind == CUSTOM:
            return
        with suppress(OutcropError):
            place = self._adapters.source(source)
            if isinstance(place, Forgetting):
                await place.forget()

    async def _remove_points(self, base: KnowledgeBase, source: DataSource) -> None:
        """Remove the points of a data source, or note on the knowledge base that they stay."""
        if source.deletion_policy == "RETAIN":
            current = await self._metadata.get(KnowledgeBase, base.id)
            await self._metadata.put(replace(current, retains=True), expect=current.version)
            return
        store = self._adapters.vector_store(base.vector_store)
        await self._mark(base, equals(DATA_SOURCE_ID, source.id))
        try:
            await store.delete(base.index, equals(DATA_SOURCE_ID, source.id))
        except IndexMissing:
            return

    async def _mark(self, base: KnowledgeBase, where: Filter | None) -> None:
        """Mark in the archive what is about to be deleted."""
        archive = self._adapters.archive()
        if archive is not None:
            gone = await searched_chunks(self._adapters.vector_store(base.vector_store), base.index, where)
            await archive.append(deleted(base, gone, self._clock()))

    async def _failed(self, deletion: Deletion, error: Exception) -> None:
        sentence = error.message if isinstance(error, OutcropError) else f"{type(error).__name__}: {error}"
        reasons, now = (f"The deletion failed: {sentence} Delete it again.",), self._clock()
        record: KnowledgeBase | DataSource = deletion.base if deletion.whole else deletion.sources[0]
        current = await self._metadata.get(type(record), record.id)
        failed = replace(current, status="DELETE_UNSUCCESSFUL", failure_reasons=reasons, updated_at=now)
        await self._metadata.put(failed)

    async def _give_up(self, attribute: str, value: str) -> None:
        """Remove the deposits with this attribute, and their contents."""
        blobs = {deposit.blob async for deposit in every(self._metadata, Deposit, equals(attribute, value))}
        await self._empty(Deposit, attribute, value)
        await Keeping(self._metadata, self._adapters.blobs(), self._data).release(*blobs)

    async def _empty(self, kind: type[R], attribute: str, value: str) -> None:
        """Remove every record of a kind with this attribute, some at a time."""
        while (page := await self._metadata.page(kind, equals(attribute, value), None, AT_ONCE)).records:
            async with self._metadata.transaction() as inside:
                for record in page.records:
                    await inside.delete(kind, record.id)
