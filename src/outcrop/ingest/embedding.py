"""From prepared documents to points: batches across documents, vectors that are already there used again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

from outcrop.core.chunks import Chunk, Point, Vector
from outcrop.core.errors import OutcropError
from outcrop.ingest.archiving import note_embedded
from outcrop.ingest.fingerprints import same_vectors
from outcrop.ingest.retries import insisted
from outcrop.ingest.work import Prepared, Work

BATCH_CHUNKS = 256
BATCH_DOCUMENTS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Points to be written together, and the documents that are complete with them.

    `split` where the points are a part of one large document, whose other parts are in batches of their own.
    """

    points: Sequence[Point] = ()
    finished: Sequence[Prepared] = ()
    split: bool = False


async def batches_of(waiting: AsyncIterator[list[Prepared]]) -> AsyncIterator[list[Prepared]]:
    """Documents in groups of at most `BATCH_CHUNKS` chunks together; a larger document stands alone."""
    async for ready in waiting:
        group: list[Prepared] = []
        size = 0
        for prepared in ready:
            amount = prepared.weight
            if group and (size + amount > BATCH_CHUNKS or len(group) >= BATCH_DOCUMENTS):
                yield group
                group, size = [], 0
            group.append(prepared)
            size += amount
        yield group


async def embedded(group: Sequence[Prepared], work: Work) -> AsyncIterator[Batch]:
    """The batches to write for a group of documents.

    A text that the model refuses fails its document alone; any other failure of the model is raised.
    """
    if len(group) == 1 and len(group[0].chunks) > BATCH_CHUNKS:
        async for batch in _in_parts(group[0], work):
            yield batch
        return
    try:
        points = await _points([(one, chunk) for one in group for chunk in one.chunks], work)
        yield Batch(points=[*points, *(point for one in group for point in one.points)], finished=group)
    except OutcropError as error:
        if error.kind != "invalid":
            raise
        if len(group) == 1:
            yield Batch(finished=[_refused(group[0], error)])
            return
        for prepared in group:
            async for batch in embedded([prepared], work):
                yield batch


async def _in_parts(prepared: Prepared, work: Work) -> AsyncIterator[Batch]:
    """A large document, never held whole with its vectors."""
    try:
        for start in range(0, len(prepared.chunks), BATCH_CHUNKS):
            part = prepared.chunks[start : start + BATCH_CHUNKS]
            points = await _points([(prepared, chunk) for chunk in part], work)
            ends = start + BATCH_CHUNKS >= len(prepared.chunks)
            yield Batch(points=points, finished=[prepared] if ends else [], split=True)
    except OutcropError as error:
        if error.kind != "invalid":
            raise
        yield Batch(finished=[_refused(prepared, error)], split=True)


async def _points(chunks: Sequence[tuple[Prepared, Chunk]], work: Work) -> list[Point]:
    kept = await _kept_vectors(chunks, work)
    fresh = [chunk for _, chunk in chunks if chunk.searchable and chunk.id not in kept]
    if fresh:
        texts = [chunk.embedded_text() for chunk in fresh]
        vectors = await insisted(lambda: work.embedder.embed(texts, "document"), work)
        await note_embedded(fresh, list(vectors), work)
        kept.update(zip((chunk.id for chunk in fresh), vectors, strict=True))
    work.meter.note("chunks_reused", len(kept) - len(fresh))
    work.meter.note("tokens_embedded", sum(chunk.tokens for chunk in fresh))
    work.meter.add("chunks_embedded", len(fresh))
    return [_point(prepared, chunk, kept, work) for prepared, chunk in chunks]


async def _kept_vectors(chunks: Sequence[tuple[Prepared, Chunk]], work: Work) -> dict[str, Vector]:
    """The vectors of those chunks that the index already holds, made by the same model."""
    ids = [
        chunk.id
        for prepared, chunk in chunks
        if prepared.known is not None
        and chunk.searchable
        and same_vectors(prepared.known.prints.settings, prepared.document.settings_hash)
    ]
    found: dict[str, Vector] = {}
    for index in (work.replaces, work.base.index):
        points = await work.store.get(index, ids) if ids and index is not None else ()
        found.update({point.chunk.id: point.vector for point in points if point.vector is not None})
    return found


def _point(prepared: Prepared, chunk: Chunk, vectors: Mapping[str, Vector], work: Work) -> Point:
    own = prepared.metadata.get(chunk.id)
    return Point(
        chunk=chunk,
        vector=vectors[chunk.id] if chunk.searchable else None,
        uri=prepared.document.uri,
        data_source_id=work.source.id,
        metadata={**prepared.document.metadata, **own} if own else prepared.document.metadata,
    )


def _refused(prepared: Prepared, error: OutcropError) -> Prepared:
    document = replace(
        prepared.document,
        status="FAILED",
        reason=f"The embedding model refused its text: {error.message}",
        reason_code="crashed",
        chunks=0,
        chunks_hash="",
        coverage=None,
    )
    return replace(prepared, document=document, outcome="failed")
