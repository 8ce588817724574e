"""The nearest vectors of a segment: 1-bit codes are scanned, the best candidates compared by their 8-bit vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.vector_stores.embedded.segments import Segment, code
from outcrop.core.chunks import Vector

_SHARE = 25  # one vector in so many is compared by its 8-bit vector
_LEAST = 2000
_MOST = 20_000
_FAR = np.uint16(65535)


def nearest(
    segment: Segment, query: Vector, allowed: NDArray[np.bool_] | None, limit: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Positions and cosines (to within 0.005) of the nearest rows that are allowed, in no order.

    Those that tie with the last one are given too, up to twice `limit` and 100 more.
    """
    candidates = _candidates(segment, query, allowed, limit)
    values = segment.values if candidates is None else segment.values[candidates]
    scales = segment.scales if candidates is None else segment.scales[candidates]
    cosines = (values.astype(np.float32) @ query) * scales
    best = leading(cosines, limit)
    chosen = best if candidates is None else candidates[best]
    return segment.vectored[chosen].astype(np.int64), cosines[best]


def similarities(segment: Segment, query: Vector, positions: NDArray[np.int64]) -> NDArray[np.float32]:
    """The cosine (to within 0.005) of each of these rows; NaN for one without a vector."""
    result = np.full(len(positions), np.nan, dtype=np.float32)
    if len(segment.vectored):
        at = np.minimum(np.searchsorted(segment.vectored, positions), len(segment.vectored) - 1)
        there = segment.vectored[at] == positions
        found = at[there]
        result[there] = (segment.values[found].astype(np.float32) @ query) * segment.scales[found]
    return result


def leading(scores: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
    """Where the highest scores are, in no order, with those that tie with the last up to twice `limit` and 100."""
    if len(scores) <= limit:
        return np.arange(len(scores))
    edge = np.partition(scores, len(scores) - limit)[len(scores) - limit]
    above = np.flatnonzero(scores > edge)
    return np.concatenate([above, np.flatnonzero(scores == edge)[: 2 * limit + 100 - len(above)]])


def _candidates(
    segment: Segment, query: Vector, allowed: NDArray[np.bool_] | None, limit: int
) -> NDArray[np.int64] | None:
    """Which vectors to compare by their 8-bit form; None for all."""
    count = len(segment.vectored)
    passing = None if allowed is None else allowed[segment.vectored]
    wanted = max(_LEAST, min(_MOST, count // _SHARE), 2 * limit)
    if passing is None and not segment.codes.size:
        return None
    if passing is not None:
        rows = np.flatnonzero(passing)
        if not segment.codes.size or len(rows) <= 2 * wanted:
            return rows
    distances = _distances(segment, query)
    if passing is not None:
        distances[~passing] = _FAR
    edge = np.partition(distances, wanted)[wanted]
    return np.flatnonzero(distances <= min(edge, _FAR - 1))[: 2 * wanted]


def _distances(segment: Segment, query: Vector) -> NDArray[np.uint16]:
    """In how many bits the code of each vector differs from the query's."""
    asked = code(query[None, :], segment.mean)[:, 0]
    distances = np.zeros(segment.codes.shape[1], dtype=np.uint16)
    different = np.empty_like(segment.codes[0])
    bits = np.empty(len(distances), dtype=np.uint8)
    for word, column in zip(asked, segment.codes, strict=True):
        np.bitwise_xor(column, word, out=different)
        np.bitwise_count(different, out=bits)
        np.add(distances, bits, out=distances)
    return distances
