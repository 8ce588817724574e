"""Remote embedders against a real server that misbehaves."""

from __future__ import annotations

import json
import logging
from importlib.util import find_spec

import numpy as np
import pytest

from outcrop.adapters.embedders import remote
from outcrop.core.errors import Denied, Invalid, MissingDependency, ModelFailed, Throttled, Unavailable
from outcrop.core.settings import Settings
from outcrop.testing.adapters import GivenAdapters
from outcrop.testing.cards import card
from outcrop.testing.embedding_server import DIMENSIONS, Reply, embedding_server

KEY = "sk-very-secret"
BUSY = Reply(status=429, headers={"retry-after": "7"}, body=b'{"error": {"message": "slow down"}}')
BROKEN = Reply(status=500, body=b"oops")


def opened_for(model, settings):
    return remote.open_embedder(card(model, kind="embedding", retries=3), settings, GivenAdapters({}))


@pytest.fixture
def server():
    with embedding_server() as running:
        yield running


@pytest.fixture
def open_remote(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def opened(model="openai:some-model", dimensions=DIMENSIONS, address=None):
        settings = Settings(embedding_dimensions=dimensions, embedding_base_url=f"{address or server.address}/v1")
        return opened_for(model, settings)

    return opened


@pytest.fixture
async def embedder(open_remote):
    embedder = open_remote()
    embedder.waited = []

    async def pause(seconds):
        embedder.waited.append(seconds)

    embedder.pause = pause
    yield embedder
    await embedder.close()


async def test_a_provider_that_is_busy_is_asked_again_after_the_time_that_it_names(embedder, server):
    server.replies.extend([BUSY, BUSY])
    assert (await embedder.embed(["a text"], "document")).shape == (1, DIMENSIONS)
    assert embedder.waited == [7.0, 7.0]


async def test_a_provider_that_fails_is_asked_again_after_longer_and_longer_times(embedder, server):
    server.replies.extend([BROKEN] * 3)
    await embedder.embed(["a text"], "document")
    for attempt, seconds in enumerate(embedder.waited):
        assert 0.25 * 2**attempt <= seconds <= 0.75 * 2**attempt


async def test_a_provider_that_keeps_failing_is_given_up(embedder, server):
    server.replies.extend([BROKEN] * 10)
    with pytest.raises(Unavailable, match="HTTP 500"):
        await embedder.embed(["a text"], "document")
    assert len(server.requests) == 4


async def test_a_long_wait_is_left_to_the_caller(embedder, server):
    server.replies.append(Reply(status=429, headers={"retry-after": "3600"}))
    with pytest.raises(Throttled, match="3600 seconds"):
        await embedder.embed(["a text"], "document")
    assert embedder.waited == []


async def test_a_reply_that_is_no_json_is_named(embedder, server):
    server.replies.append(Reply(body=b"<html>not json</html>"))
    with pytest.raises(ModelFailed, match="openai:some-model"):
        await embedder.embed(["a text"], "document")


async def test_vectors_of_another_length_are_refused_with_the_setting_to_mend_it(open_remote):
    embedder = open_remote(dimensions=100)
    with pytest.raises(ModelFailed, match=rf"length {DIMENSIONS}, not 100. Set embedding_dimensions"):
        await embedder.embed(["a text"], "document")
    await embedder.close()


async def test_too_few_vectors_are_refused(embedder, server):
    one = {
        "object": "list",
        "model": "m",
        "data": [{"object": "embedding", "index": 0, "embedding": [1.0] * DIMENSIONS}],
    }
    server.replies.append(Reply(body=json.dumps(one).encode()))
    with pytest.raises(ModelFailed, match="1 vectors for 2 texts"):
        await embedder.embed(["a", "b"], "document")


async def test_vectors_without_direction_are_refused(embedder, server):
    zeros = {
        "object": "list",
        "model": "m",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.0] * DIMENSIONS}],
    }
    server.replies.append(Reply(body=json.dumps(zeros).encode()))
    with pytest.raises(ModelFailed, match="without a direction"):
        await embedder.embed(["a"], "document")


