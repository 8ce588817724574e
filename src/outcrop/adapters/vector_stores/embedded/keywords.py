"""BM25 over the postings of segments, exactly.

Rare terms are counted for every row that has them. Once the common terms that remain could not lift a new row among
the best, they are looked up only for the rows that still can get there (MaxScore: Turtle and Flood, "Query
evaluation: strategies and optimizations", 1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.vector_stores.embedded.nearest import leading
from outcrop.adapters.vector_stores.embedded.segments import Segment
from outcrop.adapters.vector_stores.scoring import K1, B

GAIN = K1 + 1  # how much more than its weight a term can add
_SMALL = 2000  # postings that are faster counted than avoided


@dataclass(frozen=True, slots=True)
class Asked:
    """The terms of a query in one segment, rarest in the whole index first."""

    weights: NDArray[np.float32]  # (t,) inverse frequency times (K1 + 1)
    begins: NDArray[np.int64]  # (t,) where the postings of each term begin in the segment, and end
    ends: NDArray[np.int64]
    rest: NDArray[np.float32]  # (t + 1,) the most that the terms from here on can add to a row


def occurrences(segment: Segment, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the postings of each term begin and end; the same number twice for a term that is not there."""
    if not len(segment.terms):
        return np.zeros(len(hashes), dtype=np.int64), np.zeros(len(hashes), dtype=np.int64)
    at = np.minimum(np.searchsorted(segment.terms, hashes), len(segment.terms) - 1)
    begins = segment.starts[at]
    return begins, np.where(segment.terms[at] == hashes, segment.starts[at + 1], begins)


def asked(segment: Segment, weights: NDArray[np.float32], begins: NDArray[np.int64], ends: NDArray[np.int64]) -> Asked:
    """The query's terms that are in a segment, in the order in which they are counted."""
    there = np.flatnonzero((ends > begins) & (weights > 0))
    order = there[np.argsort(-weights[there], kind="stable")]
    terms = np.searchsorted(segment.starts, begins[order], side="right") - 1
    peaks = segment.peaks[terms].astype(np.float32)
    most = weights[order] * peaks / (peaks + np.float32(K1 * (1 - B)))
    rest = np.append(np.cumsum(most[::-1])[::-1], 0).astype(np.float32)
    return Asked(weights[order], begins[order], ends[order], rest)


def norms(segment: Segment, average: float) -> NDArray[np.float32]:
    """What the count of a term is weighed against in each row: long rows need more."""
    relative = np.maximum(segment.lengths, 0) / np.float32(average or 1)
    return (np.float32(K1 * (1 - B)) + np.float32(K1 * B) * relative).astype(np.float32)


def best(
    segment: Segment, query: Asked, norm: NDArray[np.float32], allowed: NDArray[np.bool_], limit: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Positions and scores of the highest-scoring allowed rows, in no order, ties with the last included (bounded)."""
    scores = np.zeros(len(segment), dtype=np.float32)
    found: NDArray[np.int64] | None = None
    edge = np.float32(0)
    done = len(query.weights)
    for i in range(len(query.weights)):
        if query.ends[i] - query.begins[i] > _SMALL:
            found = _counted(scores, allowed)
            edge = np.partition(scores[found], len(found) - limit)[len(found) - limit] if len(found) >= limit else edge
            if len(found) >= limit and query.rest[i] < edge:
                done = i
                break
        places, gains = _gains(segment, query, i, norm)
        scores[places] += gains
        found = None
    candidates = _counted(scores, allowed) if found is None else found
    candidates = candidates[scores[candidates] + query.rest[done] >= edge]
    totals = scores[candidates]
    for i in range(done, len(query.weights)):
        totals += _looked_up(segment, query, i, norm, candidates)
    top = leading(totals, limit)
    return candidates[top], totals[top]


def scores_of(
    segment: Segment, query: Asked, norm: NDArray[np.float32], positions: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The score of each of these rows; 0 where it has none of the terms."""
    totals = np.zeros(len(positions), dtype=np.float32)
    for i in range(len(query.weights)):
        totals += _looked_up(segment, query, i, norm, positions)
    return totals


def _counted(scores: NDArray[np.float32], allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    touched = np.flatnonzero(scores)
    found: NDArray[np.int64] = touched[allowed[touched]]
    return found


def _gains(
    segment: Segment, query: Asked, i: int, norm: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """What a term adds to each row that has it."""
    places = segment.places[query.begins[i] : query.ends[i]]
    counts = segment.counts[query.begins[i] : query.ends[i]].astype(np.float32)
    return places, query.weights[i] * counts / (counts + norm[places])


def _looked_up(
    segment: Segment, query: Asked, i: int, norm: NDArray[np.float32], positions: NDArray[np.int64]
) -> NDArray[np.float32]:
    """What a term adds to each of these rows."""
    places = segment.places[query.begins[i] : query.ends[i]]
    at = np.minimum(np.searchsorted(places, positions), len(places) - 1)
    counts = np.where(places[at] == positions, segment.counts[query.begins[i] + at], 0).astype(np.float32)
    return query.weights[i] * counts / (counts + norm[positions])
