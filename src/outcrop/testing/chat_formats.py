"""How the providers of models stream a reply: each format is pieces of text and tool calls as the bytes of its events.

Sources: https://platform.openai.com/docs/api-reference/chat-streaming,
https://docs.anthropic.com/en/docs/build-with-claude/streaming, https://ai.google.dev/api/generate-content,
https://docs.cohere.com/reference/chat-stream, https://docs.mistral.ai/api, https://console.groq.com/docs/api-reference,
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from outcrop.bedrock.eventstream import event as aws_event


@dataclass(frozen=True)
class Call:
    """A tool call in an answer; its arguments are sent in two pieces."""

    id: str
    name: str
    arguments: str  # JSON

    def halves(self) -> tuple[str, str]:
        """The two pieces."""
        middle = len(self.arguments) // 2
        return self.arguments[:middle], self.arguments[middle:]


Piece = str | Call


def runs(pieces: Sequence[Piece]) -> Iterable[tuple[int, Call | list[str]]]:
    """The blocks of a reply with their numbers: each tool call, and each run of pieces of text."""
    blocks: list[Call | list[str]] = []
    for piece in pieces:
        last = blocks[-1] if blocks else None
        if isinstance(piece, Call):
            blocks.append(piece)
        elif isinstance(last, list):
            last.append(piece)
        else:
            blocks.append([piece])
    return enumerate(blocks)


Events = Callable[[Sequence[Piece]], Iterator[bytes]]


def events_for(path: str) -> Events:
    """The format of the provider that serves this path."""
    if path.endswith("/converse-stream"):
        return bedrock_events
    if ":streamGenerateContent" in path:
        return google_events
    if path.endswith("/v2/chat"):
        return cohere_events
    if path.endswith("/openai/v1/chat/completions"):
        return groq_events
    if path.startswith("/mistral/"):
        return mistral_events
    return anthropic_events if path.partition("?")[0].endswith("/messages") else openai_events


def content_type(path: str) -> str:
    """The media type of the stream at this path."""
    return "application/vnd.amazon.eventstream" if path.endswith("/converse-stream") else "text/event-stream"


def counted(path: str) -> Mapping[str, Any] | None:
    """The reply to a request to count tokens, where the path is one for that."""
    if path.partition("?")[0].endswith("/messages/count_tokens"):
        return {"input_tokens": 42}
    if path.endswith("/count-tokens"):
        return {"inputTokens": 42}
    return {"totalTokens": 42} if path.endswith(":countTokens") else None


def openai_events(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The events of a chat completion, its usage after its end."""
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    yield from _completion(pieces, {})
    yield _chunk(choices=[], usage={**usage, "prompt_tokens_details": {"cached_tokens": 3}})
    yield b"data: [DONE]\n\n"


