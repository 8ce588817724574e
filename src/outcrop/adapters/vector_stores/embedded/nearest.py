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

# All of an index with up to `_EVERY` vectors are compared by their 8-bit form. Of n in a larger one the 3 √n with the
# nearest codes are, and then those, `_MOST` times as many at most, whose codes leave it possible that they are as near
# as the best of the first: cosines lie around a line through the distances of the codes, `_SIGMAS` deviations at most.
_ROOTS = 3
_EVERY = 20_000
_MOST = 5
_SIGMAS = 4.5
_BLOCK = 16_384  # codes that are compared at a time: they fit the processor's own cache
_ROWS = 2048  # 8-bit vectors, as above


def budget(count: int) -> float:
    """Which share of the vectors of an index is compared by their 8-bit form in any case."""
    return min(_ROOTS * isqrt(count) / count, 1) if count > _EVERY else 1


def nearest(
    segment: Segment, query: Vector, allowed: NDArray[np.bool_] | None, limit: int, share: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Positions of the nearest rows that are allowed, in no order, and their cosines (to within 0.01).

    Those that tie with the last one are given too, up to twice `limit` and 100 more. `share` is what `budget` gives.
    """
    wanted = int(share * len(segment.vectored)) + 2 * limit
    passing = None if allowed is None else allowed[segment.vectored]
    there = len(segment.vectored) if passing is None else np.count_nonzero(passing)
    if not segment.codes.size or there <= 2 * wanted:
        chosen = None if passing is None else np.flatnonzero(passing)
        cosines = _cosines(segment, query, chosen)
    else:
        chosen, cosines = _by_codes(segment, query, passing, limit, wanted)
    best = leading(cosines, limit)
    return segment.vectored[best if chosen is None else chosen[best]].astype(np.int64), cosines[best]


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
    for start in range(0, count, _ROWS):
        part = slice(start, start + _ROWS)
        compared = segment.values[part] if chosen is None else segment.values.take(chosen[part], axis=0)
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


def _by_codes(
    segment: Segment, query: Vector, passing: NDArray[np.bool_] | None, limit: int, wanted: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Which vectors to compare by their 8-bit form, the wanted ones with the nearest codes and more; their cosines."""
    distances = _distances(segment, query)
    if passing is not None:
        distances[~passing] = _FAR
    edge = min(int(np.partition(distances, wanted - 1)[wanted - 1]), int(_FAR) - 1)
    first = np.flatnonzero(distances <= edge)[: 2 * wanted]
    cosines = _cosines(segment, query, first)
    reach = min(_reach(distances[first], cosines, limit), int(_FAR) - 1)
    if reach <= edge:
        return first, cosines
    more = np.flatnonzero((distances > edge) & (distances <= reach))
    if len(more) > _MOST * wanted:
        more = more[np.argpartition(distances[more], _MOST * wanted)[: _MOST * wanted]]
    return np.concatenate([first, more]), np.concatenate([cosines, _cosines(segment, query, more)])


def _reach(distances: NDArray[np.uint16], cosines: NDArray[np.float32], limit: int) -> float:
    """Up to which distance of its code a vector may be as near as the best `limit` of these, by a line through them."""
    apart = distances.astype(np.float32)
    middle, mean = float(apart.mean()), float(cosines.mean())
    apart -= middle
    slope = float(apart @ cosines) / max(float(apart @ apart), 1.0)
    if slope >= 0 or len(cosines) <= limit:
        return float(_FAR)
    beside = float((cosines - mean - slope * apart).std())
    best = float(np.partition(cosines, len(cosines) - limit)[len(cosines) - limit])
    return middle + (best - _SIGMAS * beside - mean) / slope


_FAR = np.uint16(65535)


def _distances(segment: Segment, query: Vector) -> NDArray[np.uint16]:
    """In how many bits the code of each vector differs from the query's."""
    asked = code(query[None, :], segment.mean)
    distances = np.empty(len(segment.codes), dtype=np.uint16)
    for start in range(0, len(distances), _BLOCK):
        part = slice(start, start + _BLOCK)
        distances[part] = np.asarray(
            simsimd.cdist(asked, _fetched(segment.codes[part]), metric="hamming", dtype="bin8")
        )
    return distances


def _fetched(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same codes, brought into the processor's cache: all lines are asked for at once, which halves the time."""
    codes.reshape(-1).view(np.uint64)[::8].max(initial=0)
    return codes