async def test_a_refused_key_is_said_and_never_shown(embedder, server, caplog):
    caplog.set_level(logging.DEBUG)
    server.replies.append(Reply(status=401, body=json.dumps({"error": {"message": f"bad key {KEY}"}}).encode()))
    with pytest.raises(Denied) as caught:
        await embedder.embed(["a text"], "document")
    assert KEY not in str(caught.value)
    assert KEY not in "".join(record.getMessage() for record in caplog.records if record.name.startswith("outcrop"))


async def test_a_provider_that_is_not_there_is_unavailable(open_remote):
    with embedding_server() as gone:
        address = gone.address
    embedder = open_remote(address=address)

    async def pause(seconds):
        pass

    embedder.pause = pause
    with pytest.raises(Unavailable):
        await embedder.embed(["a text"], "document")
    await embedder.close()


async def test_many_texts_go_in_several_requests_and_come_back_in_order(embedder, server):
    texts = [f"text number {n}" for n in range(2 * remote.TEXTS_A_REQUEST + 5)]
    vectors = await embedder.embed(texts, "document")
    assert sorted(len(request["input"]) for request in server.requests) == [5, 96, 96]
    (last,) = await embedder.embed(texts[-1:], "document")
    np.testing.assert_allclose(vectors[-1], last, atol=1e-6)


async def test_large_texts_go_in_requests_of_bounded_size(embedder, server):
    embedder.max_tokens = 10**9
    await embedder.embed(["word " * 30_000] * 3, "document")
    assert [len(request["input"]) for request in server.requests] == [1, 1, 1]


async def test_a_long_text_is_sent_in_windows_that_the_model_can_read(embedder, server):
    await embedder.embed(["word " * 2_000], "document")
    pieces = server.requests[0]["input"]
    assert len(pieces) > 1
    assert all(len(embedder.tokenizer.spans(piece)) <= embedder.max_tokens for piece in pieces)
    assert sum(piece.count("word") for piece in pieces) == 2_000


async def test_an_empty_text_is_sent_as_a_space_since_providers_refuse_nothing(embedder, server):
    await embedder.embed([""], "document")
    assert server.requests[0]["input"] == [" "]


async def test_a_length_is_asked_for_only_of_models_known_to_have_several(open_remote, server):
    for model in ("openai:text-embedding-3-small", "openai:some-model"):
        embedder = open_remote(model)
        await embedder.embed(["a text"], "document")
        await embedder.close()
    assert [request.get("dimensions") for request in server.requests] == [DIMENSIONS, None]


def test_a_known_model_needs_no_setting(open_remote):
    embedder = open_remote("openai:text-embedding-3-small", dimensions=None)
    assert (embedder.dimensions, embedder.max_tokens) == (1536, 8191)


def test_an_unknown_model_needs_the_length_of_its_vectors(open_remote):
    with pytest.raises(Invalid, match="Set embedding_dimensions"):
        open_remote(dimensions=None)


def test_a_missing_key_is_named(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(Invalid, match="OPENAI_API_KEY"):
        opened_for("openai:text-embedding-3-small", Settings())


def test_an_unknown_provider_is_named():
    with pytest.raises(Invalid, match="nobody:some-model"):
        opened_for("nobody:some-model", Settings(embedding_dimensions=8))


@pytest.mark.skipif(find_spec("voyageai") is not None, reason="the package is installed here")
def test_a_missing_package_is_named_with_the_command():
    with pytest.raises(MissingDependency, match=r"pydantic-ai-slim\[voyageai\]"):
        opened_for("voyageai:voyage-3.5", Settings())


async def test_bedrock_is_asked_through_its_own_client(server, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.address,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    }.items():
        monkeypatch.setenv(name, value)
    embedder = opened_for("bedrock:amazon.titan-embed-text-v2:0", Settings(embedding_dimensions=DIMENSIONS))
    vectors = await embedder.embed(["one", "two words"], "query")
    assert vectors.shape == (2, DIMENSIONS)
    assert {request["path"] for request in server.requests} == {"/model/amazon.titan-embed-text-v2%3A0/invoke"}
    assert {request["dimensions"] for request in server.requests} == {DIMENSIONS}
    await embedder.close()
