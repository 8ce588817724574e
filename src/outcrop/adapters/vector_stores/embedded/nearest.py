"""The nearest vectors of a segment: 1-bit codes are scanned, the best candidates compared by their 8-bit vectors.

The kernels are SimSIMD's (https://github.com/ashvardanian/SimSIMD), which use what the processor has (VNNI, population
count) and let other threads run meanwhile.
"""

from __future__ import annotations

from math import isqrt

import numpy as np
import simsimd
from numpy.typing import NDArray

from outcrop.adapters.vector_stores.embedded.segments import Segment, code, quantised
from outcrop.core.chunks import Vector

# Of n vectors 15 √n are compared by their 8-bit form, and all of an index with fewer than `_EVERY`.
_ROOTS = 15
_EVERY = 20_000
_BLOCK = 16_384  # vectors that are compared at a time


def budget(count: int) -> float:
    """Which share of the vectors of an index is compared by their 8-bit form."""
    return min(_ROOTS * isqrt(count) / count, 1) if count > _EVERY else 1


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
    """The cosine (to within 0.01) of each of these rows; NaN for one without a vector."""
    result = np.full(len(positions), np.nan, dtype=np.float32)
    if len(segment.vectored):
        at = np.minimum(np.searchsorted(segment.vectored, positions), len(segment.vectored) - 1)
        there = segment.vectored[at] == positions
        found = at[there]
        result[there] = _cosines(segment, query, found)
    return result


def _cosines(segment: Segment, query: Vector, chosen: NDArray[np.int64] | None) -> NDArray[np.float32]:
    """The cosine of the chosen vectors, or of all, by their 8-bit form."""
    values, scales = quantised(query[None, :])
    count = len(segment.vectored) if chosen is None else len(chosen)
    dots = np.empty(count, dtype=np.float32)
    for start in range(0, count, _BLOCK):
        part = slice(start, start + _BLOCK)
        compared = segment.values[part if chosen is None else chosen[part]]
        dots[part] = np.asarray(simsimd.cdist(values, compared, metric="dot"))
    dots *= scales[0] * (segment.scales if chosen is None else segment.scales[chosen])
    return dots


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
    few = not segment.codes.size or wanted >= len(segment.vectored)
    if passing is not None:
        rows = np.flatnonzero(passing)
        if few or len(rows) <= 2 * wanted:
            return rows
    elif few:
        return None
    distances = _distances(segment, query)
    if passing is not None:
        distances[~passing] = _FAR
    edge = np.partition(distances, wanted - 1)[wanted - 1]
    return np.flatnonzero(distances <= min(edge, _FAR - 1))[: 2 * wanted]


_FAR = np.uint16(65535)


def _distances(segment: Segment, query: Vector) -> NDArray[np.uint16]:
    """In how many bits the code of each vector differs from the query's."""
    asked = code(query[None, :], segment.mean)
    distances = np.empty(len(segment.codes), dtype=np.uint16)
    for start in range(0, len(distances), _BLOCK):
        part = slice(start, start + _BLOCK)
        distances[part] = np.asarray(simsimd.cdist(asked, segment.codes[part], metric="hamming", dtype="bin8"))
    return distances
