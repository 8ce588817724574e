"""A real HTTP server on loopback that speaks the embedding and reranking APIs of providers, and misbehaves if told."""

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
    """Gives a bag of hashed words for each text, or an order of texts; `replies` are given first, one a request."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: deque[Reply] = deque()
        self.requests: list[dict[str, Any]] = []  # the bodies, each with its path under "path"
        self.headers: list[dict[str, str]] = []  # their headers, in lower case

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
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        usual = Reply(body=json.dumps(_answer(body)).encode())
        reply = self.server.replies.popleft() if self.server.replies else usual
        self.send_response(reply.status)
        for name, value in {"content-type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _answer(body: dict[str, Any]) -> Any:
    """The reply in the words of whoever asked: SageMaker's models, Cohere's reranker, Amazon Titan, else OpenAI."""
    if "text_inputs" in body:
        return {"embedding": [_vector(text) for text in body["text_inputs"]]}
    if "inputs" in body:
        return [{"generated_text": f"{body['inputs']} 27 days."}]  # with what was asked, as some models do
    if "documents" in body:
        return {"results": _ranked(body)}
    if "inputText" in body:
        return {"embedding": _vector(body["inputText"]), "inputTextTokenCount": 1}
    texts = body["input"]
    return {
        "object": "list",
        "model": body["model"],
        "data": [{"object": "embedding", "index": n, "embedding": _vector(text)} for n, text in enumerate(texts)],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


def _ranked(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The documents that share most words with the query, at most `top_n`."""
    words = set(_WORD.findall(body["query"].lower()))
    shared = [len(words & set(_WORD.findall(text.lower()))) / (len(words) + 1) for text in body["documents"]]
    order = sorted(range(len(shared)), key=lambda number: -shared[number])[: body["top_n"]]
    return [{"index": number, "relevance_score": shared[number]} for number in order]


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
