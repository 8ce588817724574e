"""`POST /v1/chat/completions`: a model's reply, or a knowledge base's cited answer, whole or as it comes."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from outcrop.core.answers import Usage
from outcrop.core.chat import (
    BlockDelta,
    BlockStarted,
    ChatEnded,
    ChatEvent,
    ChatReply,
    ReasoningBlock,
    StopReason,
    TextBlock,
    ToolUse,
)
from outcrop.models.replies import whole
from outcrop.openai import errors, knowledge
from outcrop.openai.call import Call, Reply, Stream, json_reply
from outcrop.openai.chat_request import chat_request
from outcrop.openai.chat_shapes import REFUSED, ChatIn
from outcrop.openai.cited import CitedText
from outcrop.openai.errors import ApiError, refused
from outcrop.openai.knowledge_shapes import Extension
from outcrop.openai.models import card, knowledge_base
from outcrop.openai.parse import json_object, parsed
from outcrop.web.asgi import closing

logger = logging.getLogger(__name__)

FINISHES: Mapping[StopReason, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "content_filtered": "content_filter",
}
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What every piece of one completion begins with."""

    id: str
    created: int
    model: str

    def object(self, kind: str, **members: Any) -> dict[str, Any]:
        """An object of this completion."""
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, **members}

    def chunk(self, delta: Mapping[str, Any], finish: str | None = None, **members: Any) -> bytes:
        """A piece of a streamed completion."""
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
        return frame(self.object("chat.completion.chunk", choices=choices, **members))


async def create_completion(call: Call) -> Reply | Stream:
    """A completion."""
    asked = parsed(ChatIn, json_object(call.body), REFUSED)
    if asked.stream_options is not None and not asked.stream:
        raise ApiError("`stream_options` needs `stream`: true.", param="stream_options")
    request = await chat_request(call, asked)
    base = await knowledge_base(call.services, asked.model)
    if base is not None:
        head = _head(call, asked.model)
        given = await knowledge.asked(call, base, request, asked.x_outcrop)
        if asked.stream:
            return Stream(frames=guarded(_cited_frames(call, head, given, asked)))
        return await _cited(call, head, given, asked)
    if asked.x_outcrop != Extension():
        raise refused("x_outcrop", "`x_outcrop` is for knowledge bases: models whose id begins with kb/.")
    if not request.messages:
        raise ApiError("There is no message of the user's.", param="messages")
    head = _head(call, (await card(call.services, asked.model)).id)
    events = call.services.models.chat(asked.model, request)
    if asked.stream:
        return Stream(frames=guarded(_frames(head, events, asked)))
    return json_reply(_completion(head, await whole(events), asked))


def _head(call: Call, model: str) -> Head:
    return Head(id=f"chatcmpl-{secrets.token_hex(16)}", created=call.seconds(), model=model)


def _completion(head: Head, reply: ChatReply, asked: ChatIn) -> dict[str, Any]:
    """A whole reply of a model."""
    content = reply.content
    texts = [block.text for block in content if isinstance(block, TextBlock)]
    thoughts = "".join(block.text for block in content if isinstance(block, ReasoningBlock))
    calls = [_call(block) for block in content if isinstance(block, ToolUse)]
    message = {
        "role": "assistant",
        "content": "".join(texts) if texts or not calls else None,
        "refusal": None,
        "annotations": [],
        **({"tool_calls": calls} if calls else {}),
        **({"reasoning_content": thoughts} if thoughts else {}),
    }
    return _whole(head, message, FINISHES[reply.end.stop_reason], reply.end.usage, asked.metadata) | _measured(
        reply.end
    )


def _whole(
    head: Head, message: Mapping[str, Any], finish: str, used: Usage, labels: Mapping[str, str] | None
) -> dict[str, Any]:
    choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}]
    named = {"metadata": labels} if labels is not None else {}
    return head.object("chat.completion", choices=choices, usage=_usage(used), **named)


def _call(block: ToolUse) -> dict[str, Any]:
    function = {"name": block.name, "arguments": to_json(block.arguments).decode()}
    return {"id": block.id, "type": "function", "function": function}


