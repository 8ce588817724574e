"""Redis passes the contract of vector stores, in both of its dialects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count

import numpy as np
import pytest
from tests.fixtures.query_engine import QueryEngineProxy
from tests.fixtures.redis_server import RedisServer

from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.adapters.vector_stores.redis import open_store
from outcrop.core.chunks import IndexSpec, Search
from outcrop.core.errors import Invalid, Unsupported
from outcrop.core.filters import equals
from outcrop.core.protocols import VectorStore
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore
from outcrop.testing.points import ids, point
from outcrop.testing.vector_store_servers import ServedVectorStoreContract
from outcrop.testing.vector_stores import VectorStoreContract, scanned

_PREFIXES = count()


def store_at(port: int, **given) -> VectorStore:
    keys = {"url": f"redis://127.0.0.1:{port}/0", "timeout": 5, "prefix": f"test{next(_PREFIXES)}", **given}
    return open_store(Settings(), NamedStore("house", "redis", keys))


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


class TestVectorSets(VectorStoreContract):
    """A real Redis 8, 8-bit graphs."""

    @pytest.fixture
    async def store(self, redis) -> AsyncIterator[VectorStore]:
        store = store_at(redis.port)
        yield store
        await store.close()

    @pytest.mark.parametrize("given", [{}, {"quantization": "none"}, {"index": "flat"}])
    async def test_a_graph_finds_what_is_nearest(self, redis, given) -> None:
        """Beyond the size at which every vector is looked at: 0.99 of exact search, filtered or not."""
        await _recall(store_at(redis.port, **given))

    async def test_a_point_that_is_put_again_and_again_counts_once(self, store: VectorStore, index: str) -> None:
        for _ in range(5):
            await store.upsert(index, [point("a", "many words"), point("b", "other words")])
        (first, second) = await store.search(index, Search(text="words", mode="keyword"))
        assert first.keyword_score == second.keyword_score
        memory = MemoryVectorStore()
        await memory.create(IndexSpec(name=index, dimensions=8))
        await memory.upsert(index, [point("a", "many words"), point("b", "other words")])
        (wanted, _) = await memory.search(index, Search(text="words", mode="keyword"))
        assert first.keyword_score == pytest.approx(wanted.keyword_score)

    async def test_two_processes_write_without_losing_anything(self, redis) -> None:
        import asyncio

        one, other = store_at(redis.port, prefix="both"), store_at(redis.port, prefix="both")
        await asyncio.gather(*(store.create(IndexSpec(name="i", dimensions=8)) for store in (one, other)))
        await asyncio.gather(
            *(store.upsert("i", [point(f"{i}-{j}")]) for i, store in enumerate((one, other)) for j in range(20))
        )
        assert await one.count("i") == len(await scanned(other, "i")) == 40
        for store in (one, other):
            await store.close()

    async def test_a_dropped_index_leaves_no_keys(self, redis) -> None:
        from redis.asyncio import Redis

        store = store_at(redis.port, prefix="leftover")
        await store.create(IndexSpec(name="i", dimensions=8))
        await store.upsert("i", [point(f"{n}", f"word{n}") for n in range(300)])
        await store.drop("i")
        client = Redis(port=redis.port)
        assert [key async for key in client.scan_iter(match="leftover*")] == []
        await client.aclose()
        await store.close()

    async def test_a_server_without_a_query_engine_says_so(self, redis) -> None:
        store = store_at(redis.port, dialect="query_engine")
        with pytest.raises(Unsupported, match="no query engine"):
            await store.create(IndexSpec(name="i", dimensions=8))
        await store.close()

    @pytest.mark.parametrize("given", [{"url": "http://x"}, {"url": None}, {"dialect": "x"}, {"prefix": "a*"}])
    def test_a_wrong_key_is_told(self, given) -> None:
        with pytest.raises(Invalid, match=r"\[vector_stores.house\]"):
            store_at(1, **given)


@pytest.fixture(scope="module")
def mortal(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("mortal"))
    yield server
    server.stop()


class TestVectorSetsServer(ServedVectorStoreContract):
    """A real Redis 8 that is ended and started."""

    @pytest.fixture
    def server(self, mortal):
        return mortal

    @pytest.fixture
    async def store(self, server) -> AsyncIterator[VectorStore]:
        store = store_at(server.port)
        yield store
        await store.close()

    def store_at(self, host: str, port: int) -> VectorStore:
        return store_at(port, timeout=1)


class TestQueryEngine(VectorStoreContract):
    """The FT commands, before a stand-in that checks them: no package has a server that knows them."""

    index_kind = "hnsw"

    @pytest.fixture
    async def proxy(self, redis) -> AsyncIterator[QueryEngineProxy]:
        async with QueryEngineProxy(redis.port) as proxy:
            yield proxy

    @pytest.fixture
    async def store(self, proxy) -> AsyncIterator[VectorStore]:
        store = store_at(proxy.port, index=self.index_kind)
        yield store
        await store.close()

    async def test_the_query_engine_is_chosen_where_there_are_no_vector_sets(
        self, store: VectorStore, index: str, proxy
    ) -> None:
        (made,) = proxy.schemas.values()
        assert made["method"] == self.index_kind.upper()
        await store.drop(index)
        assert not proxy.schemas


class TestFlatQueryEngine(TestQueryEngine):
    """A look at every vector."""

    index_kind = "flat"


async def _recall(store: VectorStore) -> None:
    random = np.random.default_rng(3)
    centres = random.normal(size=(40, 32))
    raw = centres[random.integers(0, 40, 5500)] + 0.6 * random.normal(size=(5500, 32))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    await store.create(IndexSpec(name="many", dimensions=32))
    for start in range(0, 5500, 1100):
        some = range(start, start + 1100)
        await store.upsert("many", [point(f"{i:05}", "", vector=vectors[i], metadata={"k": i % 2}) for i in some])
    found = {True: 0, False: 0}
    for asked in range(0, 400, 10):
        cosines = vectors @ vectors[asked]
        for filtered in (True, False):
            there = np.flatnonzero(np.arange(5500) % 2 == 0) if filtered else np.arange(5500)
            wanted = {f"{i:05}" for i in there[np.argsort(-cosines[there])[:10]]}
            query = Search(vector=vectors[asked], mode="semantic", where=equals("k", 0) if filtered else None)
            found[filtered] += len(wanted & set(ids(await store.search("many", query))))
    assert min(found.values()) >= 0.99 * 400
    await store.drop("many")
    await store.close()
