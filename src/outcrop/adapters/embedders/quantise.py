"""The linear steps in 8-bit integers, close to fp32 in result and twice as fast.

Activations: each row (token) has a scale of its own, found as it comes, so a vector depends on no other text in its
batch. What enters attention and the feed-forward step is first equalised: channels with large values are divided,
and the matching weights multiplied, by the same factor (SmoothQuant, Xiao et al. 2022, arXiv:2211.10438).

Weights: a scale for each output, rounded one input at a time while the inputs still to come make up for the error,
as far as activations are correlated (GPTQ, Frantar et al. 2022, arXiv:2210.17323).

Both need to know what activations look like: they are recorded on the texts of `calibration.txt`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.embedders.graph import CONTRIB, Affine, GraphWriter, biased, exact
from outcrop.adapters.embedders.weights import Floats

STRENGTH = 0.65  # of equalisation: 0 leaves activations as they are, 1 makes all channels equally large
EQUALISED = frozenset({"qkv", "up"})  # where a few channels are large in every row
ACTIVATED = "down"  # where rows come from GELU, which is never below its minimum
GELU_MINIMUM = 0.17004
GELU_ZERO = 20  # the 8-bit code of 0 there: the rest of the range is for the positive side
MIDDLE = 128  # the 8-bit code of 0 where values have both signs
DAMPING = 0.1  # share of the mean activation energy that is added to each channel before rounding
BLOCK = 64  # inputs that are rounded before the error is passed on to those further away
TINY = 1e-6  # keeps a channel or row of zeros from being divided by zero

Codes = NDArray[np.int8]
Carriers = tuple[NDArray[np.intp], Floats]


@dataclass(frozen=True, slots=True)
class Seen:
    """What entered a linear step in all tokens: the largest magnitude of each channel, and the products of channels.

    `reach` has shape (inputs,), `energy` (inputs, inputs): the activations' Gram matrix.
    """

    reach: Floats
    energy: Floats

    def divided(self, factors: Floats) -> Seen:
        """The same after dividing each channel."""
        return Seen(self.reach / factors, self.energy / np.outer(factors, factors))


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
            reach, energy = np.abs(rows).max(axis=0), rows.T @ rows
            before = found.get(site)
            found[site] = Seen(
                reach if before is None else np.maximum(before.reach, reach),
                energy if before is None else before.energy + energy,
            )
    return found


class Quantised:
    """Writes the linear steps with 8-bit weights and activations."""

    def __init__(self, seen: Mapping[str, Seen]) -> None:
        self._seen = seen

    def __call__(self, writer: GraphWriter, site: str, rows: str, maps: Sequence[Affine]) -> list[str]:
        """The step in integers, and its result as floats."""
        seen, kind = self._seen[site], site.rpartition(".")[2]
        if kind in EQUALISED:
            factors = equalising_factors(seen.reach, np.concatenate([each.weight for each in maps], axis=1))
            rows = writer.add("Mul", rows, writer.constant(f"{site}.equalise", 1 / factors))
            seen = seen.divided(factors)
            maps = [Affine(each.weight * factors[:, None], each.bias) for each in maps]
        codes, scale, zero = _quantised_rows(writer, rows, gelu=kind == ACTIVATED)
        carriers = error_carriers(seen.energy)
        outputs = []
        for number, each in enumerate(maps):
            weight, weight_scale = round_weights(each.weight, carriers)
            product = writer.add(
                "MatMulIntegerToFloat",
                codes,
                writer.constant(f"{site}.weight{number}", weight),
                writer.constant("one", np.array(1, dtype=np.float32)),
                writer.constant(f"{site}.scale{number}", weight_scale),
                zero,
                domain=CONTRIB,
            )
            outputs.append(biased(writer, f"{site}.bias{number}", writer.add("Mul", product, scale), each.bias))
        return outputs


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


def equalising_factors(reach: Floats, weight: Floats) -> Floats:
    """The divisor of each input channel: shape (inputs,), with a geometric mean of 1."""
    strength = np.abs(weight).max(axis=1) + TINY
    factors = (reach + TINY) ** STRENGTH / strength ** (1 - STRENGTH)
    return (factors / np.exp(np.log(factors).mean())).astype(np.float32)


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


def error_carriers(energy: Floats) -> Carriers:
    """The order in which to round inputs (most used first), and the Cholesky factor that passes errors on."""
    damped = energy.astype(np.float64)
    damped[np.diag_indices_from(damped)] += DAMPING * np.trace(damped) / len(damped)
    order = np.argsort(-np.diag(damped))
    inverse = np.linalg.inv(damped[np.ix_(order, order)])
    return order, np.linalg.cholesky(inverse).T.astype(np.float32)
