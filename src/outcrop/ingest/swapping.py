"""Puts a new index in the place of the one that serves: in one step for whoever asks, and finished after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

from outcrop.core.chunks import DATA_SOURCE_ID, Point
from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, NotFound
from outcrop.core.filters import AllOf, Compare, Filter, equals, one_of
from outcrop.core.protocols import Adapters, MetadataStore, every
from outcrop.core.rebuilds import Rebuild, RebuiltDocument
from outcrop.core.records import DataSource, Document, IngestionJob, KnowledgeBase
from outcrop.core.settings import Settings
from outcrop.ingest.archiving import deleted, searched_chunks
from outcrop.ingest.locks import locked
from outcrop.ingest.rebuilt import as_kind, rebuilt

AT_ONCE = 500
PAUSE = 0.05  # seconds between two looks whether someone has let go of a data source


class Swapping:
    """Swaps."""

    def __init__(self, metadata: MetadataStore, adapters: Adapters, settings: Settings, clock: Clock) -> None:
        self._metadata = metadata
        self._adapters = adapters
        self._data = settings.data
        self._clock = clock

    async def swap(self, rebuild: Rebuild, holding: DataSource | None) -> None:
        """Complete the new index with what was not made anew, and have it serve.

        Nobody else writes meanwhile: whoever calls it holds one data source, and this waits for the others.

        Raises:
            Conflict: The knowledge base is being deleted.
        """
        where = equals("knowledge_base_id", rebuild.id)
        others = {one.id async for one in every(self._metadata, DataSource, where)}
        async with AsyncExitStack() as stack:
            for other in sorted(others - ({holding.id} if holding is not None else set())):
                await self._hold(other, stack)
            current = await self._metadata.get(Rebuild, rebuild.id)
            if not set(current.sources) <= set(current.done):
                return  # something changed while this waited; a sync of it comes
            await self._complete(current)
            base = await self._metadata.get(KnowledgeBase, rebuild.id)
            swapped = await self._flip(current)
            await self._mark(base, swapped)
            await self._finish(swapped)

    async def _hold(self, source_id: str, stack: AsyncExitStack) -> None:
        """Hold a data source, unless a job does that waits for its turn and will begin with the new index."""
        waits = AllOf((equals("data_source_id", source_id), one_of("status", ("STARTING", "IN_PROGRESS", "STOPPING"))))
        while True:
            try:
                source = await self._metadata.get(DataSource, source_id)
                stack.enter_context(locked(self._data, source))
            except NotFound:
                return
            except Conflict:
                if (await self._metadata.page(IngestionJob, waits, None, 1)).records:
                    return
                await asyncio.sleep(PAUSE)
            else:
                return

    async def finish(self, rebuild: Rebuild, holding: DataSource) -> None:
        """Finish a swap after a crash, unless someone holds its data sources, who finishes it."""
        async with AsyncExitStack() as stack:
            for covered in rebuild.sources:
                if covered != holding.id:
                    with suppress(NotFound):
                        try:
                            stack.enter_context(locked(self._data, await self._metadata.get(DataSource, covered)))
                        except Conflict:
                            return
            with suppress(NotFound):
                await self._finish(await self._metadata.get(Rebuild, rebuild.id))

    async def _complete(self, rebuild: Rebuild) -> None:
        """Copy the points of all data sources that were not made anew, deleted ones that were retained included."""
        base = await self._metadata.get(KnowledgeBase, rebuild.id)
        store = self._adapters.vector_store(base.vector_store)
        where: Filter = Compare("notIn", DATA_SOURCE_ID, rebuild.sources)
        await store.delete(rebuild.index, where)  # what an interrupted attempt copied
        async for points in store.scan(rebuild.replaces, where):
            await store.upsert(rebuild.index, await self._fitting(points, base, rebuild))

    async def _mark(self, base: KnowledgeBase, rebuild: Rebuild) -> None:
        """Mark in the archive the chunks that the new index does not have."""
        archive, store = self._adapters.archive(), self._adapters.vector_store(base.vector_store)
        if archive is not None:
            old = await searched_chunks(store, rebuild.replaces, None)
            new = await searched_chunks(store, rebuild.index, None)
            gone = {chunk_id: document_id for chunk_id, document_id in old.items() if chunk_id not in new}
            await archive.append(deleted(base, gone, self._clock()))

    async def _fitting(self, points: Sequence[Point], base: KnowledgeBase, rebuild: Rebuild) -> Sequence[Point]:
        """Points with vectors of the new index's model."""
        if rebuild.embedding_model == base.embedding_model:
            return points
        searched = [point for point in points if point.chunk.searchable]
        texts = [point.chunk.embedded_text() for point in searched]
        vectors = await self._adapters.embedder(rebuild.embedding_model).embed(texts, "document") if texts else ()
        new = {point.chunk.id: vector for point, vector in zip(searched, vectors, strict=True)}
        return [replace(point, vector=new.get(point.chunk.id)) for point in points]

    async def _flip(self, rebuild: Rebuild) -> Rebuild:
        """From here on the new index serves."""
        async with self._metadata.transaction() as inside:
            base = await inside.get(KnowledgeBase, rebuild.id)
            if base.status != "ACTIVE":
                raise Conflict(f"The knowledge base {base.name} is {base.status}.")
            declared = dict(base.declared)
            if rebuild.embedding_model != base.embedding_model:
                declared.pop("knowledgeBaseConfiguration", None)  # it names the model of before
            changed = replace(
                base,
                index=rebuild.index,
                embedding_model=rebuild.embedding_model,
                dimensions=rebuild.dimensions,
                declared=declared,
                updated_at=self._clock(),
            )
            await inside.put(changed)
            return await inside.put(replace(rebuild, status="SWAPPED", updated_at=self._clock()))

    async def _finish(self, rebuild: Rebuild) -> None:
        """Put the documents of the new index in the place of the old ones, and remove the old index."""
        if rebuild.status == "BUILDING":
            return
        if rebuild.status == "SWAPPED":
            for covered in rebuild.sources:
                await self._drop_gone(covered)
            rebuild = await self._metadata.put(replace(rebuild, status="MOVING"))
        while (page := await self._metadata.page(RebuiltDocument, _of(rebuild), None, AT_ONCE)).records:
            async with self._metadata.transaction() as inside:
                for record in page.records:
                    await inside.put(as_kind(Document, record))
                    await inside.delete(RebuiltDocument, record.id)
        base = await self._metadata.get(KnowledgeBase, rebuild.id)
        await self._adapters.vector_store(base.vector_store).drop(rebuild.replaces)
        await self._metadata.delete(Rebuild, rebuild.id)

    async def _drop_gone(self, source_id: str) -> None:
        """Remove the records of documents that the new index does not have."""
        gone = [
            document.id
            async for document in every(self._metadata, Document, equals("data_source_id", source_id))
            if not await rebuilt(self._metadata, document.id)
        ]
        for start in range(0, len(gone), AT_ONCE):
            async with self._metadata.transaction() as inside:
                for name in gone[start : start + AT_ONCE]:
                    await inside.delete(Document, name)


def _of(rebuild: Rebuild) -> Filter:
    return equals("knowledge_base_id", rebuild.id)
