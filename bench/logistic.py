"""Logistic regression by Newton's method, and the area under the ROC curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]


def fit(rows: Rows, truths: Rows, shares: Rows, penalty: float) -> tuple[Rows, float]:
    """Weights and bias that make `truths` (0 or 1) likely; `shares` weigh the rows, `penalty` holds weights small.

    The penalty counts in units of each column's deviation; the weights that are returned fit the columns as given.
    """
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    columns = np.c_[(rows - mean) / spread, np.ones(len(rows))]
    ridge = np.r_[np.full(rows.shape[1], penalty), 0.0]
    weights = np.zeros(columns.shape[1])
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(columns @ weights, -30, 30)))
        gradient = columns.T @ (shares * (chance - truths)) + ridge * weights
        curve = (columns.T * (shares * chance * (1 - chance))) @ columns + np.diag(ridge + 1e-9)
        step = np.linalg.solve(curve, gradient)
        weights -= step * min(1.0, 5.0 / (np.abs(step).max() + 1e-12))
        if np.abs(step).max() < 1e-6:
            break
    own = weights[:-1] / spread
    return own, float(weights[-1] - own @ mean)


def area(truths: Rows, scores: Rows) -> float:
    """The chance that a true row scores above a false one, ties counting half."""
    true, false = scores[truths > 0.5], scores[truths <= 0.5]
    above = (true[:, None] > false[None, :]).mean() + 0.5 * (true[:, None] == false[None, :]).mean()
    return float(above)
