"""Builds an index beside the one that serves where the settings of its documents changed, and swaps it in at the end.

Whatever ends the work, a crash too, the old index serves on, and the next sync goes on with the new one. What need not
be made again is taken from the old one: points as they are, chunks where the vectors alone are of another kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from outcrop.core.chunks import IndexSpec
from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, NotFound
from outcrop.core.filters import equals
from outcrop.core.protocols import Adapters, MetadataStore, every
from outcrop.core.rebuilds import Rebuild, RebuiltDocument
from outcrop.core.records import DataSource, KnowledgeBase
from outcrop.core.settings import Settings
from outcrop.ingest.agreement import known_documents
from outcrop.ingest.changes import Known
from outcrop.ingest.fingerprints import same_making, settings_hash
from outcrop.ingest.locks import locked
from outcrop.ingest.rebuilt import RebuiltRecords
from outcrop.ingest.swapping import Swapping
from outcrop.ingest.work import Work

AT_ONCE = 500


class Rebuilding:
    """Decides when an index is built anew, and gives a sync the view of it."""

    def __init__(self, metadata: MetadataStore, adapters: Adapters, settings: Settings, clock: Clock) -> None:
        self._metadata = metadata
        self._adapters = adapters
        self._settings = settings
        self._clock = clock
        self._swapping = Swapping(metadata, adapters, settings, clock)

    async def opened(self, work: Work, known: Mapping[str, Known]) -> tuple[Work, Mapping[str, Known]]:
        """What a sync works with, and what is known of its documents: those of a new index where one is needed.

        Raises:
            Conflict: It is needed while that of another data source is being built.
        """
        found, stale = await self.pending(work.base), _stale(known.values(), work)
        if found is None or work.source.id not in found.sources or not (stale or found.asked):
            if not stale:
                if found is not None and found.sources == (work.source.id,):  # the setting is as it was
                    await self.abandon(work.base)
                return work, known
            found = await self._begun(work.base, [work.source], work.base.embedding_model, work.base.dimensions)
        return await self._view(work, known, found)

    async def joined(self, work: Work) -> Work:
        """What a worker works with that does steps of another's job."""
        found = await self.pending(work.base)
        if found is None or found.status != "BUILDING" or work.source.id not in found.sources:
            return work
        return self._viewed(work, found)

    async def closed(self, work: Work) -> None:
        """A sync made all documents of its data source: swap the new index in where nothing is missing any more."""
        if work.replaces is None:
            return
        async with self._metadata.transaction() as inside:
            rebuild = await inside.get(Rebuild, work.base.id)
            done = tuple(sorted({*rebuild.done, work.source.id}))
            rebuild = await inside.put(replace(rebuild, done=done, updated_at=self._clock()))
        if set(rebuild.sources) <= set(rebuild.done):
            await self._swapping.swap(rebuild, work.source)

    async def ask(self, base: KnowledgeBase, embedding_model: str, dimensions: int) -> None:
        """Have every document made for a new index, by another embedding model where one is named.

        The syncs of its data sources do it from now on; without any it is done at once.

        Raises:
            Conflict: Another index is being built now.
        """
        sources = [one async for one in every(self._metadata, DataSource, equals("knowledge_base_id", base.id))]
        rebuild = await self._begun(base, sources, embedding_model, dimensions, asked=True)
        if not sources:
            store = self._adapters.vector_store(base.vector_store)
            await store.create(IndexSpec(name=rebuild.index, dimensions=dimensions))
            await self._swapping.swap(rebuild, None)

    async def outdated(self, base: KnowledgeBase, source: DataSource) -> None:
        """Note that documents of a data source changed in the index that serves: a sync is to look at them again."""
        async with self._metadata.transaction() as inside:
            try:
                rebuild = await inside.get(Rebuild, base.id)
            except NotFound:
                return
            if source.id in rebuild.done and rebuild.status == "BUILDING":
                await inside.put(replace(rebuild, done=tuple(one for one in rebuild.done if one != source.id)))

    async def left(self, source: DataSource) -> None:
        """Forget a data source that was deleted."""
        async with self._metadata.transaction() as inside:
            try:
                rebuild = await inside.get(Rebuild, source.knowledge_base_id)
            except NotFound:
                return
            await inside.put(replace(rebuild, sources=tuple(one for one in rebuild.sources if one != source.id)))
        await self._forget("data_source_id", source.id)

    async def finished(self, base: KnowledgeBase, source: DataSource) -> None:
        """Finish a swap that a crash interrupted; whoever calls it holds the data source."""
        rebuild = await self.pending(base)
        if rebuild is not None and rebuild.status != "BUILDING":
            await self._swapping.finish(rebuild, source)

    async def pending(self, base: KnowledgeBase) -> Rebuild | None:
        """The index that is being built, if one is."""
        try:
            return await self._metadata.get(Rebuild, base.id)
        except NotFound:
            return None

    async def abandon(self, base: KnowledgeBase) -> None:
        """Remove the index that does not serve and its records; nothing happens where there is none."""
        rebuild = await self.pending(base)
        if rebuild is not None:
            idle = rebuild.index if rebuild.status == "BUILDING" else rebuild.replaces
            await self._adapters.vector_store(base.vector_store).drop(idle)
            await self._forget("knowledge_base_id", base.id)
            await self._metadata.delete(Rebuild, base.id)

    async def _begun(
        self, base: KnowledgeBase, sources: Iterable[DataSource], model: str, dimensions: int, *, asked: bool = False
    ) -> Rebuild:
        """The record of a new index; that of one that was begun for the same goes on."""
        now = self._clock()
        wanted = Rebuild(
            id=base.id,
            created_at=now,
            updated_at=now,
            index=_next(base.index),
            replaces=base.index,
            embedding_model=model,
            dimensions=dimensions,
            sources=tuple(sorted(one.id for one in sources)),
            asked=asked,
        )
        found = await self.pending(base)
        if found is not None:
            if _goal(found) == _goal(wanted):
                return found
            await self._check_idle(found)
            await self.abandon(base)
        await self._adapters.vector_store(base.vector_store).drop(wanted.index)
        return await self._metadata.put(wanted, expect=0)

    async def _check_idle(self, rebuild: Rebuild) -> None:
        """Raise Conflict where someone works on another index, or it was asked for."""
        message = "Another index of this knowledge base is being built. Sync again when that has ended."
        if rebuild.asked and rebuild.status == "BUILDING":
            message = "This knowledge base is being rebuilt. Go on with that first: outcrop kb rebuild"
            raise Conflict(message)
        for covered in rebuild.sources:
            try:
                with locked(self._settings.data, await self._metadata.get(DataSource, covered)):
                    pass
            except NotFound:
                continue
            except Conflict as error:
                raise Conflict(message) from error

    def _viewed(self, work: Work, rebuild: Rebuild) -> Work:
        """The same work on the index that is being built."""
        base = replace(
            work.base,
            index=rebuild.index,
            embedding_model=rebuild.embedding_model,
            dimensions=rebuild.dimensions,
        )
        embedder = self._adapters.embedder(base.embedding_model)
        return replace(
            work,
            base=base,
            metadata=RebuiltRecords(work.metadata),
            embedder=embedder,
            chunker=self._adapters.chunker(work.source.chunking, embedder),
            replaces=rebuild.replaces,
        )

    async def _view(self, work: Work, known: Mapping[str, Known], rebuild: Rebuild) -> tuple[Work, Mapping[str, Known]]:
        new = self._viewed(work, rebuild)
        await new.store.create(IndexSpec(name=rebuild.index, dimensions=rebuild.dimensions))
        made = await known_documents(new.metadata, new.store, new.base, new.source, check=True)
        waiting = {
            name: replace(one, replaced=True)
            for name, one in known.items()
            if one.recorded and (name not in made or made[name].in_doubt)
        }
        return new, {**made, **waiting}

    async def _forget(self, attribute: str, value: str) -> None:
        where = equals(attribute, value)
        while (page := await self._metadata.page(RebuiltDocument, where, None, AT_ONCE)).records:
            async with self._metadata.transaction() as inside:
                for record in page.records:
                    await inside.delete(RebuiltDocument, record.id)


def _stale(known: Iterable[Known], work: Work) -> bool:
    """Whether documents are indexed that other settings made."""
    return any(one.searchable and not same_making(one.prints.settings, _making(one.media_type, work)) for one in known)


def _making(media_type: str, work: Work) -> str:
    version = work.reader.version(media_type)
    return settings_hash(version, work.source.chunking, "", work.embedder.model, work.precision)


def _goal(rebuild: Rebuild) -> tuple[object, ...]:
    """What a new index is built for."""
    return (rebuild.replaces, rebuild.embedding_model, rebuild.dimensions, rebuild.sources, rebuild.asked)


def _next(index: str) -> str:
    """The name after this one: kb-x, kb-x-2, kb-x-3 ..."""
    stem, number = re.fullmatch(r"(.*?)(?:-(\d{1,9}))?", index, re.DOTALL).groups()  # type: ignore[union-attr]  # always matches
    return f"{stem}-{int(number or 1) + 1}"
