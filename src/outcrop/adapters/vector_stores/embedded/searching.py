"""A search within one transaction: candidates from the segments, exact scores from the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.vector_stores.analysis import query_terms
from outcrop.adapters.vector_stores.embedded import keywords, nearest, rows
from outcrop.adapters.vector_stores.embedded.filtering import Mask
from outcrop.adapters.vector_stores.embedded.segments import Segment, term_hash
from outcrop.adapters.vector_stores.embedded.snapshots import Snapshot
from outcrop.adapters.vector_stores.scoring import DECIMALS, depth, keyword_share
from outcrop.core.chunks import Hit, Search
from outcrop.core.ranking import blended

_SPARE = 4  # candidates beyond the limit whose cosine is computed exactly, as the 8-bit vectors order them roughly

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows with their scores; NaN for a cosine that there is not, 0 for a keyword score."""

    rows: Ids
    cosines: Scores
    words: Scores

    def of(self, chosen: Ids) -> Candidates:
        """Some of them."""
        return Candidates(self.rows[chosen], self.cosines[chosen], self.words[chosen])


@dataclass(frozen=True, slots=True)
class Run:
    """One search on one snapshot, with the rows of each segment that it may find."""

    query: Search
    snapshot: Snapshot
    masks: tuple[Mask, ...]
    asked: tuple[keywords.Asked, ...]
    possible: float  # the highest keyword score that a row could have

    def candidates(self) -> tuple[Candidates, float]:
        """The rows that may be among the best, and the best keyword score."""
        floor = np.float32(0)
        parts = []
        for i in range(len(self.masks)):
            part, floor = self._in_segment(i, floor)
            parts.append(part)
        every = Candidates(*(np.concatenate([getattr(part, name) for part in [_NONE, *parts]]) for name in _COLUMNS))
        return every, float(every.words.max(initial=0))

    def _in_segment(self, i: int, floor: np.float32) -> tuple[Candidates, np.float32]:
        """The candidates of a segment, and the keyword score that rows of later segments must reach."""
        segment = self.snapshot.segments[i]
        if self.query.mode == "semantic":
            places, cosines = self._near(i)
            return Candidates(segment.rows[places], cosines, np.zeros(len(places), dtype=np.float32)), floor
        postings, asked = self.snapshot.postings()[i], self.asked[i]
        worded = keywords.best(postings, asked, keywords.Wanted(self._depth(), floor, self._allowed(i)))
        near = _NONE.rows if self.query.mode == "keyword" else self._near(i)[0]
        places = np.unique(np.concatenate([near, worded.places]))
        words = keywords.scores_of(postings, asked, places, worded)
        return Candidates(segment.rows[places], self._cosines(segment, places), words), worded.edge

    def _cosines(self, segment: Segment, places: Ids) -> Scores:
        if self.query.vector is None:
            return np.full(len(places), np.nan, dtype=np.float32)
        return nearest.similarities(segment, self.query.vector, places)

    def _near(self, i: int) -> tuple[Ids, Scores]:
        assert self.query.vector is not None  # noqa: S101 # Search refuses a mode without its vector
        share = nearest.budget(self.snapshot.vectors())
        return nearest.nearest(self.snapshot.segments[i], self.query.vector, self._allowed(i), self._depth(), share)

    def _allowed(self, i: int) -> Mask | None:
        """Which rows of a segment may be found, None for all that are searched at all."""
        return None if self.query.where is None and self.snapshot.is_whole(i) else self.masks[i]

    def _depth(self) -> int:
        return depth(self.query.limit) if self.query.mode == "hybrid" else self.query.limit + _SPARE

    def scores(self, found: Candidates, best: float) -> Scores:
        """The score of each candidate in the mode of the query, rounded so that equal chunks are equal."""
        if self.query.mode == "semantic":
            scores = np.maximum(found.cosines, 0)
        elif self.query.mode == "keyword":
            scores = keyword_share(found.words)
        else:
            scores = blended(self.query.semantic_weight, np.nan_to_num(found.cosines), found.words, self.possible, best)
        return np.round(scores, DECIMALS).astype(np.float32)


_COLUMNS = ("rows", "cosines", "words")
_NONE = Candidates(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32))


def search(connection: sqlite3.Connection, snapshot: Snapshot, query: Search, masks: tuple[Mask, ...]) -> list[Hit]:
    """The best hits, best first; equal scores in order of chunk id."""
    hashes = [] if query.mode == "semantic" else [term_hash(term) for term in query_terms(query.text)]
    run = Run(query, snapshot, masks, *snapshot.asked(hashes))
    found, best = run.candidates()
    found = found.of(nearest.leading(run.scores(found, best), query.limit + _SPARE))
    stored = rows.stored(connection, found.rows.tolist())
    close = _exact(found, stored, query)
    scores = run.scores(close, best)
    order = _ordered(close.rows, scores, stored)[: query.limit]
    points = rows.read(connection, stored, close.rows[order].tolist())
    return [
        Hit(
            point=points[int(close.rows[i])],
            score=float(scores[i]),
            similarity=None if np.isnan(close.cosines[i]) else float(close.cosines[i]),
            keyword_score=float(close.words[i]) or None,
        )
        for i in order
    ]


def _exact(found: Candidates, stored: Mapping[int, rows.Stored], query: Search) -> Candidates:
    """The same with exact cosines."""
    if query.vector is None or not len(found.rows):
        return found
    vectors = [stored[row].vector for row in found.rows.tolist()]
    there = [i for i, vector in enumerate(vectors) if vector is not None]
    cosines = np.full(len(found.rows), np.nan, dtype=np.float32)
    data = b"".join(vector for vector in vectors if vector is not None)
    cosines[there] = np.frombuffer(data, dtype="<f4").reshape(len(there), -1) @ query.vector
    return Candidates(found.rows, cosines, found.words)


def _ordered(found: Ids, scores: Scores, stored: Mapping[int, rows.Stored]) -> list[int]:
    """Where the candidates are, best first; equal scores in order of chunk id."""
    return sorted(range(len(found)), key=lambda i: (-scores[i], stored[int(found[i])].chunk))