def _usage(used: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.input_tokens + used.output_tokens,
        "prompt_tokens_details": {"cached_tokens": used.cache_read_tokens},
    }


def _measured(end: ChatEnded) -> dict[str, Any]:
    """How the reply was had, as our extension."""
    measured = {"model": end.model, "latency_ms": end.latency_ms, "first_token_ms": end.first_token_ms}
    return {"x_outcrop": {**measured, **end.details}}


async def _frames(head: Head, events: AsyncIterator[ChatEvent], asked: ChatIn) -> AsyncIterator[bytes]:
    """The reply of a model, each piece as it comes."""
    tools: dict[int, int] = {}  # the number among the calls, by the block's index
    kinds: dict[int, str] = {}
    first: dict[str, Any] = {"role": "assistant", "content": ""}
    async with closing(events):
        async for event in events:
            if isinstance(event, ChatEnded):
                yield head.chunk(first, FINISHES[event.stop_reason], **_measured(event))
                if asked.stream_options is not None and asked.stream_options.include_usage:
                    yield _usage_frame(head, event.usage)
                continue
            if isinstance(event, BlockStarted):
                kinds[event.index] = event.kind
            delta = _delta(event, kinds, tools)
            if delta:
                yield head.chunk({**first, **delta})
                first = {}
    yield DONE


def _delta(event: ChatEvent, kinds: Mapping[int, str], tools: dict[int, int]) -> dict[str, Any]:
    """What an event adds to the message; nothing for those that only tell where a block begins or ends."""
    if isinstance(event, BlockStarted) and event.tool is not None:
        number = tools[event.index] = len(tools)
        function = {"name": event.tool.name, "arguments": ""}
        return {"tool_calls": [{"index": number, "id": event.tool.id, "type": "function", "function": function}]}
    if not isinstance(event, BlockDelta) or not event.text:
        return {}
    if event.index in tools:
        return {"tool_calls": [{"index": tools[event.index], "function": {"arguments": event.text}}]}
    return {"reasoning_content" if kinds.get(event.index) == "reasoning" else "content": event.text}


async def _cited(call: Call, head: Head, given: knowledge.Asked, asked: ChatIn) -> Reply:
    """A whole answer of a knowledge base."""
    text = CitedText()
    async for _ in knowledge.pieces(call, given, text):
        pass
    annotations = [knowledge.url_annotation(mark) for mark in text.marks]
    message = {"role": "assistant", "content": text.sent, "refusal": None, "annotations": annotations}
    used = knowledge.usage(knowledge.finished(text))
    return json_reply(_whole(head, message, "stop", used, asked.metadata) | {"x_outcrop": knowledge.extension(text)})


async def _cited_frames(call: Call, head: Head, given: knowledge.Asked, asked: ChatIn) -> AsyncIterator[bytes]:
    """An answer of a knowledge base, each piece as it comes; its annotations with the last."""
    text = CitedText()
    first = {"role": "assistant"}
    async for piece in knowledge.pieces(call, given, text):
        yield head.chunk({**first, "content": piece})
        first = {}
    annotations = [knowledge.url_annotation(mark) for mark in text.marks]
    yield head.chunk({"annotations": annotations}, "stop", x_outcrop=knowledge.extension(text))
    if asked.stream_options is not None and asked.stream_options.include_usage:
        yield _usage_frame(head, knowledge.usage(knowledge.finished(text)))
    yield DONE


def _usage_frame(head: Head, used: Usage) -> bytes:
    return frame(head.object("chat.completion.chunk", choices=[], usage=_usage(used)))


def frame(data: Mapping[str, Any]) -> bytes:
    """One server-sent event; JSON has no line breaks of its own, so one data line holds it."""
    return b"data: " + to_json(data) + b"\n\n"


async def guarded(frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The frames; what fails after the first one ends the stream with an error's frame, which clients raise."""
    begun = False
    async with closing(frames):
        try:
            async for one in frames:
                yield one
                begun = True
        except Exception as error:
            if not begun:
                raise
            yield frame(errors.body(errors.named(error)))
