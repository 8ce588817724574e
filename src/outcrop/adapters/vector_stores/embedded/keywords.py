"""BM25 over the postings of segments, exactly.

Rare terms are counted for every row that has them. Once the common terms that remain could not lift a new row among
the best, they are looked up only for the rows that still can get there (MaxScore: Turtle and Flood, "Query
evaluation: strategies and optimizations", 1995).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.vector_stores.embedded.nearest import leading
from outcrop.adapters.vector_stores.embedded.segments import Segment, gains, norms
from outcrop.adapters.vector_stores.scoring import K1

GAIN = K1 + 1  # how much more than its weight a term can add
_ROUNDING = np.float32(1 - 1e-5)  # sums are made in different orders
_TABLE_BYTES = 32 << 20  # for each segment of a snapshot
_FEW = 16  # one row in so many may be found: then those are looked up, instead of counting for all
_NOWHERE = np.empty(0, dtype=np.int64)
_SHORT = 2000  # postings of a term that are counted before it is worth asking whether to go on


class Postings:
    """The postings of one segment with the norms of one snapshot.

    For terms that many rows have, the gain of every row is kept as one table, which is faster than postings.
    """

    def __init__(self, segment: Segment, average: float) -> None:
        self.segment = segment
        self.norm = norms(segment.lengths, average)
        self._tables: OrderedDict[int, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def table(self, begin: int, end: int) -> NDArray[np.float32] | None:
        """The gain of each row by the term with these postings, shape (n,); None for a term that few rows have."""
        if end - begin <= max(_SHORT, len(self.segment) // 16):
            return None
        with self._lock:
            found = self._tables.get(begin)
            if found is None:
                places = self.segment.places[begin:end]
                found = np.zeros(len(self.segment), dtype=np.float32)
                found[places] = gains(self.segment.counts[begin:end], self.norm[places])
                self._tables[begin] = found
                while len(self._tables) * found.nbytes > _TABLE_BYTES:
                    self._tables.popitem(last=False)
            else:
                self._tables.move_to_end(begin)
            return found

    def of(self, begin: int, end: int, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """The gain of each of these rows by the term with these postings."""
        table = self.table(begin, end)
        if table is not None:
            return table[positions]
        places = self.segment.places[begin:end]
        at = np.searchsorted(places, positions.astype(np.int32))
        np.minimum(at, len(places) - 1, out=at)
        counts = self.segment.counts[begin:end][at] * (places[at] == positions)
        return gains(counts, self.norm[positions])


@dataclass(frozen=True, slots=True)
class Asked:
    """The terms of a query in one segment, rarest in the whole index first."""

    weights: NDArray[np.float32]  # (t,) inverse frequency times (K1 + 1)
    begins: NDArray[np.int64]  # (t,) where the postings of each term begin in the segment, and end
    ends: NDArray[np.int64]
    rest: NDArray[np.float32]  # (t + 1,) the most that the terms from here on can add to a row


_NO_POSTINGS = np.empty(0, dtype=np.int64)
NOTHING = Asked(np.empty(0, dtype=np.float32), _NO_POSTINGS, _NO_POSTINGS, np.zeros(1, dtype=np.float32))


def occurrences(segment: Segment, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the postings of each term begin and end; the same number twice for a term that is not there."""
    if not len(segment.terms):
        return np.zeros(len(hashes), dtype=np.int64), np.zeros(len(hashes), dtype=np.int64)
    at = np.minimum(np.searchsorted(segment.terms, hashes), len(segment.terms) - 1)
    begins = segment.starts[at]
    return begins, np.where(segment.terms[at] == hashes, segment.starts[at + 1], begins)


def asked(
    segment: Segment,
    weights: NDArray[np.float32],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    average: float,
) -> Asked:
    """The query's terms that are in a segment, rarest first; `average` is the length of rows in the whole index."""
    there = np.flatnonzero((ends > begins) & (weights > 0))
    order = there[np.argsort(-weights[there], kind="stable")]
    terms = np.searchsorted(segment.starts, begins[order], side="right") - 1
    shorter = min(1.0, float(segment.average[0]) / average) if average else 1.0  # in longer company rows gain more
    most = weights[order] * np.minimum(segment.peaks[terms] / np.float32(shorter or 1), 1)
    rest = np.append(np.cumsum(most[::-1])[::-1], 0).astype(np.float32)
    return Asked(weights[order], begins[order], ends[order], rest)