def groq_events(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The events of Groq's chat completion, which tells its usage in a place of its own."""
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    yield from _completion(pieces, {"x_groq": {"id": "r", "usage": usage}})
    yield b"data: [DONE]\n\n"


def mistral_events(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The events of Mistral's chat completion, in which a tool call comes whole."""
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    yield from _completion(pieces, {"usage": usage}, whole=True)
    yield b"data: [DONE]\n\n"


def _completion(pieces: Sequence[Piece], last: Mapping[str, Any], *, whole: bool = False) -> Iterator[bytes]:
    """The chunks up to the one that says why the reply is over, which holds `last` too."""

    def delta(**more: Any) -> bytes:
        return _chunk(choices=[{"index": 0, "delta": more, "finish_reason": None}])

    calls = 0
    for piece in pieces:
        if isinstance(piece, str):
            yield delta(role="assistant", content=piece)
            continue
        first, second = (piece.arguments, "") if whole else piece.halves()
        call = {"index": calls, "id": piece.id, "type": "function"}
        yield delta(tool_calls=[{**call, "function": {"name": piece.name, "arguments": first}}])
        if second:
            yield delta(tool_calls=[{"index": calls, "function": {"arguments": second}}])
        calls += 1
    reason = "tool_calls" if calls else "stop"
    yield _chunk(choices=[{"index": 0, "delta": {}, "finish_reason": reason}], **last)


def _chunk(**more: Any) -> bytes:
    data = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "some-model", **more}
    return f"data: {json.dumps(data)}\n\n".encode()


def anthropic_events(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The events of a message."""

    def event(kind: str, **more: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()

    head = {"id": "m", "type": "message", "role": "assistant", "model": "some-model", "content": []}
    yield event("message_start", message={**head, "usage": {"input_tokens": 11, "output_tokens": 1}})
    for index, block in runs(pieces):
        yield event("content_block_start", index=index, content_block=_anthropic_block(block))
        if isinstance(block, Call):
            deltas = [{"type": "input_json_delta", "partial_json": half} for half in block.halves()]
        else:
            deltas = [{"type": "text_delta", "text": piece} for piece in block]
        for delta in deltas:
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    reason = "end_turn" if all(isinstance(piece, str) for piece in pieces) else "tool_use"
    yield event("message_delta", delta={"stop_reason": reason}, usage={"output_tokens": 7})
    yield event("message_stop")


def _anthropic_block(block: Call | list[str]) -> dict[str, Any]:
    if isinstance(block, Call):
        return {"type": "tool_use", "id": block.id, "name": block.name, "input": {}}
    return {"type": "text", "text": ""}


def google_events(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The chunks of generated content; a tool call comes whole."""

    def chunk(*parts: dict[str, Any], **more: Any) -> bytes:
        candidate = {"content": {"parts": list(parts), "role": "model"}, "index": 0, **more}
        usage = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}
        data = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "some-model", "responseId": "r"}
        return f"data: {json.dumps(data)}\r\n\r\n".encode()

    for piece in pieces:
        if isinstance(piece, str):
            yield chunk({"text": piece})
        else:
            yield chunk({"functionCall": {"id": piece.id, "name": piece.name, "args": json.loads(piece.arguments)}})
    yield chunk({"text": ""}, finishReason="STOP")


def cohere_events(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The events of a chat."""

    def event(kind: str, **more: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()

    def message(**more: Any) -> dict[str, Any]:
        return {"message": more}

    yield event("message-start", id="m", delta=message(role="assistant", content=[], tool_calls=[], citations=[]))
    for index, block in runs(pieces):
        if isinstance(block, Call):
            call = {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": ""}}
            yield event("tool-call-start", index=index, delta=message(tool_calls=call))
            for half in block.halves():
                more = message(tool_calls={"function": {"arguments": half}})
                yield event("tool-call-delta", index=index, delta=more)
            yield event("tool-call-end", index=index)
            continue
        yield event("content-start", index=index, delta=message(content={"type": "text", "text": ""}))
        for piece in block:
            yield event("content-delta", index=index, delta=message(content={"text": piece}))
        yield event("content-end", index=index)
    tools = any(isinstance(piece, Call) for piece in pieces)
    usage = {
        "billed_units": {"input_tokens": 11, "output_tokens": 7},
        "tokens": {"input_tokens": 11, "output_tokens": 7},
    }
    yield event("message-end", delta={"finish_reason": "TOOL_CALL" if tools else "COMPLETE", "usage": usage})


def bedrock_events(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The frames of ConverseStream."""

    def event(name: str, **members: Any) -> bytes:
        return aws_event(name, json.dumps(members).encode())

    yield event("messageStart", role="assistant")
    for index, block in runs(pieces):
        if isinstance(block, Call):
            start = {"toolUse": {"toolUseId": block.id, "name": block.name}}
            yield event("contentBlockStart", contentBlockIndex=index, start=start)
            deltas: list[dict[str, Any]] = [{"toolUse": {"input": half}} for half in block.halves()]
        else:
            deltas = [{"text": piece} for piece in block]
        for delta in deltas:
            yield event("contentBlockDelta", contentBlockIndex=index, delta=delta)
        yield event("contentBlockStop", contentBlockIndex=index)
    tools = any(isinstance(piece, Call) for piece in pieces)
    yield event("messageStop", stopReason="tool_use" if tools else "end_turn")
    usage = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}
    yield event("metadata", usage=usage, metrics={"latencyMs": 1})
