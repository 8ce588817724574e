"""A real HTTP server on loopback that speaks the embedding APIs of providers, and misbehaves when told to."""

from __future__ import annotations

import json
import re
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

DIMENSIONS = 64
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Reply:
    """What is answered instead of vectors."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


class EmbeddingServer(ThreadingHTTPServer):
    """Gives a bag of hashed words for each text; `replies` are given first, one a request."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: deque[Reply] = deque()
        self.requests: list[dict[str, Any]] = []  # the bodies, each with its path under "path"

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: EmbeddingServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a request for vectors."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append({**body, "path": self.path})
        reply = (
            self.server.replies.popleft() if self.server.replies else Reply(body=json.dumps(_vectors(body)).encode())
        )
        self.send_response(reply.status)
        for name, value in {"content-type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _vectors(body: dict[str, Any]) -> dict[str, Any]:
    """The reply in the words of whoever asked: Amazon Titan for one text, else OpenAI."""
    if "inputText" in body:
        return {"embedding": _vector(body["inputText"]), "inputTextTokenCount": 1}
    texts = body["input"]
    return {
        "object": "list",
        "model": body["model"],
        "data": [{"object": "embedding", "index": n, "embedding": _vector(text)} for n, text in enumerate(texts)],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


def _vector(text: str) -> list[float]:
    """Not of unit length, as some providers' are not."""
    vector = [0.0] * DIMENSIONS
    vector[0] = 0.5
    for word in _WORD.findall(text.lower()):
        code = zlib.crc32(word.encode())
        vector[code % DIMENSIONS] += 1.0 if code & 0x8000_0000 else -1.0
    return vector


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    """A running server."""
    server = EmbeddingServer()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
