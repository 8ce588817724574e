"""Replies in Claude's Messages form: whole, and as the events of a stream.

Source: https://docs.anthropic.com/en/docs/build-with-claude/streaming
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from outcrop.bedrock.bodies.contract import Chunk, Chunks
from outcrop.bedrock.replies import uncached
from outcrop.core.answers import Usage
from outcrop.core.chat import (
    Block,
    BlockDelta,
    BlockEnded,
    BlockStarted,
    ChatEnded,
    ChatEvent,
    ChatReply,
    ReasoningBlock,
    StopReason,
    TextBlock,
    ToolUse,
)
from outcrop.core.errors import ModelFailed

REASONS: Mapping[StopReason, str] = {"content_filtered": "refusal"}  # the others are called alike
VERSION = re.compile(r"-v\d+(:\d+)?$")


def reply(reply: ChatReply, model: str) -> Chunk:
    """The body of a whole reply. Raises ModelFailed where this form cannot carry it."""
    return {
        **_head(model),
        "content": [_block(block) for block in reply.content],
        "stop_reason": _reason(reply.end),
        "stop_sequence": reply.end.stop_sequence,
        "usage": _usage(reply.end.usage),
    }


def chunks(model: str) -> Chunks:
    """What makes the events of one streamed reply."""
    return Translator(model).of


class Translator:
    """Translates a reply's events, each at once; a thought is announced with its first piece, which says of what kind.

    The input tokens are known at the end, and are told with the last usage.
    """

    def __init__(self, model: str) -> None:
        self._head: Chunk | None = _head(model)
        self._kinds: dict[int, str] = {}
        self._announced: set[int] = set()

    def of(self, event: ChatEvent) -> Iterator[Chunk]:
        """The events that one of ours becomes."""
        if self._head is not None:
            empty: Chunk = {"content": [], "stop_reason": None, "stop_sequence": None, "usage": _usage(Usage())}
            yield {"type": "message_start", "message": {**self._head, **empty}}
            self._head = None
        if isinstance(event, BlockStarted):
            yield from self._started(event)
        elif isinstance(event, BlockDelta):
            yield from self._piece(event)
        elif isinstance(event, BlockEnded):
            yield from self._announce(event.index, {"type": "thinking", "thinking": "", "signature": ""})
            yield {"type": "content_block_stop", "index": event.index}
        else:
            stopped = {"stop_reason": _reason(event), "stop_sequence": event.stop_sequence}
            yield {"type": "message_delta", "delta": stopped, "usage": _usage(event.usage)}
            yield {"type": "message_stop"}

    def _started(self, event: BlockStarted) -> Iterator[Chunk]:
        self._kinds[event.index] = event.kind
        if event.tool is not None:
            tool = {"type": "tool_use", "id": event.tool.id, "name": event.tool.name, "input": {}}
            yield from self._announce(event.index, tool)
        elif event.kind == "text":
            yield from self._announce(event.index, {"type": "text", "text": ""})

    def _announce(self, index: int, block: Chunk) -> Iterator[Chunk]:
        if index not in self._announced:
            self._announced.add(index)
            yield {"type": "content_block_start", "index": index, "content_block": block}

    def _piece(self, event: BlockDelta) -> Iterator[Chunk]:
        if event.redacted:
            hidden = {"type": "redacted_thinking", "data": event.redacted.decode()}
            yield from self._announce(event.index, hidden)
            return
        yield from self._announce(event.index, {"type": "thinking", "thinking": "", "signature": ""})
        for delta in _deltas(event, self._kinds[event.index]):
            yield {"type": "content_block_delta", "index": event.index, "delta": delta}


def _deltas(event: BlockDelta, kind: str) -> Iterator[Chunk]:
    if kind == "tool_use":
        yield {"type": "input_json_delta", "partial_json": event.text}
    elif kind == "text":
        yield {"type": "text_delta", "text": event.text}
    else:
        if event.text:
            yield {"type": "thinking_delta", "thinking": event.text}
        if event.signature:
            yield {"type": "signature_delta", "signature": event.signature}


def _head(model: str) -> Chunk:
    name = VERSION.sub("", model.partition("anthropic.")[2] or model)
    return {"id": f"msg_bdrk_{secrets.token_hex(12)}", "type": "message", "role": "assistant", "model": name}


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, TextBlock):
        return {"type": "text", "text": block.text}
    if isinstance(block, ToolUse):
        return {"type": "tool_use", "id": block.id, "name": block.name, "input": dict(block.arguments)}
    if isinstance(block, ReasoningBlock):
        if block.redacted:
            return {"type": "redacted_thinking", "data": block.redacted.decode()}
        return {"type": "thinking", "thinking": block.text, "signature": block.signature or ""}
    raise ModelFailed("The model gave a block that its reply cannot carry.")


def _reason(end: ChatEnded) -> str:
    return REASONS.get(end.stop_reason, end.stop_reason)


def _usage(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": uncached(usage),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "output_tokens": usage.output_tokens,
    }
