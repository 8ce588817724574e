"""Rerankers in Cohere's form, over real HTTP."""

from __future__ import annotations

import json

import pytest

from outcrop.app.adapters import LoadedAdapters
from outcrop.core.errors import Invalid, ModelFailed, Throttled
from outcrop.core.settings import Settings
from outcrop.testing.cards import card
from outcrop.testing.embedding_server import Reply, embedding_server

TEXTS = ["Leave is requested.", "The canteen opens at noon.", ""]


@pytest.fixture
def server():
    with embedding_server() as server:
        yield server


@pytest.fixture
async def opened(server, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "key")
    adapters = LoadedAdapters(Settings())

    def opened(target="cohere:rerank-v3.5", place="", **more):
        given = {"base_url": f"{server.address}{place}", "key_variable": "SOME_KEY", **more}
        return adapters.text_reranker(card(target, kind="rerank", **given))

    yield opened
    await adapters.close()


async def test_the_best_texts_come_first_with_their_places(server, opened):
    best = await opened().rerank("When does the canteen open?", TEXTS, 2)
    assert [index for index, _ in best] == [1, 0]
    assert server.requests[0] == {
        "model": "rerank-v3.5",
        "query": "When does the canteen open?",
        "documents": TEXTS,
        "top_n": 2,
        "path": "/v2/rerank",
    }
    assert server.headers[0]["authorization"] == "Bearer key"


@pytest.mark.parametrize(("place", "path"), [("", "/v2/rerank"), ("/v1", "/v1/rerank"), ("/v2/", "/v2/rerank")])
async def test_an_address_may_name_its_version(server, opened, place, path):
    await opened("vllm:bge-reranker", place).rerank("q", TEXTS, 1)
    assert server.requests[0]["path"] == path


async def test_no_texts_are_not_sent(server, opened):
    assert await opened().rerank("q", [], 3) == []
    assert not server.requests


@pytest.mark.parametrize(
    "body", [b"[]", b'{"results": 5}', b'{"results": [{"index": 9, "relevance_score": 1}]}', b'{"results": [{}]}']
)
async def test_what_is_no_order_of_the_texts_is_refused(server, opened, body):
    server.replies.append(Reply(body=body))
    with pytest.raises(ModelFailed, match=r"cohere:rerank-v3\.5"):
        await opened().rerank("q", TEXTS, 3)


async def test_scores_stay_between_0_and_1(server, opened):
    results = [{"index": 0, "relevance_score": 7.5}, {"index": 1, "relevance_score": -3}]
    server.replies.append(Reply(body=json.dumps({"results": results}).encode()))
    assert await opened().rerank("q", TEXTS, 3) == [(0, 1.0), (1, 0.0)]


async def test_a_busy_reranker_is_throttled(server, opened):
    server.replies.append(Reply(status=429, headers={"retry-after": "7"}))
    with pytest.raises(Throttled, match="7 seconds") as caught:
        await opened().rerank("q", TEXTS, 3)
    assert caught.value.retry_after == 7.0


def test_a_missing_key_or_address_is_named(monkeypatch):
    monkeypatch.delenv("CO_API_KEY", raising=False)
    adapters = LoadedAdapters(Settings())
    with pytest.raises(Invalid, match="CO_API_KEY"):
        adapters.text_reranker(card("cohere:rerank-v3.5", kind="rerank"))
    with pytest.raises(Invalid, match="base_url"):
        adapters.text_reranker(card("vllm:bge-reranker", kind="rerank"))
