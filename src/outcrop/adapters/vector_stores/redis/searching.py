"""A search: candidates by meaning and by words, exact scores of all, the best as hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.vector_stores.narrowing import Condition, narrowed
from outcrop.adapters.vector_stores.ranked import Candidate, ranked
from outcrop.adapters.vector_stores.redis.layout import Numbers, Record
from outcrop.adapters.vector_stores.redis.nearest import Dialect
from outcrop.adapters.vector_stores.redis.reading import Filed, Reader
from outcrop.adapters.vector_stores.scoring import DECIMALS, K1, B, depth
from outcrop.adapters.vector_stores.words import asked, possible
from outcrop.core.chunks import Hit, Search, Vector
from outcrop.core.filters import matches

FEW = 2000  # points that a filter lets through: to look at each is quicker than to follow a graph that ends elsewhere
_SPARE = 32  # candidates beyond those wanted, as a graph of 8-bit numbers orders them roughly
_SAME = 1e-6  # cosines that a server gives for equal vectors differ by less


@dataclass(slots=True)
class Run:
    """One search of one index."""

    reader: Reader
    dialect: Dialect
    query: Search
    seen: dict[int, Record] = field(default_factory=dict)

    async def hits(self) -> list[Hit]:
        """The best hits, best first."""
        condition = narrowed(self.query.where)
        allowed = await self.reader.allowed(condition)
        terms = [] if self.query.mode == "semantic" else asked(self.query.text)
        filed = await self.reader.filed(terms) if terms else None
        scores = _scores(filed) if filed else {}
        names = await self._worded(scores, allowed)
        if self.query.mode != "keyword" and self.query.vector is not None:
            names |= await self._near(self.query.vector, condition, allowed)
        found = [self._candidate(name, scores) for name in sorted(names)]
        best = ranked(self.query, found, possible(filed.weights if filed else {}))
        return [one.hit(self.seen[one.name].point, score, self.query.mode) for one, score in best]

    @property
    def _depth(self) -> int:
        return depth(self.query.limit) if self.query.mode == "hybrid" else self.query.limit

    def _candidate(self, name: int, scores: Mapping[int, float]) -> Candidate[int]:
        record, query = self.seen[name], self.query.vector
        cosine = None if query is None or record.vector is None else float(np.dot(record.vector, query))
        return Candidate(name, record.id, cosine, scores.get(name))

    async def _worded(self, scores: Mapping[int, float], allowed: Numbers | None) -> set[int]:
        """The allowed points with the best scores: as many as are looked for, and all that equal the last."""
        names = np.fromiter(scores, dtype=np.int64, count=len(scores))
        values = np.round(np.fromiter(scores.values(), dtype=np.float64, count=len(scores)), DECIMALS)
        if allowed is not None:
            inside = np.isin(names, allowed)
            names, values = names[inside], values[inside]
        order = np.argsort(-values, kind="stable")
        chosen: list[int] = []
        start, size = 0, self._depth + _SPARE
        while start < len(order) and (len(chosen) < self._depth or values[order[start]] >= scores[chosen[-1]] - _SAME):
            chosen += await self._accepted(names[order[start : start + size]].tolist())
            start, size = start + size, min(size * 2, 2000)
        return set(chosen)

    async def _near(self, vector: Vector, condition: Condition | None, allowed: Numbers | None) -> set[int]:
        """The nearest allowed points: as many as are looked for, and all that are as near as the last."""
        if allowed is not None and len(allowed) <= FEW:
            alive = await self.reader.alive(allowed)
            return {name for name in await self._accepted(alive.tolist()) if self.seen[name].point.chunk.searchable}
        count, most = self._depth * 2 + _SPARE, self.reader.index.searchable
        while True:
            found = await self.dialect.find(self.reader.client, self.reader.index, vector, count, condition)
            names = await self._accepted([name for name, _ in found])
            rough = dict(found)
            full = len(names) >= self._depth and rough[names[self._depth - 1]] - found[-1][1] > _SAME
            if full or len(found) < count or count >= most:
                return set(names)
            count = min(count * 4, most)

    async def _accepted(self, names: Sequence[int]) -> list[int]:
        """Those that are there and satisfy the filter, read and in order."""
        self.seen |= await self.reader.records([name for name in names if name not in self.seen])
        there = [name for name in names if name in self.seen]
        if self.query.where is None:
            return there
        return [name for name in there if matches(self.query.where, self.seen[name].point.fields())]


def _scores(filed: Filed) -> dict[int, float]:
    """The score of BM25 of every point that has a term of the query."""
    if not filed.postings:
        return {}
    numbers = np.concatenate([some["number"] for some in filed.postings.values()])
    average = filed.collection.average
    parts = [_parts(filed.weights[term], some, average) for term, some in filed.postings.items()]
    names, places = np.unique(numbers, return_inverse=True)
    totals = np.bincount(places, np.concatenate(parts), minlength=len(names))
    return dict(zip(names.tolist(), totals.tolist(), strict=True))


def _parts(weight: float, postings: NDArray[np.void], average: float) -> NDArray[np.float64]:
    """What a term adds to the score of each point that has it."""
    counts = postings["count"].astype(np.float64)
    norm = K1 * (1 - B + B * postings["length"] / average)
    parts: NDArray[np.float64] = weight * counts * (K1 + 1) / (counts + norm)
    return parts
