"""Retrieval metrics with trec_eval's definitions: a run is scored against the judged relevance of its documents.

A run gives each question's documents with their scores; they are ranked by score, and equal scores by document id,
the greater id first, as trec_eval does. Judgements are whole numbers; above 0 is relevant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytrec_eval

Judgements = Mapping[str, Mapping[str, int]]
"""For each question the relevance of each judged document."""

Run = Mapping[str, Mapping[str, float]]
"""For each question the score of each document that was found."""

AGREEMENT = 1e-9


class Disagreement(AssertionError):
    """Our metric and pytrec_eval's give different numbers, so neither can be trusted."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Means over the judged questions; a question without any result counts as 0."""

    ndcg_at_10: float
    recall_at_10: float
    recall_at_100: float
    mrr: float


def ranking(found: Mapping[str, float]) -> list[str]:
    """Documents, best first; equal scores with the greater id first."""
    return sorted(found, key=lambda document: (found[document], document), reverse=True)


def ndcg(ranked: Sequence[str], relevance: Mapping[str, int], depth: int) -> float:
    """Normalised discounted cumulative gain at `depth`: gains are the judgements, discounts log2(rank + 1)."""
    ideal = _gain(sorted((grade for grade in relevance.values() if grade > 0), reverse=True)[:depth])
    return _gain([max(relevance.get(document, 0), 0) for document in ranked[:depth]]) / ideal if ideal else 0.0


def recall(ranked: Sequence[str], relevance: Mapping[str, int], depth: int) -> float:
    """The share of the relevant documents that are among the first `depth`."""
    relevant = {document for document, grade in relevance.items() if grade > 0}
    return len(relevant.intersection(ranked[:depth])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranked: Sequence[str], relevance: Mapping[str, int]) -> float:
    """1 / the rank of the first relevant document, 0 where there is none."""
    return next((1 / rank for rank, document in enumerate(ranked, 1) if relevance.get(document, 0) > 0), 0.0)


def score(run: Run, judgements: Judgements) -> Scores:
    """The metrics of a run, computed here and by pytrec_eval.

    Raises Disagreement where the two differ by more than `AGREEMENT` on any question.
    """
    measures: dict[str, Callable[[Sequence[str], Mapping[str, int]], float]] = {
        "ndcg_cut_10": lambda ranked, relevance: ndcg(ranked, relevance, 10),
        "recall_10": lambda ranked, relevance: recall(ranked, relevance, 10),
        "recall_100": lambda ranked, relevance: recall(ranked, relevance, 100),
        "recip_rank": reciprocal_rank,
    }
    theirs = _pytrec_eval(run, judgements, set(measures))
    means = []
    for name, measure in measures.items():
        ours = {
            question: measure(ranking(run.get(question, {})), relevance) for question, relevance in judgements.items()
        }
        _agree(name, ours, {question: theirs.get(question, {}).get(name, 0.0) for question in judgements})
        means.append(math.fsum(ours.values()) / len(ours))
    return Scores(*means)


def _gain(grades: Sequence[int]) -> float:
    return math.fsum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))


def _pytrec_eval(run: Run, judgements: Judgements, measures: set[str]) -> dict[str, dict[str, float]]:
    relevance = {question: dict(grades) for question, grades in judgements.items()}
    found = {question: {document: float(value) for document, value in run[question].items()} for question in run}
    return dict(pytrec_eval.RelevanceEvaluator(relevance, measures).evaluate(found))


def _agree(name: str, ours: Mapping[str, float], theirs: Mapping[str, float]) -> None:
    for question, value in ours.items():
        if abs(value - theirs[question]) > AGREEMENT:
            raise Disagreement(f"{name} of question {question}: {value!r} here, {theirs[question]!r} by pytrec_eval.")
