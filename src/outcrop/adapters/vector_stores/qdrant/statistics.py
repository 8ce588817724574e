"""What BM25 needs to know of a collection, asked of Qdrant itself: nothing is counted beside it that could go wrong."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from qdrant_client import QdrantClient, models

from outcrop.adapters.vector_stores.qdrant.points import LENGTH, WORDS, term_index
from outcrop.adapters.vector_stores.words import Collection

_LENGTHS = 100_000  # distinct lengths of texts
_FRESH = 2.0  # seconds that what another process may have changed is believed


@dataclass(slots=True)
class Statistics:
    """The searchable points of one collection; forgotten with each write, and after a while where others write."""

    shared: bool
    collection: Collection | None = None
    having: dict[int, int] = field(default_factory=dict)
    read_at: float = 0.0

    def forget(self) -> None:
        """Ask anew."""
        self.collection = None

    def weighed(self, client: QdrantClient, name: str, terms: Sequence[int]) -> tuple[Collection, dict[int, float]]:
        """The collection, and the weight of each term."""
        if self.collection is None or (self.shared and time.monotonic() > self.read_at + _FRESH):
            self.read_at = time.monotonic()
            self.having = {}
            self.collection = _collection(client, name)
        there = self.collection
        unknown = [term for term in terms if term not in self.having]
        self.having |= _having(client, name, unknown, there.points)
        return there, there.weighed(terms, self.having)


def _collection(client: QdrantClient, name: str) -> Collection:
    """How many points there are, and how long together: from how many there are of each length."""
    found = client.facet(name, LENGTH, limit=_LENGTHS, exact=True)
    lengths = [(int(hit.value), hit.count) for hit in found.hits]
    return Collection(sum(n for _, n in lengths), sum(length * n for length, n in lengths))


def _having(client: QdrantClient, name: str, terms: Sequence[int], points: int) -> dict[int, int]:
    """How many points have each term, from what Qdrant weighs it with: a search for the term alone tells."""
    if not terms:
        return {}
    requests = [
        models.QueryRequest(
            query=models.SparseVector(indices=[term_index(term)], values=[1.0]),
            using=WORDS,
            limit=1,
            with_vector=[WORDS],
        )
        for term in terms
    ]
    answers = client.query_batch_points(name, requests)
    return {term: _count(term, answer.points, points) for term, answer in zip(terms, answers, strict=True)}


def _count(term: int, found: Sequence[models.ScoredPoint], points: int) -> int:
    """The number of points from the score: ln(1 + (N - n + 0.5) / (n + 0.5)) times the number in the best one."""
    if not found or not isinstance(found[0].vector, dict):
        return 0
    words = found[0].vector[WORDS]
    assert isinstance(words, models.SparseVector)  # noqa: S101 # what was asked for
    weight = found[0].score / dict(zip(words.indices, words.values, strict=True))[term_index(term)]
    return min(points, max(1, round((points + 1) / math.exp(weight) - 0.5)))