@dataclass(frozen=True, slots=True)
class Found:
    """The best rows of a segment, and what was worked out on the way to them."""

    places: NDArray[np.int64]  # positions of the best rows, in no order
    sums: NDArray[np.float32]  # (n,) for each row what the first `done` terms add up to
    done: int
    edge: np.float32  # the score that the last of the best has


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many rows, which (None for all), and the score that so many rows of other segments have already."""

    limit: int
    floor: np.float32
    allowed: NDArray[np.bool_] | None


def best(postings: Postings, query: Asked, wanted: Wanted) -> Found:
    """The highest-scoring allowed rows, with some that tie with the last one; none that score below the floor."""
    if wanted.allowed is not None and np.count_nonzero(wanted.allowed) * _FEW < len(wanted.allowed):
        return _best_of_few(postings, query, wanted, np.flatnonzero(wanted.allowed))
    sizes = query.ends - query.begins
    done = int(np.argmax(sizes > _SHORT)) if (sizes > _SHORT).any() else len(sizes)
    sums = _counted_together(postings, query, done)
    edge = _edge(sums, wanted, wanted.floor)
    while done < len(sizes) and query.rest[done] >= edge:
        _count(postings, query, done, sums)
        done += 1
        if done == len(sizes) or sizes[done] > _SHORT:
            edge = _edge(sums, wanted, edge)
    hopeful = sums > max(edge - query.rest[done], 0)
    places = np.flatnonzero(hopeful if wanted.allowed is None else hopeful & wanted.allowed)
    totals = sums[places]
    for i in range(done, len(sizes)):
        stay = totals + query.rest[i] >= edge
        places, totals = places[stay], totals[stay]
        totals += query.weights[i] * postings.of(int(query.begins[i]), int(query.ends[i]), places)
    return _leaders(places, totals, Found(_NOWHERE, sums, done, edge), wanted)


def _best_of_few(postings: Postings, query: Asked, wanted: Wanted, places: NDArray[np.int64]) -> Found:
    """The same where few rows are allowed, so that it is quicker to look those up."""
    totals = scores_of(postings, query, places)
    there = totals > 0
    nothing = Found(_NOWHERE, np.zeros(len(postings.segment), dtype=np.float32), 0, wanted.floor)
    return _leaders(places[there], totals[there], nothing, wanted)


def _leaders(places: NDArray[np.int64], totals: NDArray[np.float32], found: Found, wanted: Wanted) -> Found:
    top = leading(totals, wanted.limit)
    reached = totals[top].min() if len(top) >= wanted.limit else wanted.floor
    return replace(found, places=places[top], edge=max(np.float32(reached * _ROUNDING), wanted.floor))


def scores_of(
    postings: Postings, query: Asked, positions: NDArray[np.int64], found: Found | None = None
) -> NDArray[np.float32]:
    """The score of each of these rows; 0 where it has none of the terms."""
    totals = np.zeros(len(positions), dtype=np.float32) if found is None else found.sums[positions]
    for i in range(0 if found is None else found.done, len(query.weights)):
        totals += query.weights[i] * postings.of(int(query.begins[i]), int(query.ends[i]), positions)
    return totals


def _edge(sums: NDArray[np.float32], wanted: Wanted, before: np.float32) -> np.float32:
    """What a row needs to be among the best, as far as is known: `before` or more, as sums only grow."""
    above = sums > before
    if wanted.allowed is not None:
        above &= wanted.allowed
    own = sums[above]
    if len(own) < wanted.limit:
        return before
    reached = np.partition(own, len(own) - wanted.limit)[len(own) - wanted.limit]
    return max(np.float32(reached * _ROUNDING), before)


def _counted_together(postings: Postings, query: Asked, upto: int) -> NDArray[np.float32]:
    """For each row what the first terms, which are rare, add up to."""
    segment = postings.segment
    begins, sizes = query.begins[:upto], (query.ends - query.begins)[:upto]
    at = np.repeat(begins - np.cumsum(sizes) + sizes, sizes) + np.arange(int(sizes.sum()))
    places = segment.places[at]
    added = np.repeat(query.weights[:upto], sizes) * gains(segment.counts[at], postings.norm[places])
    return np.bincount(places, weights=added, minlength=len(segment)).astype(np.float32)


def _count(postings: Postings, query: Asked, i: int, sums: NDArray[np.float32]) -> None:
    """Add to the sum of each row what a term adds."""
    begin, end = int(query.begins[i]), int(query.ends[i])
    table = postings.table(begin, end)
    if table is not None:
        sums += query.weights[i] * table
    else:
        places = postings.segment.places[begin:end]
        sums[places] += query.weights[i] * gains(postings.segment.counts[begin:end], postings.norm[places])
