"""A surface behind a real server on a free port of this machine, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from outcrop.access.certificates import Certificate
from outcrop.web.asgi import App
from outcrop.web.listening import Place, serve

HOST = "127.0.0.1"


@contextmanager
def served(make: Callable[[], App], certificate: Certificate | None = None) -> Iterator[Served]:
    """The address of an application, made inside its event loop, for as long as the context lasts."""
    server = Served(make, certificate)
    server.thread.start()
    server.ready.wait()
    if server.failure is not None:
        raise server.failure
    try:
        yield server
    finally:
        server.loop.call_soon_threadsafe(server.stop.set)
        server.thread.join()


class Served:
    """A running server; `call` awaits something in its event loop."""

    failure: BaseException | None

    def __init__(self, make: Callable[[], App], certificate: Certificate | None = None) -> None:
        self._certificate = certificate
        self.ready, self.failure = threading.Event(), None
        self.loop: asyncio.AbstractEventLoop
        self.stop: asyncio.Event
        self.url = ""
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run(make)), daemon=True)

    def call(self, work: Awaitable[Any]) -> Any:
        """The result of something awaited in the server's loop."""

        async def waited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(waited(), self.loop).result(timeout=30)

    async def _run(self, make: Callable[[], App]) -> None:
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        place = Place(HOST, free_port(), self._certificate)
        self.url = place.address
        try:
            await serve(make(), place, self.stop, self.ready.set)
        except BaseException as error:
            self.failure = error
            raise
        finally:
            self.ready.set()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
