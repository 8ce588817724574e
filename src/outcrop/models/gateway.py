"""Asks models: within their limits, again after what may pass, and another where one fails before its first word."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol, TypeVar

from outcrop.core.cards import ModelCard, ModelKind
from outcrop.core.chat import BlockStarted, ChatEnded, ChatEvent, ChatRequest
from outcrop.core.chunks import Vectors
from outcrop.core.errors import Invalid, OutcropError, Passing
from outcrop.core.protocols import Adapters, Embedder, Purpose
from outcrop.core.records import InferenceProfile, Record
from outcrop.models.catalog import PROFILE, Catalog
from outcrop.models.checks import check, check_kind
from outcrop.models.counting import count, count_request
from outcrop.models.embedding import LimitedEmbedder
from outcrop.models.limits import Limited, Limits
from outcrop.models.trail import Trail

LONGEST_PAUSE = 20.0  # seconds between attempts; a provider that asks for more is not asked again
FIRST_PAUSE = 0.5  # seconds, doubled with each attempt

Pause = Callable[[float], Awaitable[None]]
R = TypeVar("R", bound=Record)


class Records(Protocol):
    """What is needed of the metadata: to read a record."""

    async def get(self, kind: type[R], id: str) -> R:
        """The record. Raises NotFound."""
        ...


class Gateway:
    """`core.protocols.Models`: the catalog's models, through the adapters; `metadata` keeps inference profiles."""

    def __init__(
        self, catalog: Catalog, adapters: Adapters, metadata: Records | None = None, pause: Pause = asyncio.sleep
    ) -> None:
        self.catalog = catalog
        self._adapters = adapters
        self._metadata = metadata
        self._pause = pause
        self._limits: dict[ModelCard, Limits] = {}

    async def cards(self) -> Sequence[ModelCard]:
        """Every model, in a stable order."""
        return self.catalog.cards()

    async def card(self, reference: str) -> ModelCard:
        """The model of an id, an ARN or an inference profile. Raises NotFound, naming those that there are."""
        own = PROFILE.fullmatch(reference)
        if own is not None and self._metadata is not None and self.catalog.find(reference) is None:
            reference = (await self._metadata.get(InferenceProfile, own["id"])).model_id
        return self.catalog.card(reference)

    async def chat(self, reference: str, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The reply as it comes.

        Raises:
            NotFound: There is no such model.
            Invalid: A sampling parameter is out of the model's range.
            Unsupported: The model cannot be given something that the request holds.
            Throttled, TimedOut, Unavailable, Denied, ModelFailed: It failed, and so did all that stand in for it.
        """
        async with aclosing(self.converse(await self.card(reference), request)) as events:
            async for event in events:
                yield event

    async def converse(self, card: ModelCard, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The reply of the model on a card, or of one that stands in for it. Raises as `chat`."""
        check(card, request)
        trail, errors = Trail(), list[OutcropError]()
        for candidate in (card, *self.catalog.fallbacks(card)):
            try:
                check(candidate, request)
                async with aclosing(self._insist(candidate, request, trail)) as events:
                    async for event in events:
                        yield event
            except OutcropError as error:
                if trail.begun:
                    raise
                errors.append(error)
                trail.failures.append(error.message)
            else:
                return
        raise _told(errors)

    async def _insist(self, card: ModelCard, request: ChatRequest, trail: Trail) -> AsyncGenerator[ChatEvent]:
        """The reply of one model, which is asked again as long as it has not said a word."""
        for attempt in range(card.retries + 1):
            try:
                async with aclosing(self._ask(card, request, trail)) as events:
                    async for event in events:
                        yield event
            except Passing as error:
                pause = _pause(error.retry_after, attempt)
                hopeless = isinstance(error, Limited) or attempt == card.retries or pause > LONGEST_PAUSE
                if trail.begun or hopeless:
                    raise
            else:
                return
            trail.retries += 1
            await self._pause(pause)

    async def _ask(self, card: ModelCard, request: ChatRequest, trail: Trail) -> AsyncGenerator[ChatEvent]:
        model = self._adapters.chat_model(card)
        async with (
            self._limits_of(card).admitted(count_request(request)) as spent,
            aclosing(model.stream(request)) as stream,
            aclosing(_with_words(stream)) as events,
        ):
            async for event in events:
                trail.see(event)
                if isinstance(event, ChatEnded):
                    event = trail.ended(event, card, request)  # noqa: PLW2901 # the same event, completed
                    spent.amount = event.usage.input_tokens + event.usage.output_tokens
                yield event

    async def embed(self, reference: str, texts: Sequence[str], purpose: Purpose) -> tuple[Vectors, int]:
        """One unit vector a text, and the tokens that they took. Raises as `chat`."""
        card = await self._card_for("embedding", reference)
        embedder = self._adapters.embedding_model(card)
        return await embedder.embed(texts, purpose), sum(len(embedder.tokenizer.spans(text)) for text in texts)

    async def rerank(
        self, reference: str, question: str, texts: Sequence[str], top: int
    ) -> Sequence[tuple[int, float]]:
        """The best `top` texts as (index, score from 0 to 1), best first. Raises as `chat`."""
        card = await self._card_for("rerank", reference)
        if top < 1:
            raise Invalid(f"Between 1 and {len(texts)} texts can be asked for, not {top}.")
        errors = list[OutcropError]()
        for candidate in (card, *self.catalog.fallbacks(card)):
            try:
                return await self._rerank(candidate, question, texts, top)
            except OutcropError as error:
                errors.append(error)
        raise _told(errors)

    async def _rerank(
        self, card: ModelCard, question: str, texts: Sequence[str], top: int
    ) -> Sequence[tuple[int, float]]:
        """The order of one reranker, which is asked again where that may help."""
        tokens = count(question) * len(texts) + sum(map(count, texts))
        reranker = self._adapters.text_reranker(card)
        for attempt in range(card.retries):
            try:
                async with self._limits_of(card).admitted(tokens):
                    return await reranker.rerank(question, texts, top)
            except Passing as error:
                pause = _pause(error.retry_after, attempt)
                if isinstance(error, Limited) or pause > LONGEST_PAUSE:
                    raise
            await self._pause(pause)
        async with self._limits_of(card).admitted(tokens):
            return await reranker.rerank(question, texts, top)

    async def count_tokens(self, reference: str, request: ChatRequest) -> int:
        """The input tokens that a request would take. Raises Unsupported where the model cannot tell."""
        card = await self.card(reference)
        check(card, request)
        async with self._limits_of(card).admitted(0):
            return await self._adapters.chat_model(card).count(request)

    async def _card_for(self, kind: ModelKind, reference: str) -> ModelCard:
        card = await self.card(reference)
        check_kind(card, kind)
        return card

    def limited(self, card: ModelCard, embedder: Embedder) -> Embedder:
        """An embedder that keeps to the limits of its card."""
        return LimitedEmbedder(embedder, self._limits_of(card)) if Limits.wanted(card) else embedder

    def _limits_of(self, card: ModelCard) -> Limits:
        """The limits of what stands behind a card: cards that differ only in how they are called share them."""
        same = replace(card, id=card.target, name="", provider="")
        return self._limits.setdefault(same, Limits(card))


async def _with_words(events: AsyncGenerator[ChatEvent]) -> AsyncGenerator[ChatEvent]:
    """The events, where the start of the first block waits for its first word: a model may fail in between."""
    waiting: list[ChatEvent] | None = []
    async for event in events:
        if waiting is not None and isinstance(event, BlockStarted) and event.tool is None:
            waiting.append(event)
            continue
        for one in waiting or ():
            yield one
        waiting = None
        yield event


def _told(errors: Sequence[OutcropError]) -> OutcropError:
    """What the caller is told where all have failed: one that may pass says to come back, which the others do not."""
    return next((error for error in errors if isinstance(error, Passing)), errors[0])


def _pause(asked: float | None, attempt: int) -> float:
    """Seconds to wait: what the provider asks for, else twice as long each time, spread so that clients part."""
    if asked is not None:
        return asked
    return FIRST_PAUSE * 2.0**attempt * random.uniform(0.5, 1.5)  # noqa: S311 # not for secrets
