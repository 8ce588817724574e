"""A website on a free port of this machine: pages from memory, with what real servers do well and badly."""

from __future__ import annotations

import hashlib
import mimetypes
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from outcrop.testing.serving import HOST


@dataclass(frozen=True, slots=True)
class Page:
    """An answer; `stream` writes the body by itself, in place of `body`. Without a `content-type` the name tells."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Callable[[Any], None] | None = None


class Website(dict[str, Page]):
    """The pages by path (and query, where one is there by it), and what was asked for."""

    address: str = ""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []  # the paths, robots.txt and sitemaps among them
        self.sent: list[str] = []  # those whose body was sent
        self.headers: list[Mapping[str, str]] = []
        self.ended = threading.Event()  # for streams: the website goes away


@contextmanager
def site_served() -> Iterator[Website]:
    """A website without pages, for as long as the context lasts."""
    site = Website()

    class Handler(_Handler):
        pages = site

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    site.address = f"http://{HOST}:{server.server_port}"
    thread = threading.Thread(target=lambda: server.serve_forever(0.02))
    thread.start()
    try:
        yield site
    finally:
        site.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pages: Website

    def do_GET(self) -> None:
        site = self.pages
        site.asked.append(self.path)
        site.headers.append({name.lower(): value for name, value in self.headers.items()})
        with suppress(ConnectionError):
            self._answer(site.get(self.path) or site.get(unquote(urlsplit(self.path).path)) or Page(b"none", 404))

    def _answer(self, page: Page) -> None:
        etag = f'"{hashlib.sha256(page.body).hexdigest()[:16]}"'
        fresh = page.status == 200 and page.stream is None and self.headers.get("if-none-match") == etag
        self.send_response(304 if fresh else page.status)
        guessed = mimetypes.guess_type(unquote(urlsplit(self.path).path))[0] or "text/html"
        given = {"content-type": guessed, "etag": etag, **page.headers}
        if page.stream is None:
            given["content-length"] = "0" if fresh else str(len(page.body))
        else:
            given["connection"] = "close"
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        if fresh:
            return
        self.pages.sent.append(self.path)
        if page.stream is not None:
            page.stream(self.wfile)
            self.close_connection = True
        else:
            self.wfile.write(page.body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""
