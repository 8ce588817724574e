"""A model's reply in Converse's form: whole, and as the events of a stream.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from outcrop.core.answers import Usage
from outcrop.core.chat import (
    Block,
    BlockDelta,
    BlockEnded,
    BlockStarted,
    ChatEnded,
    ChatEvent,
    ChatReply,
    MediaBlock,
    ReasoningBlock,
    TextBlock,
    ToolResult,
    ToolUse,
)
from outcrop.core.errors import ModelFailed
from outcrop.core.ids import derived_id

TOOL_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def message(reply: ChatReply) -> dict[str, Any]:
    """The Message of a whole reply. Raises ModelFailed where the wire cannot carry it."""
    return {"role": "assistant", "content": [_block(block) for block in reply.content]}


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, TextBlock):
        return {"text": block.text}
    if isinstance(block, ToolUse):
        return {"toolUse": {**tool_start(block), "input": dict(block.arguments)}}
    if isinstance(block, ReasoningBlock):
        return {"reasoningContent": _reasoning(block)}
    raise ModelFailed(f"The model gave a {_kind(block)}, which its reply cannot carry.")


def _kind(block: MediaBlock | ToolResult) -> str:
    return block.media_type if isinstance(block, MediaBlock) else "tool's result"


def _reasoning(block: ReasoningBlock) -> dict[str, Any]:
    if block.redacted:
        return {"redactedContent": block.redacted}
    signed = {} if block.signature is None else {"signature": block.signature}
    return {"reasoningText": {"text": block.text, **signed}}


def tool_start(tool: ToolUse) -> dict[str, Any]:
    """The id and the name of a call. Raises ModelFailed for a name that no tool can have.

    An id that the wire cannot carry is replaced by one made of it: a client gives it back in the call and in its
    result, so that the two still belong together.
    """
    if not TOOL_NAME.fullmatch(tool.name):
        raise ModelFailed("The model calls a tool by a name that no tool can have. Ask again.")
    return {"toolUseId": tool.id if TOOL_ID.fullmatch(tool.id) else derived_id(tool.id), "name": tool.name}


def usage(given: Usage) -> dict[str, int]:
    """A TokenUsage; as Bedrock counts, `inputTokens` are those that were not read from or written to a cache."""
    cached = {"cacheReadInputTokens": given.cache_read_tokens, "cacheWriteInputTokens": given.cache_write_tokens}
    return {
        "inputTokens": uncached(given),
        "outputTokens": given.output_tokens,
        "totalTokens": max(given.input_tokens, sum(cached.values())) + given.output_tokens,
        **(cached if any(cached.values()) else {}),
    }


def uncached(given: Usage) -> int:
    """The input tokens that had nothing to do with a cache."""
    return max(given.input_tokens - given.cache_read_tokens - given.cache_write_tokens, 0)


def metrics(end: ChatEnded) -> dict[str, int]:
    """A ConverseMetrics."""
    return {"latencyMs": round(end.latency_ms)}


class Events:
    """Translates a reply's events, each at once, to those of a stream: messageStart first, messageStop last.

    As in Bedrock, only a tool's call is announced; text and thoughts begin with their first piece. The stream's
    `metadata` is its caller's, who knows what else is in it.
    """

    def __init__(self) -> None:
        self._kinds: dict[int, str] = {}
        self._started = False

    def of(self, event: ChatEvent) -> Iterator[dict[str, Any]]:
        """The events that one of ours becomes. Raises ModelFailed where the wire cannot carry it."""
        if not self._started:
            self._started = True
            yield {"messageStart": {"role": "assistant"}}
        if isinstance(event, BlockStarted):
            self._kinds[event.index] = event.kind
            if event.tool is not None:
                start = {"toolUse": tool_start(event.tool)}
                yield {"contentBlockStart": {"start": start, "contentBlockIndex": event.index}}
        elif isinstance(event, BlockDelta):
            for piece in _pieces(event, self._kinds[event.index]):
                yield {"contentBlockDelta": {"delta": piece, "contentBlockIndex": event.index}}
        elif isinstance(event, BlockEnded):
            yield {"contentBlockStop": {"contentBlockIndex": event.index}}
        else:
            yield {"messageStop": {"stopReason": event.stop_reason}}


def _pieces(event: BlockDelta, kind: str) -> Iterator[Mapping[str, Any]]:
    if kind == "tool_use":
        yield {"toolUse": {"input": event.text}}
    elif kind == "text":
        if event.text:
            yield {"text": event.text}
    else:
        thoughts = {"text": event.text, "signature": event.signature, "redactedContent": event.redacted}
        yield from ({"reasoningContent": {name: value}} for name, value in thoughts.items() if value)
