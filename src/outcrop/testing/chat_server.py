"""A real HTTP server on loopback that streams as the providers of models do, and misbehaves."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from outcrop.testing.chat_formats import Piece, content_type, counted, events_for


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
    """Streams `pieces` to every request; `replies` are streamed first, one a request, unless it is to misbehave."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, pieces: Sequence[Piece]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pieces = pieces
        self.replies: deque[Sequence[Piece]] = deque()
        self.usage = True  # whether OpenAI's format tells it
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
        if (count := counted(self.path)) is not None:
            self._send_json(count)
            return
        other = self.server.misbehaviours.popleft() if self.server.misbehaviours else Misbehaviour()
        if other.silent:
            self.server.over.wait(timeout=30)
            return
        self.send_response(other.status)
        kind = "application/json" if other.status != 200 else content_type(self.path)
        for name, value in {"content-type": kind, **other.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self._send_body(other)

    def _send_json(self, value: Mapping[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_body(self, other: Misbehaviour) -> None:
        if other.status != 200:
            self.wfile.write(b'{"error": {"message": "no", "type": "test"}}')
            return
        if other.raw is not None:
            self.wfile.write(other.raw)
            return
        pieces = self.server.replies.popleft() if self.server.replies else self.server.pieces
        for number, event in enumerate(events_for(self.path)(pieces)):
            if number == other.cut:
                return
            if b'"usage"' in event and not self.server.usage:
                continue
            self.wfile.write(event)
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


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
