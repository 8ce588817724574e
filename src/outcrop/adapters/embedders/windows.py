"""Texts longer than a model reads in one piece: cut into windows, whose vectors are averaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from outcrop.core.chunks import Vectors
from outcrop.core.errors import ModelFailed
from outcrop.core.protocols import Tokenizer


@dataclass(frozen=True, slots=True)
class TextWindow:
    """A piece of a text, which text it is from, and its weight in that text's mean: its tokens."""

    text: int
    piece: str
    weight: int


def encodable(text: str) -> str:
    """The text with each half of a surrogate pair, which has no UTF-8 form, as a question mark; as long as before."""
    return text.encode("utf-8", "replace").decode("utf-8")


def text_windows(texts: Sequence[str], tokenizer: Tokenizer, limit: int) -> Iterator[TextWindow]:
    """Every text in the fewest windows of at most `limit` tokens, of about equal length."""
    for number, text in enumerate(map(encodable, texts)):
        if len(text) <= limit:  # a token has at least one character
            yield TextWindow(number, text, 1)
            continue
        spans = tokenizer.spans(text)
        parts = [part for part in np.array_split(spans, max(1, -(-len(spans) // limit))) if len(part)]
        if len(parts) < 2:  # noqa: PLR2004 # one window is the text as it is, with its white space
            yield TextWindow(number, text, 1)
            continue
        for part in parts:
            yield TextWindow(number, text[part[0, 0] : part[-1, 1]], len(part))


def pooled(texts: int, owners: Sequence[int], weights: Sequence[int], vectors: Vectors) -> Vectors:
    """The vector of each text: the mean of its windows' vectors, weighted, of unit length.

    `owners` tells which text each vector is for; every text has at least one.

    Raises:
        ModelFailed: A text's vector has no direction.
    """
    sums = np.zeros((texts, vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, np.asarray(owners, dtype=np.intp), vectors * np.asarray(weights, dtype=np.float32)[:, None])
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        raise ModelFailed("The embedding model gave a vector without a direction.")
    return sums / lengths  # type: ignore[no-any-return]
