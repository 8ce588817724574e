"""A surface behind a real server on a free port of this machine, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from outcrop.web.asgi import App

HOST = "127.0.0.1"


@contextmanager
def served(make: Callable[[], App]) -> Iterator[Served]:
    """The address of an application, made inside its event loop, for as long as the context lasts."""
    server = Served(make)
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

    def __init__(self, make: Callable[[], App]) -> None:
        self.ready, self.failure = threading.Event(), None
        self.loop: asyncio.AbstractEventLoop
        self.stop: asyncio.Event
        self.url = ""
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run(make)), daemon=True)

    failure: BaseException | None

    def call(self, work: Awaitable[Any]) -> Any:
        """The result of something awaited in the server's loop."""

        async def waited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(waited(), self.loop).result(timeout=30)

    async def _run(self, make: Callable[[], App]) -> None:
        from granian.constants import HTTPModes, Interfaces
        from granian.server.embed import Server

        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        try:
            server = Server(
                make(), address=HOST, port=port, interface=Interfaces.ASGINL, http=HTTPModes.auto, log_enabled=False
            )
            serving = asyncio.create_task(server.serve())
            await _answers(port, serving)
        except BaseException as error:
            self.failure = error
            self.ready.set()
            raise
        self.ready.set()
        await self.stop.wait()
        server.stop()  # type: ignore[no-untyped-call]  # granian leaves it untyped
        await serving


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


async def _answers(port: int, serving: asyncio.Task[None]) -> None:
    """Return once something accepts connections on the port."""
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
    serving.result()
    raise RuntimeError("The server ended before it answered.")
