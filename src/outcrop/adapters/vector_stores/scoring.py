"""What every store that searches by itself shares: the bounds of what it is asked, and how hits are scored."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from outcrop.core.chunks import IndexSpec, Point, Search, Vector
from outcrop.core.errors import Invalid, Unsupported

# Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009).
K1 = 1.2
B = 0.75
HALF_SCORE = 10.0  # the BM25 score that gives a keyword hit the score 0.5
MAX_LIMIT = 1000
MAX_DIMENSIONS = 8192
DECIMALS = 5  # to which scores are told apart: equal chunks are equal however the sums were rounded
Number = TypeVar("Number", float, "NDArray[np.float32]")
_NAME = re.compile("[A-Za-z0-9_-]{1,100}")


def inverse_frequency(documents: int, having: int) -> float:
    """The weight of a term that `having` of `documents` have; never below 0."""
    return math.log(1 + (documents - having + 0.5) / (having + 0.5))


def keyword_share(score: Number) -> Number:
    """A BM25 score, which has no upper end, as a number from 0 to 1."""
    return score / (score + HALF_SCORE)


def depth(limit: int) -> int:
    """How many of each ranking are candidates for `limit` hybrid hits."""
    return max(100, 2 * limit)


def valid_search(query: Search, dimensions: int) -> None:
    """Raise Invalid where the query is out of bounds or its vector does not fit the index."""
    if not 1 <= query.limit <= MAX_LIMIT:
        raise Invalid(f"The limit of a search must be from 1 to {MAX_LIMIT}, not {query.limit}.")
    if not 0 <= query.semantic_weight <= 1:
        raise Invalid(f"The semantic weight must be from 0 to 1, not {query.semantic_weight}.")
    if query.vector is not None:
        _valid_vector(query.vector, dimensions, "The query")


def valid_points(points: Sequence[Point], dimensions: int) -> None:
    """Raise Invalid where a point's vector does not fit the index or a chunk id is there twice."""
    for point in points:
        if point.vector is not None:
            _valid_vector(point.vector, dimensions, f"Chunk {point.chunk.id}")
    if len({point.chunk.id for point in points}) != len(points):
        raise Invalid("The same chunk id is there twice in one upsert.")


def valid_index(index: IndexSpec, *, adopts: bool = False) -> None:
    """Raise Invalid where the name is unfit for a file or the number of dimensions is out of bounds.

    Raises Unsupported where something is to be adopted and the store does not: `adopts` says whether it does.
    """
    if index.adopts is not None and not adopts:
        raise Unsupported(f"This vector store makes its own indexes; it cannot adopt {index.adopts.place!r}.")
    if not is_name(index.name):
        raise Invalid(f"{index.name!r} is no name for an index: use up to 100 letters, digits, '-' and '_'.")
    if not 1 <= index.dimensions <= MAX_DIMENSIONS:
        raise Invalid(f"An index has from 1 to {MAX_DIMENSIONS} dimensions, not {index.dimensions}.")


def is_name(name: str) -> bool:
    """Whether an index may have this name."""
    return _NAME.fullmatch(name) is not None


def _valid_vector(vector: Vector, dimensions: int, what: str) -> None:
    if vector.shape != (dimensions,):
        raise Invalid(f"{what} has a vector of shape {vector.shape}, but the index holds {dimensions} dimensions.")
    if not np.isfinite(vector).all():
        raise Invalid(f"{what} has a vector with a number that is not finite.")
