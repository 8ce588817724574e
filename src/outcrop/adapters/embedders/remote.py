"""Embedding models over the network: every provider that pydantic-ai knows (https://ai.pydantic.dev/embeddings/).

Keys and addresses come from the provider's own environment variables, such as OPENAI_API_KEY and OPENAI_BASE_URL.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from outcrop.adapters.embedders.estimate import EstimatedTokens
from outcrop.adapters.embedders.windows import TextWindow, pooled, text_windows
from outcrop.adapters.provider_errors import translated
from outcrop.adapters.provider_login import opening, provider_of
from outcrop.core.cards import ModelCard
from outcrop.core.chunks import Vectors
from outcrop.core.errors import Invalid, ModelFailed, Throttled, Unavailable
from outcrop.core.protocols import Adapters, Purpose, Tokenizer
from outcrop.core.settings import Settings

if TYPE_CHECKING:
    from pydantic_ai.embeddings import EmbeddingModel, EmbeddingSettings
    from pydantic_ai.providers import Provider

LONGEST_PAUSE = 30.0  # seconds between attempts; a provider that asks for more is not asked again
TEXTS_A_REQUEST = 96  # the least that any provider takes: Cohere (https://docs.cohere.com/reference/embed)
CHARACTERS_A_REQUEST = 200_000
REQUESTS_AT_ONCE = 4
UNKNOWN_LIMIT = 512  # tokens that every current model reads


@dataclass(frozen=True, slots=True)
class Shape:
    """A model's vectors: their usual length, and the tokens that it reads at once."""

    dimensions: int
    max_tokens: int = UNKNOWN_LIMIT


# From the providers' model pages.
KNOWN = {
    "text-embedding-3-small": Shape(1536, 8191),
    "text-embedding-3-large": Shape(3072, 8191),
    "text-embedding-ada-002": Shape(1536, 8191),
    "embed-v4.0": Shape(1536, 128_000),
    "embed-english-v3.0": Shape(1024),
    "embed-multilingual-v3.0": Shape(1024),
    "embed-english-light-v3.0": Shape(384),
    "embed-multilingual-light-v3.0": Shape(384),
    "amazon.titan-embed-text-v1": Shape(1536, 8192),
    "amazon.titan-embed-text-v2:0": Shape(1024, 8192),
    "amazon.nova-2-multimodal-embeddings-v1:0": Shape(3072, 8192),
    "cohere.embed-english-v3": Shape(1024),
    "cohere.embed-multilingual-v3": Shape(1024),
    "cohere.embed-v4:0": Shape(1536, 128_000),
    "gemini-embedding-001": Shape(3072, 2048),
    "gemini-embedding-2": Shape(3072, 8192),
    "voyage-3.5": Shape(1024, 32_000),
    "voyage-3.5-lite": Shape(1024, 32_000),
}

Pause = Callable[[float], Awaitable[None]]
Ask = Callable[[list[str], Purpose], Awaitable[Sequence[Sequence[float]]]]


