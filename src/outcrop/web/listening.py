"""Serves an application on one port: HTTP/1.1 and HTTP/2, each with and without TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outcrop.access.certificates import Certificate
from outcrop.core.errors import Unavailable
from outcrop.web.asgi import App

if TYPE_CHECKING:
    from granian.server.embed import Server

START_LIMIT = 30.0  # seconds
MAX_HEADERS = 64 * 1024  # bytes of the headers of a request over HTTP/2


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens, and the certificate that it presents, if it speaks HTTPS."""

    host: str
    port: int
    certificate: Certificate | None = None

    @property
    def address(self) -> str:
        """The address that clients are given."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{shown}:{self.port}"


def _server(app: App, place: Place) -> Server:
    from granian.constants import HTTPModes, Interfaces, SSLProtocols
    from granian.http import HTTP2Settings
    from granian.server.embed import Server

    return Server(
        app,
        address=place.host,
        port=place.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.auto,
        http2_settings=HTTP2Settings(max_headers_size=MAX_HEADERS),
        ssl_cert=place.certificate.chain if place.certificate else None,
        ssl_key=place.certificate.key if place.certificate else None,
        ssl_protocol_min=SSLProtocols.tls12,
        log_enabled=False,
    )


async def serve(app: App, place: Place, stop: asyncio.Event, listening: Callable[[], None]) -> None:
    """Serve in this process until `stop` is set: HTTP/1.1 and HTTP/2 on one port, with and without TLS.

    `listening` is called once, when a first request, our own, has been answered: a worker that has not begun yet would
    not see that it is to stop.
    """
    server = _server(app, place)
    bound = asyncio.Event()
    server.on_startup(bound.set)
    serving = asyncio.create_task(server.serve())
    await bound.wait()
    await _answered(place)
    listening()
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    server.stop()  # type: ignore[no-untyped-call]
    await serving


async def _answered(place: Place) -> None:
    """Wait until the server answers a request from this machine. Raises TimeoutError where it does not."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(place.host, place.host)  # noqa: S104 # compared, not bound
    context = ssl.create_default_context() if place.certificate else None
    if context is not None:  # it asks itself, and nothing secret
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with asyncio.timeout(START_LIMIT):
        reader, writer = await _connected(reachable, place.port, context)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await reader.readline()
        writer.close()


async def _connected(
    host: str, port: int, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection, as soon as the server's worker listens: it says itself only that its socket is bound."""
    while True:
        try:
            return await asyncio.open_connection(host, port, ssl=context)
        except ConnectionRefusedError:
            await asyncio.sleep(0.01)
