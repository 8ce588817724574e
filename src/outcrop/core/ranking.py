"""Ranked lists made one."""

from __future__ import annotations

from collections.abc import Sequence

RRF_K = 60  # the constant of Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion" (SIGIR 2009)


def fuse(rankings: Sequence[tuple[float, Sequence[str]]], k: int = RRF_K) -> list[tuple[str, float]]:
    """Weighted reciprocal-rank fusion of rankings (weight, ids best first), divided by the best possible sum.

    Returns (id, score) best first, equal scores in order of id; a score is 1.0 for what leads every ranking.
    """
    scores: dict[str, float] = {}
    best = sum(weight for weight, _ in rankings) / (k + 1)
    for weight, ids in rankings:
        for rank, name in enumerate(ids, start=1):
            scores[name] = scores.get(name, 0.0) + weight / (k + rank)
    if best <= 0:
        return sorted(((name, 0.0) for name in scores), key=lambda pair: pair[0])
    return sorted(((name, score / best) for name, score in scores.items()), key=lambda pair: (-pair[1], pair[0]))
