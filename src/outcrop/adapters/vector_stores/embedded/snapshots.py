"""What a search looks at: the segments as of one change of the database, and which of their rows are still there."""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.vector_stores.embedded import keywords
from outcrop.adapters.vector_stores.embedded.rows import State
from outcrop.adapters.vector_stores.embedded.segments import Segment, from_buffer, merge
from outcrop.adapters.vector_stores.scoring import inverse_frequency
from outcrop.core.filters import Filter, to_json

Mask = NDArray[np.bool_]
_MASKS = 32  # filters that are remembered for a snapshot
_TERMS = 4096  # terms whose number of rows is remembered for a snapshot


MAX_SMALL_ROWS = 1024  # rows in segments that are kept in the database and merged by every reader
MAX_SMALL = 64  # such segments
_WORN = 0.25  # share of removed rows


def is_worn(segment: Segment, alive: Mask) -> bool:
    """Whether so many rows were removed that the segment is made anew without them."""
    return len(segment) - int(np.count_nonzero(alive)) > max(_WORN * len(segment), 256)


@dataclass(slots=True)
class Remembered:
    """What a snapshot has worked out, kept for the next search."""

    masks: OrderedDict[str, tuple[Mask, ...]] = field(default_factory=OrderedDict)
    having: dict[int, int] = field(default_factory=dict)
    postings: tuple[keywords.Postings, ...] | None = None
    searched: tuple[Mask, ...] | None = None
    searchable: int | None = None
    whole: tuple[bool, ...] | None = None
    average: float | None = None
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Segments in order of row, with `alive` saying which rows of each were not removed since.

    The last `len(tail)` segments of the database are small; they are searched as one, which is the last here.
    """

    state: State
    files: tuple[tuple[int, str, Segment], ...]  # id and name of each, and the segment
    tail: tuple[int, ...]  # ids of the segments that the last one is merged from
    segments: tuple[Segment, ...]
    alive: tuple[Mask, ...]
    removed: NDArray[np.int64]  # rows, sorted
    remembered: Remembered = field(default_factory=Remembered)

    def is_untidy(self) -> bool:
        """Whether segments should be merged: many small ones, or one with many removed rows."""
        small = len(self.segments[-1]) if self.tail else 0
        return (
            small > MAX_SMALL_ROWS
            or len(self.tail) > MAX_SMALL
            or any(is_worn(segment, alive) for segment, alive in zip(self.segments, self.alive, strict=True))
        )

    def searched(self) -> tuple[Mask, ...]:
        """Which rows of each segment a search may find at all."""
        if self.remembered.searched is None:
            pairs = zip(self.segments, self.alive, strict=True)
            self.remembered.searched = tuple((segment.lengths >= 0) & alive for segment, alive in pairs)
        return self.remembered.searched

    def allowed(self, where: Filter | None, evaluate: Callable[[], tuple[Mask, ...]]) -> tuple[Mask, ...]:
        """Which rows of each segment a search with this filter may find; the latest filters are remembered."""
        if where is None:
            return self.searched()
        kept = self.remembered
        key = json.dumps(to_json(where), default=repr)  # filters that differ in 1 and true are equal to Python
        found = kept.masks.get(key)
        if found is None:
            found = tuple(mask & searched for mask, searched in zip(evaluate(), self.searched(), strict=True))
            with kept.lock:
                kept.masks[key] = found
                while len(kept.masks) > _MASKS:
                    kept.masks.popitem(last=False)
        return found

    def is_whole(self, i: int) -> bool:
        """Whether a search may find every row of a segment."""
        if self.remembered.whole is None:
            self.remembered.whole = tuple(bool(mask.all()) for mask in self.searched())
        return self.remembered.whole[i]

    def vectors(self) -> int:
        """How many vectors the segments hold."""
        return sum(len(segment.vectored) for segment in self.segments)

    def postings(self) -> tuple[keywords.Postings, ...]:
        """The postings of each segment."""
        if self.remembered.postings is None:
            average = self.average()
            self.remembered.postings = tuple(keywords.Postings(segment, average) for segment in self.segments)
        return self.remembered.postings

    def average(self) -> float:
        """The average length of the rows that a search may find."""
        if self.remembered.average is None:
            pairs = zip(self.segments, self.searched(), strict=True)
            total = sum(int(segment.lengths[mask].sum()) for segment, mask in pairs)
            self.remembered.average = total / max(self.searchable(), 1)
        return self.remembered.average

    def searchable(self) -> int:
        """How many rows a search may find."""
        if self.remembered.searchable is None:
            self.remembered.searchable = sum(int(np.count_nonzero(mask)) for mask in self.searched())
        return self.remembered.searchable

    def asked(self, hashes: Sequence[int]) -> tuple[tuple[keywords.Asked, ...], float]:
        """The query's terms for each segment, and the highest score that a row could have."""
        if not hashes:
            return (keywords.NOTHING,) * len(self.segments), 0.0
        wanted = np.array(hashes, dtype=np.uint64)
        spans = [keywords.occurrences(segment, wanted) for segment in self.segments]
        rows = self.searchable()
        found = [self._having(term, i, spans) for i, term in enumerate(hashes)]
        weights = np.array([inverse_frequency(rows, n) for n in found], dtype=np.float32)
        weights *= np.float32(keywords.GAIN)
        asked = (
            keywords.asked(segment, weights, begins, ends, self.average())
            for segment, (begins, ends) in zip(self.segments, spans, strict=True)
        )
        return tuple(asked), float(weights.sum())

    def _having(self, term: int, i: int, spans: list[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> int:
        """How many rows that may be found have a term."""
        known = self.remembered.having.get(term)
        if known is None:
            known = 0
            for segment, alive, (begins, ends) in zip(self.segments, self.alive, spans, strict=True):
                places = segment.places[begins[i] : ends[i]]
                known += len(places) if not len(self.removed) else int(np.count_nonzero(alive[places]))
            if len(self.remembered.having) < _TERMS:
                self.remembered.having[term] = known
        return known


def load(
    connection: sqlite3.Connection, state: State, before: Snapshot | None, open_file: Callable[[str], Segment]
) -> Snapshot:
    """The snapshot of this state, made from the one before where only small things changed."""
    known = {name: segment for _, name, segment in before.files} if before else {}
    listed = connection.execute("SELECT segment, file FROM segments ORDER BY segment").fetchall()
    files = tuple((number, name, known.get(name) or open_file(name)) for number, name in listed if name)
    small = tuple(number for number, name in listed if not name)
    same = before if before and before.state.epoch == state.epoch else None
    gone = _removed(connection, same)
    segments = (*(segment for *_, segment in files), *_tail(connection, small, same))
    alive = tuple(_alive(segment, gone) for segment in segments)
    return Snapshot(state, files, small, segments, alive, gone)


def _removed(connection: sqlite3.Connection, before: Snapshot | None) -> NDArray[np.int64]:
    since = before.state.sequence if before else -1
    found = connection.execute("SELECT rows FROM removed WHERE sequence > ?", (since,)).fetchall()
    parts = [np.frombuffer(data, dtype="<i8") for (data,) in found]
    return np.unique(np.concatenate([*([before.removed] if before else []), *parts, np.empty(0, dtype=np.int64)]))


def _tail(connection: sqlite3.Connection, small: tuple[int, ...], before: Snapshot | None) -> tuple[Segment, ...]:
    """The small segments as one."""
    if not small:
        return ()
    kept = before.segments[-1:] if before and before.tail and small[: len(before.tail)] == before.tail else ()
    new = small[len(before.tail) :] if before and kept else small
    parts = [*kept]
    for number in new:
        (data,) = connection.execute("SELECT data FROM segments WHERE segment = ?", (number,)).fetchone()
        parts.append(from_buffer(data, f"Segment {number} in the database"))
    return (parts[0],) if len(parts) == 1 else (merge(parts, [np.ones(len(p), dtype=np.bool_) for p in parts]),)


def _alive(segment: Segment, removed: NDArray[np.int64]) -> Mask:
    alive = np.ones(len(segment), dtype=np.bool_)
    if len(segment) and len(removed):
        here = removed[(removed >= segment.rows[0]) & (removed <= segment.rows[-1])]
        at = np.minimum(np.searchsorted(segment.rows, here), len(segment) - 1)
        alive[at[segment.rows[at] == here]] = False
    return alive
