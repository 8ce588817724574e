"""Vectors as the numbers that bodies carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from outcrop.core.chunks import Vectors

DIGITS = 8  # after the point: float32 has no more in numbers up to 1


Numbers = list[list[Any]]
"""A list of numbers a vector."""


def floats(vectors: Vectors) -> Numbers:
    """The numbers as they are."""
    return _list(vectors.astype(float).round(DIGITS))


def signs(vectors: Vectors) -> Numbers:
    """One bit a dimension, as a number: 1 where it is above 0."""
    return _list((vectors > 0).astype(int))


def int8(vectors: Vectors) -> Numbers:
    """Numbers from -127 to 127 for those from -1 to 1."""
    return _list((vectors * 127).round().astype(int))


def uint8(vectors: Vectors) -> Numbers:
    """The same, from 1 to 255."""
    return _list((vectors * 127).round().astype(int) + 128)


def ubinary(vectors: Vectors) -> Numbers:
    """The signs of eight dimensions a number, the first one its highest bit: 0 to 255."""
    import numpy as np

    return _list(np.packbits(vectors > 0, axis=1))


def binary(vectors: Vectors) -> Numbers:
    """The same, from -128 to 127."""
    import numpy as np

    return _list(np.packbits(vectors > 0, axis=1).astype(int) - 128)


def _list(numbers: Any) -> Numbers:
    made: Numbers = numbers.tolist()
    return made


BY_TYPE: Mapping[str, Callable[[Vectors], Numbers]] = {
    "float": floats,
    "int8": int8,
    "uint8": uint8,
    "binary": binary,
    "ubinary": ubinary,
}
"""Cohere's types of embeddings."""
