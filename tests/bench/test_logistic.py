"""The calibration's arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from bench.logistic import area, fit


def test_a_fit_finds_the_odds_that_made_the_data():
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(20_000, 2)) * [3.0, 0.5] + [1.0, -2.0]
    truths = (chance.random(20_000) < 1 / (1 + np.exp(-(0.8 * rows[:, 0] - 1.5 * rows[:, 1] + 0.5)))).astype(float)
    weights, bias = fit(rows, truths, np.ones(20_000), penalty=0.01)
    assert weights == pytest.approx([0.8, -1.5], abs=0.1)
    assert bias == pytest.approx(0.5, abs=0.25)


def test_a_penalty_keeps_separable_data_finite():
    weights, _ = fit(np.array([[0.0], [1.0]]), np.array([0.0, 1.0]), np.ones(2), penalty=1.0)
    assert 0 < weights[0] < 10


def test_the_area_is_the_chance_of_the_right_order():
    truths = np.array([1.0, 0.0, 1.0, 0.0])
    assert area(truths, np.array([4.0, 1.0, 3.0, 2.0])) == 1.0
    assert area(truths, np.array([1.0, 1.0, 1.0, 1.0])) == 0.5
    assert area(truths, np.array([0.0, 1.0, 0.0, 1.0])) == 0.0
