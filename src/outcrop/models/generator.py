"""Answers from passages by any chat model of the gateway."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from outcrop.core.answers import Delta, Inference, Prompt
from outcrop.core.cards import ModelCard
from outcrop.core.chat import BlockDelta, BlockStarted, ChatEnded, ChatMessage, ChatRequest, Sampling, TextBlock
from outcrop.models.gateway import Gateway


class ChatGenerator:
    """`core.protocols.Generator` over the gateway: its limits, retries and fall-backs hold for answers too."""

    instructable = True

    def __init__(self, gateway: Gateway, card: ModelCard) -> None:
        self.model = card.target
        self._gateway = gateway
        self._card = card

    async def generate(self, prompt: Prompt) -> AsyncGenerator[Delta]:
        """The model's text as it comes, without its thoughts; usage with the last delta. Raises as `Models.chat`."""
        text = set[int]()
        async with aclosing(self._gateway.converse(self._card, _request(prompt))) as events:
            async for event in events:
                if isinstance(event, BlockStarted) and event.kind == "text":
                    text.add(event.index)
                elif isinstance(event, BlockDelta) and event.index in text and event.text:
                    yield Delta(text=event.text)
                elif isinstance(event, ChatEnded):
                    yield Delta(usage=event.usage, details=event.details)


def _request(prompt: Prompt) -> ChatRequest:
    messages = (ChatMessage(role=one.role, content=(TextBlock(text=one.text),)) for one in prompt.messages)
    return ChatRequest(
        system=(prompt.system,) if prompt.system else (),
        messages=tuple(messages),
        sampling=_sampling(prompt.inference),
        extra=prompt.inference.extra,
    )


def _sampling(inference: Inference) -> Sampling:
    return Sampling(
        temperature=inference.temperature,
        top_p=inference.top_p,
        max_tokens=inference.max_tokens,
        stop=inference.stop,
    )
