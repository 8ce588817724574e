"""A search: candidates from Qdrant's two rankings in one request, scored exactly by us."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from qdrant_client import QdrantClient, models

from outcrop.adapters.vector_stores.qdrant.points import (
    CHUNK,
    DENSE,
    LENGTH,
    RECORD,
    WORDS,
    counts_of,
    point_of,
    term_index,
)
from outcrop.adapters.vector_stores.ranked import Candidate, ranked
from outcrop.adapters.vector_stores.scoring import DECIMALS, depth
from outcrop.adapters.vector_stores.words import Collection, possible
from outcrop.core.chunks import Hit, Point, Search

_SPARE = 24  # candidates beyond the limit: Qdrant orders words nearly as we do, and equal scores as it likes
_MOST = 8192  # candidates of one ranking, where very many have the same score

Found = Mapping[str, models.ScoredPoint]


@dataclass(frozen=True, slots=True)
class Run:
    """One search of one collection."""

    client: QdrantClient
    name: str
    query: Search
    allowed: models.Filter | None
    collection: Collection
    weights: Mapping[int, float]
    ef_search: int | None  # None where nothing is approximate

    def hits(self) -> list[Hit]:
        """The best hits, best first; more candidates are asked for while equal scores go on beyond them."""
        wanted = depth(self.query.limit) if self.query.mode == "hybrid" else self.query.limit + _SPARE
        while True:
            found = self._candidates(wanted)
            every = ranked(replace(self.query, limit=max(len(found), 1)), self._scored(found), possible(self.weights))
            best = every[: self.query.limit]
            if len(found) < wanted or wanted >= _MOST or self._is_clear(every):
                points = self._points([one.name for one, _ in best])
                return [one.hit(points[one.name], score, self.query.mode) for one, score in best]
            wanted = min(4 * wanted, _MOST)

    def _is_clear(self, every: Sequence[tuple[Candidate[str], float]]) -> bool:
        """Whether what was left out scores less than the last hit, as the last candidate does."""
        if self.query.mode == "hybrid" or len(every) <= self.query.limit:
            return True
        return round(every[-1][1], DECIMALS) < round(every[self.query.limit - 1][1], DECIMALS)

    def _candidates(self, wanted: int) -> Found:
        requests = []
        if self.query.mode != "keyword" and self.query.vector is not None:
            requests.append(self._request(self.query.vector.tolist(), DENSE, wanted))
        if self.query.mode != "semantic" and self.weights:
            # Two terms may share 32 bits; Qdrant refuses an index that is there twice.
            indices = sorted({term_index(term) for term in self.weights})
            requests.append(
                self._request(models.SparseVector(indices=indices, values=[1.0] * len(indices)), WORDS, wanted)
            )
        answers = self.client.query_batch_points(self.name, requests) if requests else []
        return {str(point.id): point for answer in answers for point in answer.points}

    def _request(self, query: models.SparseVector | list[float], using: str, wanted: int) -> models.QueryRequest:
        return models.QueryRequest(
            query=query,
            using=using,
            filter=self.allowed,
            limit=wanted,
            params=self._width(wanted) if using == DENSE else None,
            with_vector=[name for name in (DENSE, WORDS) if name != WORDS or self.query.mode != "semantic"],
            with_payload=[LENGTH, CHUNK],
        )

    def _width(self, wanted: int) -> models.SearchParams | None:
        return None if self.ef_search is None else models.SearchParams(hnsw_ef=max(self.ef_search, wanted))

    def _scored(self, found: Found) -> list[Candidate[str]]:
        return [self._candidate(name, point) for name, point in found.items()]

    def _candidate(self, name: str, point: models.ScoredPoint) -> Candidate[str]:
        vectors, payload = point.vector if isinstance(point.vector, dict) else {}, point.payload or {}
        dense, words = vectors.get(DENSE), vectors.get(WORDS)
        similarity = None
        if dense is not None and self.query.vector is not None:
            similarity = float(np.dot(np.array(dense, dtype=np.float32), self.query.vector))
        score = None
        if isinstance(words, models.SparseVector):
            length = int(payload[LENGTH])
            score = self.collection.score(self.weights, counts_of(words, length, list(self.weights)), length)
        return Candidate(name, json.loads(payload[CHUNK]), similarity, score)

    def _points(self, names: Sequence[str]) -> dict[str, Point]:
        if not names:
            return {}
        found = self.client.retrieve(self.name, list(names), with_payload=[RECORD], with_vectors=[DENSE])
        return {str(record.id): point_of(record.payload or {}, record.vector) for record in found}