class RemoteEmbedder:
    """Asks the provider of a card for vectors, in batches, again where that may help.

    `ask` is one request, which raises our errors; `opened` is entered before the first and left by `close`; `pause`
    waits that many seconds.
    """

    def __init__(self, card: ModelCard, shape: Shape, ask: Ask, opened: AbstractAsyncContextManager[Any]) -> None:
        self.model = card.target
        self.dimensions = shape.dimensions
        self.max_tokens = shape.max_tokens
        self.tokenizer: Tokenizer = EstimatedTokens()
        self.pause: Pause = asyncio.sleep
        self._ask_once, self._opened = ask, opened
        self._attempts = card.retries + 1
        self._turns = asyncio.Semaphore(REQUESTS_AT_ONCE)
        self._open = AsyncExitStack()
        self._entered = False

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> Vectors:
        """One unit vector a text, in order: shape (n, dimensions), float32.

        Raises:
            Throttled: The provider refuses for now, again and again.
            TimedOut: It did not answer in time.
            Unavailable: It does not answer, or answers with an error of its own.
            Denied: It refuses the key.
            ModelFailed: The reply is not one, or its vectors have another length.
        """
        windows = list(text_windows(texts, self.tokenizer, self.max_tokens))
        if not windows:
            return np.empty((0, self.dimensions), dtype=np.float32)
        if not self._entered:
            self._entered = True
            await self._open.enter_async_context(self._opened)
        vectors = await asyncio.gather(*(self._ask(batch, purpose) for batch in _requests(windows)))
        owners, weights = [window.text for window in windows], [window.weight for window in windows]
        return pooled(len(texts), owners, weights, np.concatenate(vectors))

    async def close(self) -> None:
        """Close the connections."""
        await self._open.aclose()

    async def _ask(self, batch: Sequence[TextWindow], purpose: Purpose) -> Vectors:
        # Providers refuse an empty text.
        pieces = [window.piece or " " for window in batch]
        async with self._turns:
            rows = await self._insist(pieces, purpose)
        return self._checked(rows, len(pieces))

    async def _insist(self, pieces: list[str], purpose: Purpose) -> Sequence[Sequence[float]]:
        """What the provider answers, at the latest to the last attempt."""
        for attempt in range(self._attempts):
            try:
                return await self._ask_once(pieces, purpose)
            except (Throttled, Unavailable) as error:
                wait = _wait(error.retry_after, attempt)
                if attempt + 1 == self._attempts or wait > LONGEST_PAUSE:
                    raise
                await self.pause(wait)
        raise AssertionError  # unreachable: the last attempt returns or raises

    def _checked(self, rows: Sequence[Sequence[float]], wanted: int) -> Vectors:
        lengths = sorted({len(row) for row in rows})
        if len(rows) != wanted:
            raise ModelFailed(f"{self.model} gave {len(rows)} vectors for {wanted} texts.")
        if lengths != [self.dimensions]:
            raise ModelFailed(
                f"{self.model} gave vectors of length {', '.join(map(str, lengths))}, not {self.dimensions}. "
                "Set embedding_dimensions to their length."
            )
        return np.asarray(rows, dtype=np.float32)


def _requests(windows: Sequence[TextWindow]) -> list[list[TextWindow]]:
    """The windows in order, in batches that one request may hold."""
    batches: list[list[TextWindow]] = [[]]
    characters = 0
    for window in windows:
        characters += len(window.piece)
        if batches[-1] and (len(batches[-1]) == TEXTS_A_REQUEST or characters > CHARACTERS_A_REQUEST):
            batches.append([])
            characters = len(window.piece)
        batches[-1].append(window)
    return batches


def _wait(asked: float | None, attempt: int) -> float:
    """Seconds to wait: what the provider asks for, else twice as long each time, spread so that clients part."""
    if asked is not None:
        return max(asked, 0.0)
    return 2.0**attempt * random.uniform(0.25, 0.75)  # noqa: S311 # not for secrets


def open_embedder(card: ModelCard, settings: Settings, adapters: Adapters) -> RemoteEmbedder:  # noqa: ARG001 # one signature
    """The embedder that a card's `provider:name` stands for; what the card does not say comes from the settings.

    Raises:
        Invalid: There is no such provider, it lacks its key, or the length of the model's vectors is not known.
        MissingDependency: The provider's package is not installed.
    """
    shape, usual = shape_of(card, settings), KNOWN.get(card.target.partition(":")[2])
    # Only of a model known to have several lengths is one asked for: others refuse the parameter.
    request: EmbeddingSettings = {"dimensions": shape.dimensions} if usual not in {None, shape} else {}
    asked, provider = _infer(replace(card, base_url=card.base_url or settings.embedding_base_url))

    async def ask(pieces: list[str], purpose: Purpose) -> Sequence[Sequence[float]]:
        with translated(card.target, card.timeout):
            async with asyncio.timeout(card.timeout):
                return (await asked.embed(pieces, input_type=purpose, settings=request)).embeddings

    return RemoteEmbedder(card, shape, ask, provider)


def shape_of(card: ModelCard, settings: Settings) -> Shape:
    """The shape of a model's vectors, as its card, the settings or its provider's pages say. Raises Invalid."""
    usual, dimensions = KNOWN.get(card.target.partition(":")[2]), card.dimensions or settings.embedding_dimensions
    if usual is None and dimensions is None:
        raise Invalid(f"The length of the vectors of {card.target} is not known. Set embedding_dimensions to it.")
    return Shape(dimensions or (usual or Shape(0)).dimensions, (usual or Shape(0)).max_tokens)


def _infer(card: ModelCard) -> tuple[EmbeddingModel, Provider[Any]]:
    from pydantic_ai.embeddings import infer_embedding_model

    family = card.target.partition(":")[0]
    with opening(card.target):
        provider = provider_of(card, family)
        if hasattr(provider.client, "max_retries"):
            provider.client.max_retries = 0  # ours are enough
        return infer_embedding_model(card.target, provider_factory=lambda _: provider), provider
