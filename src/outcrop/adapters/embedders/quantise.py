"""The linear steps in 8-bit integers, close to fp32 in result and twice as fast.

Activations: each row (token) has a scale of its own, found as it comes, so a vector depends on no other text in its
batch. What enters attention and the feed-forward step is first centred and equalised: channels with large values are
divided, and the matching weights multiplied, by the same factor (SmoothQuant, Xiao et al. 2022, arXiv:2211.10438).

Weights: a scale for each output, rounded one input at a time while the inputs still to come make up for the error,
as far as activations vary together (GPTQ, Frantar et al. 2022, arXiv:2210.17323). Biases are set so that the mean
activation gives exactly the mean result.

All three need to know what activations look like: they are recorded on the texts of `calibration.txt`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.embedders.graph import CONTRIB, Affine, GraphWriter, biased, exact
from outcrop.adapters.embedders.weights import Floats

# Where a few channels are large in every row, and how strongly they are equalised: 0 leaves activations as they are,
# 1 makes all channels equally large. Found by search; the weights of `up` bear less.
STRENGTH = {"qkv": 0.9, "up": 0.65}
ACTIVATED = "down"  # where rows come from GELU, which is never below its minimum
GELU_MINIMUM = 0.17004
GELU_ZERO = 20  # the 8-bit code of 0 there: the rest of the range is for the positive side
MIDDLE = 128  # the 8-bit code of 0 where values have both signs
DAMPING = 0.1  # share of the mean variance that is added to each channel's before rounding
BLOCK = 64  # inputs that are rounded before the error is passed on to those further away
TINY = 1e-6  # keeps a channel or row of zeros from being divided by zero

Codes = NDArray[np.int8]
Carriers = tuple[NDArray[np.intp], Floats]


@dataclass(frozen=True, slots=True)
class Seen:
    """What entered a linear step over all tokens: each channel's extremes and sum, and the products of channels.

    `products` is the Gram matrix, shape (inputs, inputs).
    """

    tokens: int
    low: Floats
    high: Floats
    total: Floats
    products: Floats

    @classmethod
    def of(cls, rows: Floats) -> Seen:
        """What entered for the tokens of one text: shape (tokens, inputs)."""
        return cls(len(rows), rows.min(axis=0), rows.max(axis=0), rows.sum(axis=0), rows.T @ rows)

    def __add__(self, other: Seen) -> Seen:
        return Seen(
            self.tokens + other.tokens,
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            self.total + other.total,
            self.products + other.products,
        )

    @property
    def mean(self) -> Floats:
        """The mean of each channel."""
        return np.asarray(self.total / self.tokens, dtype=np.float32)

    def covariance(self, factors: Floats) -> NDArray[np.float64]:
        """How channels vary together around their means, once each is divided by its factor."""
        mean = self.mean.astype(np.float64)
        centred = self.products / self.tokens - np.outer(mean, mean)
        return np.asarray(centred / np.outer(factors, factors), dtype=np.float64)


def calibration_texts() -> list[str]:
    """Short texts of many kinds, in several languages."""
    whole = files(__package__).joinpath("calibration.txt").read_text(encoding="utf-8")
    return whole.split("\n---\n")


class Recorder:
    """Writes exact linear steps and remembers the names of their inputs."""

    def __init__(self) -> None:
        self.inputs: dict[str, str] = {}

    def __call__(self, writer: GraphWriter, site: str, rows: str, maps: Sequence[Affine]) -> list[str]:
        """The step in fp32."""
        self.inputs[site] = rows
        return exact(writer, site, rows, maps)


def record(inputs: Mapping[str, str], texts: Iterable[Sequence[Floats]]) -> dict[str, Seen]:
    """What enters each step by site, given the values of all inputs for one text after another."""
    found: dict[str, Seen] = {}
    for values in texts:
        for site, rows in zip(inputs, values, strict=True):
            seen = Seen.of(rows)
            found[site] = found[site] + seen if site in found else seen
    return found


@dataclass(frozen=True, slots=True)
class Equaliser:
    """Rows become (row - middle) / factors, both of shape (inputs,)."""

    factors: Floats
    middle: Floats

    @classmethod
    def at(cls, kind: str, seen: Seen, maps: Sequence[Affine]) -> Equaliser:
        """The one for a kind of step; it changes nothing where there is no strength."""
        if kind not in STRENGTH:
            return cls(np.ones_like(seen.mean), np.zeros_like(seen.mean))
        low, high = seen.low, seen.high
        weight = np.concatenate([each.weight for each in maps], axis=1)
        middle = np.asarray((high + low) / 2, dtype=np.float32)
        return cls(equalising_factors(high - middle, weight, STRENGTH[kind]), middle)

    def write(self, writer: GraphWriter, site: str, rows: str) -> str:
        """The name of the equalised rows."""
        scaled = writer.add("Mul", rows, writer.constant(f"{site}.equalise", 1 / self.factors))
        return writer.add("Sub", scaled, writer.constant(f"{site}.middle", self.middle / self.factors))


class Quantised:
    """Writes the linear steps with 8-bit weights and activations."""

    def __init__(self, seen: Mapping[str, Seen]) -> None:
        self._seen = seen

    def __call__(self, writer: GraphWriter, site: str, rows: str, maps: Sequence[Affine]) -> list[str]:
        """The step in integers, and its result as floats."""
        seen, kind = self._seen[site], site.rpartition(".")[2]
        equaliser = Equaliser.at(kind, seen, maps)
        if kind in STRENGTH:
            rows = equaliser.write(writer, site, rows)
        codes, scale, zero = _quantised_rows(writer, rows, gelu=kind == ACTIVATED)
        carriers = error_carriers(seen.covariance(equaliser.factors))
        outputs = []
        for number, each in enumerate(maps):
            weight, steps = round_weights(each.weight * equaliser.factors[:, None], carriers)
            product = writer.add(
                "MatMulIntegerToFloat",
                codes,
                writer.constant(f"{site}.weight{number}", weight),
                writer.constant("one", np.array(1, dtype=np.float32)),
                writer.constant(f"{site}.scale{number}", steps),
                zero,
                domain=CONTRIB,
            )
            bias = corrected_bias(each, seen.mean, equaliser, weight * steps)
            outputs.append(biased(writer, f"{site}.bias{number}", writer.add("Mul", product, scale), bias))
        return outputs


def corrected_bias(step: Affine, mean: Floats, equaliser: Equaliser, rounded: Floats) -> Floats | None:
    """The bias with which the mean activation gives its exact result through the rounded weight."""
    if step.bias is None:
        return None
    equalised_mean = (mean - equaliser.middle) / equaliser.factors
    return np.asarray(step.bias + mean @ step.weight - equalised_mean @ rounded, dtype=np.float32)


def _quantised_rows(writer: GraphWriter, rows: str, *, gelu: bool) -> tuple[str, str, str]:
    """The names of the 8-bit codes, of the scale of each row (as a column) and of the code of 0."""
    columns = writer.constant("axis1", np.array([1], dtype=np.int64))
    if gelu:
        largest = writer.add("ReduceMax", rows, columns, keepdims=0)
        steps = writer.constant("steps_gelu", np.array(1 / (255 - GELU_ZERO), dtype=np.float32))
        least = writer.constant("least_gelu", np.array(GELU_MINIMUM / GELU_ZERO, dtype=np.float32))
        zero = writer.constant("zero_gelu", np.array(GELU_ZERO, dtype=np.uint8))
    else:
        largest = writer.add("ReduceMax", writer.add("Abs", rows), columns, keepdims=0)
        steps = writer.constant("steps", np.array(1 / 127, dtype=np.float32))
        least = writer.constant("least", np.array(TINY, dtype=np.float32))
        zero = writer.constant("zero", np.array(MIDDLE, dtype=np.uint8))
    scale = writer.add("Max", writer.add("Mul", largest, steps), least)
    zeros = writer.add("Expand", zero, writer.add("Shape", scale))
    codes = writer.add("QuantizeLinear", rows, scale, zeros, axis=0)
    return codes, writer.add("Unsqueeze", scale, columns), zero


def equalising_factors(reach: Floats, weight: Floats, strength: float) -> Floats:
    """The divisor of each input channel from the magnitudes on both sides: shape (inputs,), geometric mean 1."""
    heft = np.abs(weight).max(axis=1) + TINY
    factors = (reach + TINY) ** strength / heft ** (1 - strength)
    return np.asarray(factors / np.exp(np.log(factors).mean()), dtype=np.float32)


def round_weights(weight: Floats, carriers: Carriers) -> tuple[Codes, Floats]:
    """The 8-bit codes of a weight (inputs, outputs) and the scale of each output.

    Chosen to change the step's outputs little, rather than the weight itself.
    """
    order, carry = carriers
    scale = (np.maximum(np.abs(weight).max(axis=0), TINY) / 127).astype(np.float32)
    left = np.array(weight[order], dtype=np.float32)
    codes = np.empty(left.shape, dtype=np.int8)
    for first in range(0, len(left), BLOCK):
        last = min(first + BLOCK, len(left))
        errors = np.empty((last - first, left.shape[1]), dtype=np.float32)
        for row in range(first, last):
            rounded = np.clip(np.rint(left[row] / scale), -127, 127)
            codes[order[row]] = rounded
            errors[row - first] = (left[row] - rounded * scale) / carry[row, row]
            left[row + 1 : last] -= np.outer(carry[row, row + 1 : last], errors[row - first])
        left[last:] -= carry[first:last, last:].T @ errors
    return codes, scale


def error_carriers(covariance: NDArray[np.float64]) -> Carriers:
    """The order in which to round inputs (most used first), and the Cholesky factor that passes errors on."""
    damped = covariance + DAMPING * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    order = np.argsort(-np.diag(damped))
    inverse = np.linalg.inv(damped[np.ix_(order, order)])
    return order, np.linalg.cholesky(inverse).T.astype(np.float32)
