"""Two rankings made one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_BEST = 0.3  # share of the highest possible keyword score that counts as a full match at least

Scores = NDArray[np.floating]


def blended(semantic_weight: float, similarity: Scores, keyword: Scores, possible: float, best: float) -> Scores:
    """The hybrid score, from 0 to 1: a convex combination of the cosine and of the keyword score scaled to 1.

    `best` is the best keyword score that was found, `possible` the highest that any text could have. A keyword score
    is divided by `best`, or by a share of `possible` where all are weak, so that a text with nothing but the question's
    common words does not lead.

    Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (TOIS 2023), find convex combination
    better than reciprocal-rank fusion, which throws away how far apart scores are; so did we (ADR 1).
    """
    scale = max(best, LEAST_BEST * possible)
    words = keyword / scale if scale > 0 else np.zeros_like(keyword)
    return np.minimum(semantic_weight * np.maximum(similarity, 0) + (1 - semantic_weight) * words, 1)
