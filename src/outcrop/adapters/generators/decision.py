"""Which sentence answers best, and whether it answers at all: two small logistic models over the evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from outcrop.adapters.generators import weights
from outcrop.adapters.generators.evidence import Evidence

VETO = 3.0  # how far a sentence that lacks what is asked for falls behind
VETOES = {
    "without": "the passages name no such thing as is asked for",
    "rival": "the passages speak of another code than the one asked for",
    "unlisted": "the table has no row for what is asked for",
}


@dataclass(frozen=True, slots=True)
class Ranked:
    """Evidence with its score: the log odds that the sentence holds the answer."""

    evidence: Evidence
    score: float

    @property
    def promise(self) -> float:
        """The score that it would have if it lacked nothing that is asked for."""
        return self.score + VETO * any(self.evidence.features[name] for name in VETOES)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How likely the best sentence is an answer, from 0 to 1, and what spoke most against it."""

    probability: float
    against: str
    features: Mapping[str, float]


def ranked(evidence: Sequence[Evidence]) -> list[Ranked]:
    """The evidence, best first."""
    found = [Ranked(one, _score(one.features)) for one in evidence]
    return sorted(found, key=lambda one: (-one.score, one.evidence.sentence.passage, one.evidence.sentence.start))


def _score(features: Mapping[str, float]) -> float:
    score = weights.SENTENCE_BIAS + sum(weight * features[name] for name, weight in weights.SENTENCE.items())
    return score - VETO * any(features[name] for name in VETOES)


def verdict(best: Sequence[Ranked]) -> Verdict:
    """Whether the best sentence is an answer."""
    features = judged(best)
    parts = {name: weight * features[name] for name, weight in weights.ANSWER.items()}
    probability = 1 / (1 + math.exp(-max(-30.0, min(30.0, weights.ANSWER_BIAS + sum(parts.values())))))
    # Each part is compared with the same part of an answer as it usually is.
    usual = {name: weight * weights.USUAL[name] for name, weight in weights.ANSWER.items()}
    against = min(parts, key=lambda name: parts[name] - usual[name])
    why = _vetoed(best)
    if any(features[name] for name in VETOES):
        probability = min(probability, 0.01)
    return Verdict(probability, why or against, features)


def _vetoed(best: Sequence[Ranked]) -> str | None:
    """What the sentence lacks that would lead if it lacked nothing."""
    first = max(best, key=lambda one: one.promise)
    return next((why for name, why in VETOES.items() if first.evidence.features[name]), None)


def judged(best: Sequence[Ranked]) -> dict[str, float]:
    """The features that the decision is made on: those of the best sentence, how far it leads, and products."""
    top = best[0].evidence.features
    lead = best[0].score - best[1].score if len(best) > 1 else 3.0
    return {
        **top,
        "score": best[0].score,
        "lead": min(lead, 3.0),
        "soft*soft": top["soft"] ** 2,
        "cosine*soft": top["cosine"] * top["soft"],
        "worst*lacking": top["worst"] * top["lacking"],
        "absent*cosine": top["absent"] * top["cosine"],
    }
