"""What every vector store does whose server may be slow, away or new: subclass ServedVectorStoreContract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Protocol

import pytest

from outcrop.core.chunks import IndexSpec, Search
from outcrop.core.errors import OutcropError, TimedOut, Unavailable
from outcrop.core.protocols import VectorStore
from outcrop.testing.points import DIMENSIONS, ids, point, unit

_NAMES = count()


class Server(Protocol):
    """A server that a test may stop and start; it keeps what it was given."""

    def stop(self) -> None:
        """End it, as a crash would."""
        ...

    def start(self) -> None:
        """Start it again at the same address."""
        ...


class ServedVectorStoreContract:
    """What a store on a server does. A subclass overrides the fixtures `store` and `server`, and `store_at`."""

    @pytest.fixture
    def server(self) -> Server:
        """The server of `store`."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, server: Server) -> VectorStore:
        """A store on the server, with short time-outs."""
        raise NotImplementedError

    def store_at(self, host: str, port: int) -> VectorStore:
        """A store whose server is said to be at an address, with a time-out of about a second."""
        raise NotImplementedError

    @pytest.fixture
    async def index(self, store: VectorStore) -> str:
        """The name of an index with one point."""
        name = f"served-{next(_NAMES)}"
        await store.create(IndexSpec(name=name, dimensions=DIMENSIONS))
        await store.upsert(name, [point("a", "first words")])
        return name

    @pytest.fixture
    async def silent(self) -> AsyncIterator[tuple[str, int]]:
        """The address of a server that takes connections and never answers."""
        gone = asyncio.Event()

        async def wait(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await gone.wait()
            writer.close()

        listening = await asyncio.start_server(wait, "127.0.0.1", 0)
        host, port = listening.sockets[0].getsockname()
        yield host, port
        gone.set()
        listening.close()
        await listening.wait_closed()

    async def test_what_was_written_outlives_the_server(self, store: VectorStore, server: Server, index: str) -> None:
        """A server that is ended and started again has every point, and the store finds it by itself."""
        server.stop()
        server.start()
        assert ids(await store.search(index, Search(text="words", vector=unit(1)))) == ["a"]
        await store.upsert(index, [point("b", "second words")])
        assert await store.count(index) == 2

    async def test_a_server_that_is_away_is_unavailable_until_it_is_back(
        self, store: VectorStore, server: Server, index: str
    ) -> None:
        """To read and to write say so in our words, and work again afterwards."""
        server.stop()
        attempts = (
            store.search(index, Search(text="words", mode="keyword")),
            store.upsert(index, [point("b")]),
        )
        try:
            for attempt in attempts:
                with pytest.raises((Unavailable, TimedOut)):
                    await attempt
        finally:
            server.start()
        assert await store.count(index) == 1

    async def test_a_server_that_is_ended_meanwhile_leaves_all_or_nothing(
        self, store: VectorStore, server: Server, index: str
    ) -> None:
        """A writer whose server ends has an error, or all its points are there."""
        new = [point(f"n{i}", f"words {i}", document="new") for i in range(300)]
        writing = asyncio.ensure_future(store.upsert(index, new, sweep=["new"]))
        await asyncio.sleep(0)  # let it begin; where it is when the server ends is left to chance
        await asyncio.to_thread(server.stop)
        failed: OutcropError | None = None
        try:
            await writing
        except OutcropError as error:
            failed = error
        server.start()
        assert await store.count(index) == (1 if failed else 301) or (failed and await store.count(index) == 301)

    async def test_a_silent_server_times_out(self, silent: tuple[str, int]) -> None:
        """A store does not wait for ever."""
        store = self.store_at(*silent)
        with pytest.raises((TimedOut, Unavailable)):
            await store.count("i")
        await store.close()
