"""OpenSearch passes the contract of vector stores; once more as a collection without ids of one's own."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import httpx2
import pytest
from tests.fixtures.opensearch_server import OpenSearchServer

from outcrop.adapters.vector_stores.opensearch import open_store
from outcrop.adapters.vector_stores.opensearch.client import Client
from outcrop.adapters.vector_stores.opensearch.options import OpenSearchOptions
from outcrop.core.chunks import IndexSpec, Search
from outcrop.core.errors import Conflict, Denied, Invalid, OutcropError, Throttled, TimedOut, Unavailable
from outcrop.core.filters import equals
from outcrop.core.protocols import VectorStore
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore
from outcrop.testing.points import ids, point, unit
from outcrop.testing.vector_store_servers import ServedVectorStoreContract
from outcrop.testing.vector_stores import VectorStoreContract, scanned

_PREFIXES = count()


def store_at(url: str, **given) -> VectorStore:
    keys = {"url": url, "timeout": 20, "prefix": f"test{next(_PREFIXES)}", **given}
    return open_store(Settings(), NamedStore("house", "opensearch", keys))


@pytest.fixture(scope="module")
def opensearch(tmp_path_factory):
    server = OpenSearchServer(tmp_path_factory.mktemp("opensearch"))
    yield server
    server.stop()


class TestOpenSearch(VectorStoreContract):
    """A real OpenSearch with its k-NN plugin; the Lucene engine, as the plugin's native libraries are not packaged."""

    @pytest.fixture
    async def store(self, opensearch) -> AsyncIterator[VectorStore]:
        store = store_at(opensearch.url)
        yield store
        await store.close()
        opensearch.clear()

    async def test_names_that_differ_in_case_are_two_indexes(self, store: VectorStore) -> None:
        for name in ("Name", "name"):
            await store.create(IndexSpec(name=name, dimensions=8))
        await store.upsert("Name", [point("a")])
        assert (await store.count("Name"), await store.count("name")) == (1, 0)

    async def test_an_index_of_someone_else_is_left_alone(self, opensearch) -> None:
        httpx2.put(f"{opensearch.url}/other-i").raise_for_status()
        store = store_at(opensearch.url, prefix="other")
        with pytest.raises(Conflict, match="made by someone else"):
            await store.create(IndexSpec(name="i", dimensions=8))
        await store.close()

    async def test_a_document_that_is_refused_is_an_error(self, store: VectorStore, opensearch) -> None:
        """One bad item of a bulk request is not overlooked."""
        await store.create(IndexSpec(name="i", dimensions=8))
        name = store._name("i")
        httpx2.put(f"{opensearch.url}/{name}/_settings", json={"index.blocks.write": True}).raise_for_status()
        with pytest.raises(OutcropError, match="refuses a document: cluster_block_exception"):
            await store.upsert("i", [point("a")])
        assert await store.count("i") == 0

    @pytest.mark.parametrize(
        "given", [{"url": "redis://x"}, {"url": None}, {"engine": "x"}, {"username": "u"}, {"prefix": "A"}]
    )
    def test_a_wrong_key_is_told(self, given) -> None:
        with pytest.raises(Invalid, match=r"\[vector_stores.house\]"):
            store_at(**{"url": "http://x", **given})


async def test_a_server_that_is_silent_or_away_is_told_in_our_words() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        for listens, error in ((False, Unavailable), (True, TimedOut)):
            if listens:
                silent.listen()
            store = store_at(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.3)
            with pytest.raises(error):
                await store.count("i")
            await store.close()


@pytest.mark.parametrize(("status", "error"), [(401, Denied), (403, Denied), (429, Throttled), (502, Unavailable)])
async def test_what_a_server_refuses_is_told_in_our_words(status, error) -> None:
    async with answering(status, {"error": {"type": "x"}}) as (url, _):
        store = store_at(url)
        with pytest.raises(error):
            await store.count("i")
        await store.close()


