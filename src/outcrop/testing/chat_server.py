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

    def __init__(self, pieces: Sequence[str]) -> None:
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


def openai_events(pieces: Sequence[str]) -> Iterator[bytes]:
    """The events of a chat completion."""

    def chunk(**more: Any) -> bytes:
        data = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "some-model", **more}
        return f"data: {json.dumps(data)}\n\n".encode()

    for piece in pieces:
        yield chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": piece}, "finish_reason": None}])
    yield chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    yield chunk(choices=[], usage={"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18})
    yield b"data: [DONE]\n\n"


def anthropic_events(pieces: Sequence[str]) -> Iterator[bytes]:
    """The events of a message."""

    def event(kind: str, **more: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()

    head = {"id": "m", "type": "message", "role": "assistant", "model": "some-model", "content": []}
    yield event("message_start", message={**head, "usage": {"input_tokens": 11, "output_tokens": 1}})
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for piece in pieces:
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
    yield event("content_block_stop", index=0)
    yield event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 7})
    yield event("message_stop")


@contextmanager
def chat_server(pieces: Sequence[str]) -> Iterator[ChatServer]:
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
