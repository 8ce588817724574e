"""The server: every surface on one port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from outcrop.api.app import api_app
from outcrop.bedrock.app import bedrock_app
from outcrop.console.page import console_app
from outcrop.core.errors import Unavailable
from outcrop.openai.app import openai_app
from outcrop.services import Services

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

START_LIMIT = 30.0  # seconds
API_PATHS = ("/api/", "/health", "/ready")
OPENAI_PATHS = ("/v1/",)
CONSOLE_PATHS = ("/static/",)  # and the bare "/"


def outcrop_app(services: Services) -> App:
    """One ASGI application: the page, the native API, OpenAI's API, and Bedrock's for every other path."""
    console, api, bedrock = console_app(services), api_app(services), bedrock_app(services)
    openai = openai_app(services)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path == "/" or path.startswith(CONSOLE_PATHS):
            await console(scope, receive, send)
        elif path == "/api" or path.startswith(API_PATHS):
            await api(scope, receive, send)
        elif path == "/v1" or path.startswith(OPENAI_PATHS):
            await openai(scope, receive, send)
        else:
            await bedrock(scope, receive, send)

    return app


def claim_port(host: str, port: int) -> int:
    """The port to listen on: a free one for 0. Raises Unavailable where it is taken or the host is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unavailable(f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --port.") from error
        return int(probe.getsockname()[1])


async def serve(app: App, host: str, port: int, stop: asyncio.Event, listening: Callable[[], None]) -> None:
    """Serve in this process until `stop` is set: HTTP/1.1, and HTTP/2 without TLS, on one port.

    `listening` is called once, when a first request, our own, has been answered: a worker that has not begun yet would
    not see that it is to stop.
    """
    from granian.constants import HTTPModes, Interfaces
    from granian.server.embed import Server

    server = Server(app, address=host, port=port, interface=Interfaces.ASGINL, http=HTTPModes.auto, log_enabled=False)
    bound = asyncio.Event()
    server.on_startup(bound.set)
    serving = asyncio.create_task(server.serve())
    await bound.wait()
    await _answered(host, port)
    listening()
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    server.stop()  # type: ignore[no-untyped-call]
    await serving


async def _answered(host: str, port: int) -> None:
    """Wait until the server answers a request from this machine. Raises TimeoutError where it does not."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 # compared, not bound
    async with asyncio.timeout(START_LIMIT):
        reader, writer = await _connected(reachable, port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await reader.readline()
        writer.close()


async def _connected(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection, as soon as the server's worker listens: it says itself only that its socket is bound."""
    while True:
        try:
            return await asyncio.open_connection(host, port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.01)
