"""BM25 for stores that count but do not rank: the terms of a text as numbers, and what a query's terms weigh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from outcrop.adapters.vector_stores.analysis import document_terms, query_terms
from outcrop.adapters.vector_stores.embedded.segments import term_hash
from outcrop.adapters.vector_stores.scoring import K1, B, inverse_frequency


def term_number(term: str) -> int:
    """A term as a number of 63 bits: the same everywhere, so that an index never needs to hold the words."""
    return term_hash(term) >> 1


def counted(text: str) -> Counter[int]:
    """How often each term is in a text."""
    return Counter({term_number(term): n for term, n in Counter(document_terms(text)).items()})


def asked(text: str) -> list[int]:
    """The terms of a query."""
    return [term_number(term) for term in query_terms(text)]


@dataclass(frozen=True, slots=True)
class Collection:
    """What BM25 knows of the searchable points of an index: how many, and the terms of all of them together."""

    points: int
    length: int

    def weighed(self, terms: Iterable[int], having: Mapping[int, int]) -> dict[int, float]:
        """The weight of each term, by the number of points that have it; the heaviest first."""
        weights = {term: inverse_frequency(self.points, having.get(term, 0)) for term in terms}
        return dict(sorted(weights.items(), key=lambda pair: -pair[1]))

    @property
    def average(self) -> float:
        """The average number of terms of a point."""
        return self.length / max(self.points, 1) or 1.0

    def score(self, weights: Mapping[int, float], counts: Mapping[int, int], length: int) -> float:
        """The BM25 score of a text with these counts of terms."""
        norm = K1 * (1 - B + B * length / self.average)
        found = ((weight, counts.get(term, 0)) for term, weight in weights.items())
        return sum(weight * n * (K1 + 1) / (n + norm) for weight, n in found if n)


def possible(weights: Mapping[int, float]) -> float:
    """The highest score that any text could have."""
    return (K1 + 1) * sum(weights.values())


def needed(weights: Mapping[int, float], floor: float) -> Sequence[int]:
    """The heaviest terms, of which a text must have one to score `floor`: all others together would not do.

    Turtle and Flood, "Query evaluation: strategies and optimizations" (1995), call this MaxScore.
    """
    rest = possible(weights)
    chosen: list[int] = []
    for term, weight in weights.items():
        if rest <= floor:
            break
        chosen.append(term)
        rest -= (K1 + 1) * weight
    return chosen
