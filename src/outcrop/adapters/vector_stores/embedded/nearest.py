"""The nearest vectors of a segment: 1-bit codes are scanned, the best candidates compared by their 8-bit vectors."""

from __future__ import annotations

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.vector_stores.embedded.segments import Segment, code
from outcrop.core.chunks import Vector

# Of n vectors 10 √n, at least 1,500, are compared by their 8-bit form: recall@10 is above 0.99 from 5,000 to 100,000.
_ROOTS = 10
_LEAST = 1500
_ROWS = 512  # 8-bit vectors that are compared at a time, as above
_BLOCK = 32_768  # vectors whose codes are compared at a time, in memory that stays in the processor's cache
_FAR = np.uint16(65535)


def budget(count: int) -> float:
    """Which share of the vectors of an index is compared by their 8-bit form."""
    return min(max(_ROOTS * isqrt(count), _LEAST) / max(count, 1), 1)


def nearest(
    segment: Segment, query: Vector, allowed: NDArray[np.bool_] | None, limit: int, share: float
) -> NDArray[np.int64]:
    """Positions of the nearest rows that are allowed, in no order.

    Those that tie with the last one are given too, up to twice `limit` and 100 more. `share` is what `budget` gives.
    """
    candidates = _candidates(segment, query, allowed, int(share * len(segment.vectored)) + 2 * limit)
    best = leading(_cosines(segment, query, candidates), limit)
    return segment.vectored[best if candidates is None else candidates[best]].astype(np.int64)


def similarities(segment: Segment, query: Vector, positions: NDArray[np.int64]) -> NDArray[np.float32]:
    """The cosine (to within 0.005) of each of these rows; NaN for one without a vector."""
    result = np.full(len(positions), np.nan, dtype=np.float32)
    if len(segment.vectored):
        at = np.minimum(np.searchsorted(segment.vectored, positions), len(segment.vectored) - 1)
        there = segment.vectored[at] == positions
        found = at[there]
        result[there] = _cosines(segment, query, found)
    return result


def _cosines(segment: Segment, query: Vector, chosen: NDArray[np.int64] | None) -> NDArray[np.float32]:
    """The cosine of the chosen vectors, or of all, by their 8-bit form."""
    count = len(segment.vectored) if chosen is None else len(chosen)
    cosines = np.empty(count, dtype=np.float32)
    for start in range(0, count, _ROWS):
        part = slice(start, start + _ROWS) if chosen is None else chosen[start : start + _ROWS]
        # vecdot, as BLAS would start threads, which fight with those that embed.
        np.vecdot(segment.values[part].astype(np.float32), query, out=cosines[start : start + _ROWS])
    return cosines * (segment.scales if chosen is None else segment.scales[chosen])


def leading(scores: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
    """Where the highest scores are, in no order, with those that tie with the last up to twice `limit` and 100."""
    if len(scores) <= limit:
        return np.arange(len(scores))
    edge = np.partition(scores, len(scores) - limit)[len(scores) - limit]
    above = np.flatnonzero(scores > edge)
    return np.concatenate([above, np.flatnonzero(scores == edge)[: 2 * limit + 100 - len(above)]])


def _candidates(
    segment: Segment, query: Vector, allowed: NDArray[np.bool_] | None, wanted: int
) -> NDArray[np.int64] | None:
    """Which vectors to compare by their 8-bit form, about as many as wanted; None for all."""
    passing = None if allowed is None else allowed[segment.vectored]
    if passing is None and (not segment.codes.size or wanted >= len(segment.vectored)):
        return None
    if passing is not None:
        rows = np.flatnonzero(passing)
        if not segment.codes.size or len(rows) <= 2 * wanted:
            return rows
    distances = _distances(segment, query)
    if passing is not None:
        distances[~passing] = _FAR
    edge = np.partition(distances, wanted - 1)[wanted - 1]
    return np.flatnonzero(distances <= min(edge, _FAR - 1))[: 2 * wanted]


def _distances(segment: Segment, query: Vector) -> NDArray[np.uint16]:
    """In how many bits the code of each vector differs from the query's."""
    asked = code(query[None, :], segment.mean)[:, 0]
    distances = np.zeros(segment.codes.shape[1], dtype=np.uint16)
    for start in range(0, len(distances), _BLOCK):
        block = distances[start : start + _BLOCK]
        different = np.empty(len(block), dtype=np.uint64)
        bits = np.empty(len(block), dtype=np.uint8)
        for word, column in zip(asked, segment.codes, strict=True):
            np.bitwise_xor(column[start : start + _BLOCK], word, out=different)
            np.bitwise_count(different, out=bits)
            np.add(block, bits, out=block)
    return distances
