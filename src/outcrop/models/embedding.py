"""Embedders that keep to the limits of their card."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from outcrop.core.chunks import Vectors
from outcrop.core.protocols import Embedder, Purpose
from outcrop.models.limits import PATIENCE, Limits

TEXTS_AT_ONCE = 96  # the most that every provider takes in one request


class LimitedEmbedder:
    """An embedder that asks no more than its limits allow: documents wait for as long as it takes, queries do not."""

    def __init__(self, embedder: Embedder, limits: Limits) -> None:
        self.model = embedder.model
        self.dimensions = embedder.dimensions
        self.max_tokens = embedder.max_tokens
        self.tokenizer = embedder.tokenizer
        self._embedder = embedder
        self._limits = limits

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> Vectors:
        """One unit vector a text, in order. Raises Throttled where a query's turn does not come soon enough."""
        patience = PATIENCE if purpose == "query" else math.inf
        found = [np.empty((0, self.dimensions), dtype=np.float32)]
        for first in range(0, len(texts), TEXTS_AT_ONCE):
            some = texts[first : first + TEXTS_AT_ONCE]
            tokens = sum(len(self.tokenizer.spans(text)) for text in some)
            async with self._limits.admitted(tokens, patience):
                found.append(await self._embedder.embed(some, purpose))
        return np.concatenate(found)
