"""What stands around a hit in its document."""

from __future__ import annotations

from dataclasses import replace

from outcrop.core.chunks import DOCUMENT_ID, Chunk, Hit, Point
from outcrop.core.filters import Filter, all_of, equals
from outcrop.core.protocols import Adapters
from outcrop.core.records import KnowledgeBase

WHOLE = 8  # chunks: a document of no more is read whole
EITHER_SIDE = 2  # chunks that are read of a longer one
FADING = 0.7  # of a hit's score is left for each chunk that another is away from it


async def surroundings(adapters: Adapters, base: KnowledgeBase, hit: Hit, where: Filter | None) -> list[Hit]:
    """The chunks around a hit, without itself, in the order of the document; those that satisfy a filter.

    Parents stand around parents, and chunks that are searched around each other.
    """
    centre = hit.chunk
    store = adapters.vector_store(base.vector_store)
    points: list[Point] = []
    async for batch in store.scan(base.index, all_of(where, equals(DOCUMENT_ID, centre.document_id))):
        points += [point for point in batch if point.chunk.searchable == centre.searchable]
    points.sort(key=lambda point: (point.chunk.start, point.chunk.ordinal))
    places = {point.chunk.id: place for place, point in enumerate(points)}
    at = places.get(centre.id)
    if at is None:  # it went while this was asked
        return []
    reach = len(points) if len(points) <= WHOLE else EITHER_SIDE
    return [
        replace(hit, point=point, score=hit.score * FADING ** abs(place - at), similarity=None, keyword_score=None)
        for place, point in enumerate(points)
        if 0 < abs(place - at) <= reach and _adds(point.chunk, centre)
    ]


def _adds(chunk: Chunk, centre: Chunk) -> bool:
    """Whether a chunk has text of its own beside another one."""
    return chunk.start < centre.start or chunk.end > centre.end
