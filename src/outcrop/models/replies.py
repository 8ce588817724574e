"""Whole replies from the events of a stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from outcrop.core.chat import (
    Block,
    BlockDelta,
    BlockStarted,
    ChatEnded,
    ChatEvent,
    ChatReply,
    ReasoningBlock,
    TextBlock,
    ToolUse,
)
from outcrop.core.errors import ModelFailed


async def whole(events: AsyncIterator[ChatEvent]) -> ChatReply:
    """The reply that the events of one request add up to.

    Raises:
        ModelFailed: The arguments of a tool call are no JSON object, or the end is missing.
    """
    open_blocks: dict[int, _Gathered] = {}
    end: ChatEnded | None = None
    async for event in events:
        if isinstance(event, BlockStarted):
            open_blocks[event.index] = _Gathered(event)
        elif isinstance(event, BlockDelta):
            open_blocks[event.index].add(event)
        elif isinstance(event, ChatEnded):
            end = event
    if end is None:
        raise ModelFailed("The reply of the model has no end.")
    return ChatReply(content=tuple(open_blocks[index].block() for index in sorted(open_blocks)), end=end)


def tool_arguments(name: str, text: str) -> dict[str, Any]:
    """The arguments of a tool call from their JSON text; none at all are an empty object.

    Raises:
        ModelFailed: The text is not a JSON object.
    """
    try:
        arguments = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise ModelFailed(f"The model calls the tool {name} with arguments that are no JSON.") from error
    if not isinstance(arguments, dict):
        raise ModelFailed(f"The model calls the tool {name} with arguments that are no JSON object.")
    return arguments


@dataclass
class _Gathered:
    """A block as far as it has come."""

    started: BlockStarted
    pieces: list[str] = field(default_factory=list)
    signature: str | None = None
    redacted: bytes = b""

    def add(self, delta: BlockDelta) -> None:
        self.pieces.append(delta.text)
        self.redacted += delta.redacted
        if delta.signature is not None:
            self.signature = (self.signature or "") + delta.signature

    def block(self) -> Block:
        text = "".join(self.pieces)
        tool = self.started.tool
        if tool is not None:
            return ToolUse(id=tool.id, name=tool.name, arguments=tool_arguments(tool.name, text))
        if self.started.kind == "reasoning":
            return ReasoningBlock(text=text, signature=self.signature, redacted=self.redacted)
        return TextBlock(text=text)
