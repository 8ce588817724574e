"""The reference vector store: everything in memory, searched by looking at every point. Plain, for tests and trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from outcrop.adapters.vector_stores.analysis import document_terms, query_terms
from outcrop.adapters.vector_stores.scoring import (
    DECIMALS,
    K1,
    B,
    inverse_frequency,
    keyword_share,
    valid_index,
    valid_points,
    valid_search,
)
from outcrop.core.chunks import Hit, IndexSpec, Point, Search, Traits
from outcrop.core.errors import Conflict, IndexMissing
from outcrop.core.filters import Filter, matches
from outcrop.core.ranking import blended
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore, NoOptions

_BATCH = 500


@dataclass(slots=True)
class _Index:
    dimensions: int
    points: dict[str, Point] = field(default_factory=dict)


class MemoryVectorStore:
    """Keeps points in dictionaries; nothing outlives the process."""

    traits = Traits(modes=frozenset({"hybrid", "semantic", "keyword"}), transactional=True)

    def __init__(self) -> None:
        self._indexes: dict[str, _Index] = {}

    async def create(self, index: IndexSpec) -> None:
        """Make an empty index; one with the same dimensions stays as it is, else Conflict."""
        valid_index(index)
        kept = self._indexes.setdefault(index.name, _Index(index.dimensions))
        if kept.dimensions != index.dimensions:
            raise Conflict(f"The index {index.name} holds vectors of {kept.dimensions} dimensions.")

    async def drop(self, index: str) -> None:
        """Remove an index."""
        self._indexes.pop(index, None)

    async def upsert(self, index: str, points: Sequence[Point], *, sweep: Collection[str] = ()) -> None:
        """Put points by chunk id, and remove the other points of the documents in `sweep`."""
        kept = self._index(index)
        valid_points(points, kept.dimensions)
        new = {point.chunk.id: point for point in points}
        swept = set(sweep)
        stay = {
            name: point
            for name, point in kept.points.items()
            if name not in new and point.chunk.document_id not in swept
        }
        kept.points = stay | new

    async def delete(self, index: str, where: Filter) -> int:
        """Remove the points that satisfy a filter; how many there were."""
        kept = self._index(index)
        stay = {name: point for name, point in kept.points.items() if not matches(where, point.fields())}
        removed = len(kept.points) - len(stay)
        kept.points = stay
        return removed

    async def search(self, index: str, query: Search) -> Sequence[Hit]:
        """The best hits, best first; equal scores in order of chunk id."""
        kept = self._index(index)
        valid_search(query, kept.dimensions)
        searchable = [point for point in kept.points.values() if point.chunk.searchable]
        allowed = {point.chunk.id for point in searchable if matches(query.where, point.fields())}
        similarity = _similarities(query, searchable)
        words, possible = _keyword_scores(query.text, searchable)
        scores = _scores(query, _only(similarity, allowed), _only(words, allowed), possible)
        best = sorted(scores.items(), key=lambda pair: (-round(pair[1], DECIMALS), pair[0]))[: query.limit]
        return [
            Hit(
                point=kept.points[name],
                score=score,
                similarity=similarity.get(name),
                keyword_score=None if query.mode == "semantic" else words.get(name),
            )
            for name, score in best
        ]

    async def get(self, index: str, chunk_ids: Sequence[str]) -> Sequence[Point]:
        """The points with these ids that exist, in the order asked."""
        points = self._index(index).points
        return [points[name] for name in chunk_ids if name in points]

    async def scan(self, index: str, where: Filter | None = None) -> AsyncIterator[Sequence[Point]]:
        """Every point that satisfies the filter, in batches."""
        found = [point for point in self._index(index).points.values() if matches(where, point.fields())]
        for start in range(0, len(found), _BATCH):
            yield found[start : start + _BATCH]

    async def count(self, index: str) -> int:
        """The number of points, parents included."""
        return len(self._index(index).points)

    async def close(self) -> None:
        """Forget everything."""
        self._indexes.clear()

    def _index(self, name: str) -> _Index:
        kept = self._indexes.get(name)
        if kept is None:
            raise IndexMissing(f"There is no vector index called {name!r}. Run a sync of the data source to build it.")
        return kept


def _similarities(query: Search, points: Iterable[Point]) -> dict[str, float]:
    """The cosine of each point that has a vector with the query's."""
    if query.vector is None:
        return {}
    return {point.chunk.id: float(np.dot(point.vector, query.vector)) for point in points if point.vector is not None}


def _keyword_scores(text: str, points: Sequence[Point]) -> tuple[dict[str, float], float]:
    """The BM25 score of each point that has a term of the text, and the highest possible one.

    All searchable points are the collection.
    """
    terms = {point.chunk.id: Counter(document_terms(point.chunk.embedded_text())) for point in points}
    average = sum(counts.total() for counts in terms.values()) / max(len(terms), 1)
    having = Counter(term for counts in terms.values() for term in counts)
    weights = {term: inverse_frequency(len(terms), having[term]) for term in query_terms(text)}
    scores: dict[str, float] = {}
    for name, counts in terms.items():
        norm = K1 * (1 - B + B * counts.total() / (average or 1))
        score = sum(weight * counts[term] * (K1 + 1) / (counts[term] + norm) for term, weight in weights.items())
        if score > 0:
            scores[name] = score
    return scores, (K1 + 1) * sum(weights.values())


def _only(scores: Mapping[str, float], allowed: Collection[str]) -> dict[str, float]:
    return {name: score for name, score in scores.items() if name in allowed}


def _scores(
    query: Search, similarity: Mapping[str, float], words: Mapping[str, float], possible: float
) -> dict[str, float]:
    """The score of each candidate in the mode of the query."""
    if query.mode == "semantic":
        return {name: max(score, 0.0) for name, score in similarity.items()}
    if query.mode == "keyword":
        return {name: keyword_share(score) for name, score in words.items()}
    names = sorted(set(similarity) | set(words))
    cosines = np.array([similarity.get(name, 0.0) for name in names])
    keywords = np.array([words.get(name, 0.0) for name in names])
    blend = blended(query.semantic_weight, cosines, keywords, possible, max(words.values(), default=0.0))
    return dict(zip(names, blend.tolist(), strict=True))


def open_store(settings: Settings, store: NamedStore) -> MemoryVectorStore:  # noqa: ARG001 # as every store
    """A new, empty store. Raises Invalid: it has no options."""
    store.options(NoOptions)
    return MemoryVectorStore()
