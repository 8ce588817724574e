"""A real HTTP server on loopback that streams as OpenAI's chat completions and Anthropic's messages do, and misbehaves.

Formats: https://platform.openai.com/docs/api-reference/chat-streaming,
https://docs.anthropic.com/en/docs/build-with-claude/streaming.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


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


@dataclass(frozen=True)
class Misbehaviour:
    """What is done instead of streaming the answer.

    A `status` that is not 200 is answered with `headers`; `cut` breaks the connection off after that many pieces;
    `silent` sends no byte until the server ends; `raw` is sent as the body as it is.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    silent: bool = False
    raw: bytes | None = None


class ChatServer(ThreadingHTTPServer):
    """Streams `pieces` to every request, unless `misbehaviours` has something else for it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, pieces: Sequence[Piece]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pieces = pieces
        self.misbehaviours: deque[Misbehaviour] = deque()
        self.requests: list[dict[str, Any]] = []
        self.over = Event()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        """Answer a request for a chat."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append({**body, "path": self.path})
        other = self.server.misbehaviours.popleft() if self.server.misbehaviours else Misbehaviour()
        if other.silent:
            self.server.over.wait(timeout=30)
            return
        self.send_response(other.status)
        kind = "application/json" if other.status != 200 else "text/event-stream"
        for name, value in {"content-type": kind, **other.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self._send_body(other)

    def _send_body(self, other: Misbehaviour) -> None:
        if other.status != 200:
            self.wfile.write(b'{"error": {"message": "no", "type": "test"}}')
            return
        if other.raw is not None:
            self.wfile.write(other.raw)
            return
        events = anthropic_events if self.path.endswith("/messages") else openai_events
        for number, event in enumerate(events(self.server.pieces)):
            if number == other.cut:
                return
            self.wfile.write(event)
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def openai_events(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The events of a chat completion."""

    def chunk(**more: Any) -> bytes:
        data = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "some-model", **more}
        return f"data: {json.dumps(data)}\n\n".encode()

    def delta(reason: str | None = None, **more: Any) -> bytes:
        return chunk(choices=[{"index": 0, "delta": more, "finish_reason": reason}])

    calls = 0
    for piece in pieces:
        if isinstance(piece, str):
            yield delta(role="assistant", content=piece)
            continue
        first, second = piece.halves()
        call = {"index": calls, "id": piece.id, "type": "function"}
        yield delta(tool_calls=[{**call, "function": {"name": piece.name, "arguments": first}}])
        yield delta(tool_calls=[{"index": calls, "function": {"arguments": second}}])
        calls += 1
    yield delta("tool_calls" if calls else "stop")
    cached = {"prompt_tokens_details": {"cached_tokens": 3}}
    yield chunk(choices=[], usage={"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, **cached})
    yield b"data: [DONE]\n\n"


def anthropic_events(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The events of a message."""

    def event(kind: str, **more: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()

    head = {"id": "m", "type": "message", "role": "assistant", "model": "some-model", "content": []}
    yield event("message_start", message={**head, "usage": {"input_tokens": 11, "output_tokens": 1}})
    index, in_text = -1, False
    for piece in pieces:
        if in_text and not isinstance(piece, str):
            yield event("content_block_stop", index=index)
        if not (in_text and isinstance(piece, str)):
            index += 1
            yield event("content_block_start", index=index, content_block=_anthropic_block(piece))
        in_text = isinstance(piece, str)
        if isinstance(piece, str):
            yield event("content_block_delta", index=index, delta={"type": "text_delta", "text": piece})
            continue
        for half in piece.halves():
            yield event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": half})
        yield event("content_block_stop", index=index)
    if in_text:
        yield event("content_block_stop", index=index)
    reason = "end_turn" if all(isinstance(piece, str) for piece in pieces) else "tool_use"
    yield event("message_delta", delta={"stop_reason": reason}, usage={"output_tokens": 7})
    yield event("message_stop")


def _anthropic_block(piece: Piece) -> dict[str, Any]:
    if isinstance(piece, str):
        return {"type": "text", "text": ""}
    return {"type": "tool_use", "id": piece.id, "name": piece.name, "input": {}}


@contextmanager
def chat_server(pieces: Sequence[Piece]) -> Iterator[ChatServer]:
    """A running server, until the block ends."""
    server = ChatServer(pieces)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
