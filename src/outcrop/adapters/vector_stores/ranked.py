"""Candidates of both rankings as hits: the one place where stores that fuse by themselves score them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from outcrop.adapters.vector_stores.scoring import DECIMALS, keyword_share
from outcrop.core.chunks import Hit, Point, Search, SearchMode
from outcrop.core.ranking import blended

Name = TypeVar("Name")  # what a store calls its points by


@dataclass(frozen=True, slots=True)
class Candidate(Generic[Name]):
    """A point that may be among the best: the store's name for it, its chunk's id, its cosine and BM25 score."""

    name: Name
    chunk: str
    similarity: float | None
    keyword_score: float | None

    def hit(self, point: Point, score: float, mode: SearchMode) -> Hit:
        """The hit, as the mode of the search has it."""
        words = None if mode == "semantic" else self.keyword_score or None
        return Hit(point=point, score=score, similarity=self.similarity, keyword_score=words)


def ranked(query: Search, found: Sequence[Candidate[Name]], possible: float) -> list[tuple[Candidate[Name], float]]:
    """The best candidates with their scores, best first; equal scores in order of chunk id.

    `possible` is the highest BM25 score that any text could have; of a hybrid search the candidates must hold the best
    one that any allowed point has.
    """
    eligible = [one for one in found if query.mode != "keyword" or one.keyword_score]
    scores = _scores(query, eligible, possible)
    order = sorted(range(len(eligible)), key=lambda i: (-round(scores[i], DECIMALS), eligible[i].chunk))
    return [(eligible[i], scores[i]) for i in order[: query.limit]]


def _scores(query: Search, found: Sequence[Candidate[Name]], possible: float) -> list[float]:
    if query.mode == "semantic":
        return [max(one.similarity or 0.0, 0.0) for one in found]
    if query.mode == "keyword":
        return [float(keyword_share(one.keyword_score or 0.0)) for one in found]
    cosines = np.array([one.similarity or 0.0 for one in found])
    words = np.array([one.keyword_score or 0.0 for one in found])
    best = float(words.max(initial=0.0))
    return [float(score) for score in blended(query.semantic_weight, cosines, words, possible, best)]
