"""Rounding to 8 bits: what it keeps exactly, and that it beats rounding to the nearest."""

from __future__ import annotations

import numpy as np
import pytest

from outcrop.adapters.embedders.graph import Affine
from outcrop.adapters.embedders.quantise import (
    Equaliser,
    Seen,
    calibration_texts,
    corrected_bias,
    error_carriers,
    record,
    round_weights,
)

RANDOM = np.random.default_rng(5)


@pytest.fixture
def rows():
    """Activations whose channels vary together, around means of their own."""
    mixing = RANDOM.normal(size=(12, 48))
    return (RANDOM.normal(size=(900, 12)) @ mixing + RANDOM.normal(size=48) * 3).astype(np.float32)


@pytest.fixture
def weight():
    return RANDOM.normal(size=(48, 20)).astype(np.float32)


def test_rounding_with_the_activations_in_mind_changes_results_less(rows, weight):
    codes, scale = round_weights(weight, error_carriers(Seen.of(rows).covariance(np.ones(48, np.float32))))
    nearest = np.rint(weight / scale) * scale
    centred = rows - rows.mean(axis=0)
    exact = centred @ weight
    assert np.linalg.norm(centred @ (codes * scale) - exact) < 0.5 * np.linalg.norm(centred @ nearest - exact)


def test_codes_fit_in_signed_bytes_and_zeros_stay_zeros(rows):
    weight = np.zeros((48, 3), dtype=np.float32)
    weight[:, 1] = 1e6
    codes, scale = round_weights(weight, error_carriers(Seen.of(rows).covariance(np.ones(48, np.float32))))
    assert codes.dtype == np.int8
    assert np.abs(codes.astype(int)).max() <= 127
    np.testing.assert_allclose((codes * scale)[:, [0, 2]], 0)


def test_the_mean_activation_gives_exactly_the_mean_result(rows, weight):
    seen, step = Seen.of(rows), Affine(weight, RANDOM.normal(size=20).astype(np.float32))
    equaliser = Equaliser.at("qkv", seen, [step])
    rounded = np.rint(weight * equaliser.factors[:, None] * 4).astype(np.float32) / 4
    bias = corrected_bias(step, seen.mean, equaliser, rounded)
    through = (seen.mean - equaliser.middle) / equaliser.factors @ rounded + bias
    np.testing.assert_allclose(through, seen.mean @ weight + step.bias, rtol=1e-4, atol=1e-4)


def test_equalising_brings_channels_near_to_each_other(rows, weight):
    rows[:, 3] *= 100
    seen = Seen.of(rows)
    equaliser = Equaliser.at("up", seen, [Affine(weight)])
    before, after = rows - equaliser.middle, (rows - equaliser.middle) / equaliser.factors
    spread = [np.ptp(np.log(np.abs(values).max(axis=0))) for values in (before, after)]
    assert spread[1] < 0.6 * spread[0]


def test_what_was_seen_in_parts_is_what_was_seen_at_once(rows):
    parts = record({"layer0.up": "name"}, [[rows[:100]], [rows[100:450]], [rows[450:]]])["layer0.up"]
    whole = Seen.of(rows)
    np.testing.assert_allclose(parts.mean, rows.mean(axis=0), atol=1e-4)
    np.testing.assert_array_equal(parts.low, whole.low)
    np.testing.assert_array_equal(parts.high, whole.high)
    ones = np.ones(48, np.float32)
    np.testing.assert_allclose(parts.covariance(ones), np.cov(rows.T, bias=True), rtol=1e-2, atol=1e-2)


def test_calibration_texts_are_many_and_of_several_scripts():
    texts = calibration_texts()
    assert len(texts) > 70
    assert all(text.strip() for text in texts)
    for letter in ("ü", "ж", "的", "の", "ب", "다"):
        assert any(letter in text for text in texts)
