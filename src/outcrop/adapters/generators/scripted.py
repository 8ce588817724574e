"""Models that say what they were told to say: for tests, of Outcrop and of what is built on it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence

from outcrop.core.answers import Delta, Prompt, Usage
from outcrop.core.cards import ModelCard
from outcrop.core.chat import (
    BlockDelta,
    BlockEnded,
    BlockStarted,
    ChatEnded,
    ChatEvent,
    ChatRequest,
    ReasoningBlock,
    TextBlock,
    ToolUse,
)
from outcrop.core.errors import Invalid, OutcropError
from outcrop.core.protocols import Adapters
from outcrop.core.settings import Settings

Step = str | ToolUse | ReasoningBlock | OutcropError | asyncio.Event
Script = Sequence[Step]

_SCRIPTS: dict[str, ScriptedModel] = {}


def scripted(name: str, *replies: Script) -> ScriptedModel:
    """The model `scripted:NAME`, which gives these replies in order, and then the last one again and again.

    A reply is a sequence of: pieces of text, tool calls, thoughts, errors that it ends with, and events that it waits
    for.
    """
    _SCRIPTS[name] = model = ScriptedModel(f"scripted:{name}", replies)
    return model


def open_chat_model(card: ModelCard, settings: Settings, adapters: Adapters) -> ScriptedModel:  # noqa: ARG001 # one signature
    """The model that `scripted` made under the card's name. Raises Invalid."""
    name = card.target.partition(":")[2]
    if name not in _SCRIPTS:
        raise Invalid(f"There is no script {name!r}. A test writes it with outcrop.adapters.generators.scripted.")
    return _SCRIPTS[name]


class ScriptedModel:
    """`core.protocols.ChatModel` by script; `requests` are those it was given."""

    def __init__(self, model: str, replies: Sequence[Script]) -> None:
        self.model = model
        self.requests: list[ChatRequest] = []
        self._replies = deque(replies)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The next reply: a block for each run of text, each tool call and each thought."""
        self.requests.append(request)
        reply = self._replies.popleft() if len(self._replies) > 1 else self._replies[0]
        index, open_text = -1, False
        for step in reply:
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif isinstance(step, OutcropError):
                raise step
            else:
                goes_on = open_text and isinstance(step, str)
                if open_text and not goes_on:
                    yield BlockEnded(index=index)
                index += not goes_on
                open_text = isinstance(step, str)
                for event in _events(index, step, goes_on=goes_on):
                    yield event
        if open_text:
            yield BlockEnded(index=index)
        yield await self._end(request, reply)

    async def _end(self, request: ChatRequest, reply: Script) -> ChatEnded:
        tools = any(isinstance(step, ToolUse) for step in reply)
        return ChatEnded(
            stop_reason="tool_use" if tools else "end_turn",
            usage=Usage(input_tokens=await self.count(request), output_tokens=len(reply)),
            model=self.model,
        )

    async def count(self, request: ChatRequest) -> int:
        """One token for each word of text."""
        said = [block.text for one in request.messages for block in one.content if isinstance(block, TextBlock)]
        return sum(len(text.split()) for text in (*request.system, *said))


def _events(index: int, step: str | ToolUse | ReasoningBlock, *, goes_on: bool) -> Iterator[ChatEvent]:
    """What a step adds: a piece of text, or a whole block of another kind."""
    if isinstance(step, ToolUse):
        called = ToolUse(id=step.id, name=step.name, arguments={})
        yield BlockStarted(index=index, kind="tool_use", tool=called)
        yield BlockDelta(index=index, text=json.dumps(dict(step.arguments)))
        yield BlockEnded(index=index)
    elif isinstance(step, ReasoningBlock):
        yield BlockStarted(index=index, kind="reasoning")
        yield BlockDelta(index=index, text=step.text, signature=step.signature, redacted=step.redacted)
        yield BlockEnded(index=index)
    else:
        if not goes_on:
            yield BlockStarted(index=index, kind="text")
        yield BlockDelta(index=index, text=step)


class ScriptedGenerator:
    """Gives its replies in order, each a sequence of pieces or an error to raise; `prompts` are those it was given."""

    instructable = True

    def __init__(self, *replies: Sequence[str] | OutcropError, model: str = "scripted:test") -> None:
        self.model = model
        self.prompts: list[Prompt] = []
        self._replies = list(replies)

    async def generate(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """The next reply, piece by piece. Raises IndexError where there is none left."""
        self.prompts.append(prompt)
        reply = self._replies.pop(0)
        if isinstance(reply, OutcropError):
            raise reply
        for piece in reply:
            yield Delta(text=piece)
        yield Delta(usage=Usage(input_tokens=len(prompt.messages), output_tokens=len(reply)))