@pytest.mark.parametrize("service", ["es", "aoss"])
async def test_requests_to_aws_are_signed(service, monkeypatch) -> None:
    """With version 4 signatures for the service, over the hash of the body."""
    for name, value in {
        "ACCESS_KEY_ID": "AKIDEXAMPLE",
        "SECRET_ACCESS_KEY": "s",
        "DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    async with answering(200, {"count": 7}) as (url, heads):
        store = store_at(url, aws=service)
        assert await store.count("i") == 7
        await store.close()
    assert f"/eu-west-1/{service}/aws4_request" in heads[0]
    signed = re.search("signedheaders=([a-z0-9;-]+)", heads[0].lower())[1].split(";")
    assert {"host", "x-amz-date"} <= set(signed)
    assert ("x-amz-content-sha256" in signed) == (service == "aoss")


async def test_a_password_is_sent_and_never_shown(monkeypatch) -> None:
    monkeypatch.setenv("OS_PASSWORD", "se:cret")
    async with answering(403, {}) as (url, heads):
        store = store_at(url, username="me", password_variable="OS_PASSWORD")
        with pytest.raises(Denied) as told:
            await store.count("i")
        await store.close()
    assert base64.b64encode(b"me:se:cret").decode() in heads[0]
    assert "cret" not in str(told.value)


async def test_items_that_a_busy_server_refuses_are_sent_again() -> None:
    """Only those; a store that stays busy is throttled."""
    item = {"index": {"status": 429, "error": {"type": "rejected_execution_exception"}}}
    client = Client(NamedStore("house", "opensearch", {"url": "http://x"}), OpenSearchOptions(url="http://x"))
    sent: list[bytes] = []

    async def send(method, path, body, media):
        sent.append(body)
        left = body.count(b'"index"')
        return {"items": [item if n == 0 and len(sent) < 3 else {"index": {"status": 201}} for n in range(left)]}

    client._send = send
    await client.bulk("i", [({"index": {"_id": str(n)}}, {"n": n}) for n in range(3)], "")
    assert [body.count(b'"index"') for body in sent] == [3, 1, 1]


@asynccontextmanager
async def answering(status, body):
    """A server that gives one answer, and the heads of what it was asked."""
    heads: list[str] = []

    async def serve(reader, writer) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        data = json.dumps(body).encode()
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(data)) + data)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    server.close()
    await server.wait_closed()


class TestServerless:
    """Without ids of one's own and with writes that are seen later, on a server that was told to show them late."""

    @pytest.fixture
    async def store(self, opensearch) -> AsyncIterator[VectorStore]:
        store = store_at(opensearch.url, serverless=True, engine="lucene")
        await store.create(IndexSpec(name="i", dimensions=8))
        yield store
        await store.close()
        opensearch.clear()

    async def test_what_was_written_is_found_once_it_is_said_to_be(self, store: VectorStore) -> None:
        for words in ("old words", "new words"):
            await store.upsert("i", [point("a", words), point("b", words, document="d")], sweep=["doc", "d"])
            hits = await store.search("i", Search(text=words, vector=unit(1)))
            assert [hit.chunk.text for hit in hits] == [words, words]
            assert ids(hits) == ["a", "b"]
            assert await store.count("i") == 2

    async def test_what_was_removed_is_not_found(self, store: VectorStore) -> None:
        await store.upsert("i", [point("a"), point("b", document="d"), point("c", metadata={"k": 1.5})])
        assert await store.delete("i", equals("k", 1.5)) == 1
        await store.upsert("i", [], sweep=["d"])
        assert set(await scanned(store, "i")) == {"a"}


@pytest.mark.skipif(os.environ.get("OUTCROP_TEST_RESTARTS") != "1", reason="each start of OpenSearch takes 10 s of CPU")
class TestOpenSearchServer(ServedVectorStoreContract):
    """An OpenSearch that is ended and started."""

    @pytest.fixture
    def server(self, opensearch):
        return opensearch

    @pytest.fixture
    async def store(self, server) -> AsyncIterator[VectorStore]:
        store = store_at(server.url, timeout=10)
        yield store
        await store.close()

    def store_at(self, host: str, port: int) -> VectorStore:
        return store_at(f"http://{host}:{port}", timeout=1)
