"""The gateway over real HTTP: what comes back, what is tried again, and what stands in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from outcrop.adapters.generators.scripted import scripted
from outcrop.app.adapters import LoadedAdapters
from outcrop.core.answers import Message, Prompt
from outcrop.core.chat import BlockStarted, ChatMessage, ChatRequest, Sampling, TextBlock, ToolSpec, ToolUse
from outcrop.core.errors import Denied, Invalid, ModelFailed, NotFound, Throttled, Unavailable, Unsupported
from outcrop.core.records import InferenceProfile
from outcrop.core.settings import CardEntry, Settings
from outcrop.models.catalog import RERANK_ID
from outcrop.models.gateway import Gateway
from outcrop.models.replies import whole
from outcrop.store.memory import MemoryMetadata
from outcrop.testing.chat_formats import Call
from outcrop.testing.chat_server import Misbehaviour, chat_server
from outcrop.testing.embedding_server import DIMENSIONS, Reply, embedding_server

ID = "anthropic.claude-sonnet-4-20250514-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"
OTHER = "meta.llama3-8b-instruct-v1:0"
REQUEST = ChatRequest(
    messages=(ChatMessage(role="user", content=(TextBlock(text="How many days?"),)),), system=("Be brief.",)
)
WEATHER = ToolSpec(
    name="weather", schema={"type": "object", "properties": {"day": {"type": "integer"}}, "required": ["day"]}
)
BUSY = Misbehaviour(status=429, headers={"retry-after": "3"})


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("SOME_KEY", "key")
    with chat_server(["Ten ", "days."]) as server:
        yield server


@pytest.fixture
def other():
    with chat_server(["Twelve."]) as server:
        yield server


class Outcome:
    """A gateway over loopback servers, and what it waited."""

    def __init__(self, tables):
        self.waited = []
        self.adapters = LoadedAdapters(Settings(models=tables))
        self.gateway = Gateway(self.adapters.models.catalog, self.adapters, pause=self.pause)

    async def pause(self, seconds):
        self.waited.append(seconds)

    async def reply(self, request=REQUEST, reference=ID):
        return await whole(self.gateway.chat(reference, request))


@pytest.fixture
async def opened():
    """Outcomes that are closed after the test."""
    made = []

    def opened(tables):
        made.append(Outcome(tables))
        return made[-1]

    yield opened
    for one in made:
        await one.adapters.close()


def table(server, family="openai", **more):
    address = server.address if family == "anthropic" else f"{server.address}/v1"
    return {"target": f"{family}:some-model", "base_url": address, "key_variable": "SOME_KEY", **more}


@pytest.mark.parametrize("family", ["openai", "anthropic", "ollama"])
async def test_a_reply_comes_whole_with_usage_and_times(server, family, opened):
    reply = await opened({ID: table(server, family)}).reply()
    assert reply.content == (TextBlock(text="Ten days."),)
    assert (reply.end.stop_reason, reply.end.usage.input_tokens, reply.end.usage.output_tokens) == ("end_turn", 11, 7)
    assert 0 < reply.end.first_token_ms <= reply.end.latency_ms


@pytest.mark.parametrize("family", ["openai", "anthropic"])
async def test_a_reply_may_begin_with_a_tool_call_and_hold_several(server, family, opened):
    server.pieces = [Call("1", "weather", '{"day": 1}'), Call("2", "weather", '{"day": 2}')]
    request = ChatRequest(messages=REQUEST.messages, tools=(WEATHER,))
    reply = await opened({ID: table(server, family)}).reply(request)
    assert reply.content == tuple(ToolUse(id=str(day), name="weather", arguments={"day": day}) for day in (1, 2))
    assert reply.end.stop_reason == "tool_use"


async def test_a_busy_provider_is_asked_again_after_the_time_that_it_names(server, opened):
    server.misbehaviours.append(BUSY)
    outcome = opened({ID: table(server)})
    reply = await outcome.reply()
    assert outcome.waited == [3.0]
    assert reply.end.details["retries"] == 1


async def test_a_model_that_keeps_failing_is_given_up(server, opened):
    server.misbehaviours.extend([Misbehaviour(status=500)] * 9)
    with pytest.raises(Unavailable, match="HTTP 500"):
        await opened({ID: table(server, retries=3)}).reply()
    assert len(server.requests) == 4


async def test_another_stands_in_before_the_first_word(server, other, opened):
    server.misbehaviours.append(Misbehaviour(status=401))
    reply = await opened({ID: table(server, fallbacks=[OTHER]), OTHER: table(other)}).reply()
    assert reply.content == (TextBlock(text="Twelve."),)
    assert reply.end.details["card"] == OTHER
    assert "refuses the key" in reply.end.details["fell_back"]


async def test_nothing_stands_in_after_the_first_word(server, other, opened):
    server.misbehaviours.append(Misbehaviour(cut=1))
    outcome = opened({ID: table(server, fallbacks=[OTHER]), OTHER: table(other)})
    with pytest.raises(Exception, match=r"broke off|does not answer"):
        await outcome.reply()
    assert not other.requests
    assert len(server.requests) == 1


async def test_where_all_fail_one_that_may_pass_is_told(server, other, opened):
    server.misbehaviours.append(Misbehaviour(status=401))
    other.misbehaviours.extend([BUSY] * 3)
    with pytest.raises(Throttled):
        await opened({ID: table(server, fallbacks=[OTHER]), OTHER: table(other)}).reply()


async def test_a_key_that_is_refused_is_not_tried_again(server, opened):
    server.misbehaviours.append(Misbehaviour(status=401))
    with pytest.raises(Denied):
        await opened({ID: table(server)}).reply()
    assert len(server.requests) == 1


async def test_sampling_out_of_range_is_named_with_its_range(server, opened):
    request = ChatRequest(messages=REQUEST.messages, sampling=Sampling(temperature=1.5))
    with pytest.raises(Invalid, match=r"temperature: .* takes 0 to 1, not 1.5"):
        await opened({ID: table(server, "anthropic")}).reply(request)
    assert not server.requests


async def test_tools_are_refused_for_a_model_that_has_none(server, opened):
    request = ChatRequest(messages=REQUEST.messages, tools=(WEATHER,))
    with pytest.raises(Unsupported, match="cannot be given tools"):
        await opened({ID: table(server, tools=False)}).reply(request)


async def test_an_unknown_model_is_answered_with_those_that_there_are(server, opened):
    with pytest.raises(NotFound, match=r"outcrop\.extractive-v1"):
        await opened({ID: table(server)}).reply(reference="cohere.nothing-v1")


async def test_the_price_is_told_where_it_is_known(server, opened):
    reply = await opened({ID: table(server, input_price=1.0, output_price=2.0)}).reply()
    assert reply.end.details["cost_usd"] == pytest.approx((11 * 1 + 7 * 2) / 1e6)


async def test_one_that_cannot_be_given_a_request_does_not_stand_in(server, other, opened):
    server.misbehaviours.append(Misbehaviour(status=401))
    tables = {ID: table(server, fallbacks=[OTHER]), OTHER: table(other, "anthropic")}
    with pytest.raises(Denied):
        await opened(tables).reply(ChatRequest(messages=REQUEST.messages, sampling=Sampling(temperature=1.5)))
    assert not other.requests


async def test_a_model_that_lacks_its_key_lets_another_stand_in(server, other, monkeypatch, opened):
    tables = {ID: table(server, fallbacks=[OTHER], key_variable="NOT_SET"), OTHER: table(other)}
    assert (await opened(tables).reply()).end.details["card"] == OTHER


async def test_a_model_that_has_had_its_requests_lets_another_stand_in(server, other, opened):
    outcome = opened({ID: table(server, fallbacks=[OTHER], requests_per_minute=1), OTHER: table(other)})
    replies = [await outcome.reply() for _ in range(2)]
    assert [reply.end.details["card"] for reply in replies] == [ID, OTHER]
    assert outcome.waited == []


async def test_a_slow_first_byte_is_given_up_for_another(server, other, opened):
    server.misbehaviours.append(Misbehaviour(silent=True))
    outcome = opened({ID: table(server, fallbacks=[OTHER], timeout=0.2, retries=0), OTHER: table(other)})
    reply = await outcome.reply()
    assert "did not answer within 0.2 seconds" in reply.end.details["fell_back"]


async def test_a_stream_that_is_cut_before_its_first_word_is_asked_for_again(server, opened):
    server.misbehaviours.append(Misbehaviour(cut=0))
    reply = await opened({ID: table(server)}).reply()
    assert reply.content == (TextBlock(text="Ten days."),)
    assert reply.end.details["retries"] == 1


async def test_what_is_no_stream_at_all_is_no_reply(server, opened):
    server.misbehaviours.append(Misbehaviour(raw=b"data: {not json}\n\n"))
    with pytest.raises(ModelFailed, match="openai:some-model"):
        await opened({ID: table(server)}).reply()
    assert len(server.requests) == 1


async def test_a_long_wait_is_left_to_the_caller(server, opened):
    server.misbehaviours.append(Misbehaviour(status=429, headers={"retry-after": "3600"}))
    outcome = opened({ID: table(server)})
    with pytest.raises(Throttled, match="3600 seconds"):
        await outcome.reply()
    assert outcome.waited == []


async def test_usage_that_a_provider_does_not_tell_is_counted(server, opened):
    server.usage = False
    usage = (await opened({ID: table(server)}).reply()).end
    assert usage.details["usage_estimated"] is True
    assert usage.usage.input_tokens > 4
    assert 2 <= usage.usage.output_tokens <= 4


async def test_a_request_that_is_left_frees_its_place(server, opened):
    outcome = opened({ID: table(server, concurrency=1)})
    stream = outcome.gateway.chat(ID, REQUEST)
    await anext(stream)
    await stream.aclose()
    assert (await outcome.reply()).content == (TextBlock(text="Ten days."),)


async def test_tokens_pass_as_they_come_without_waiting_for_the_next(opened):
    more = asyncio.Event()
    scripted("held", ["First", more, " second."])
    stream = opened({ID: {"target": "scripted:held"}}).gateway.chat(ID, REQUEST)
    assert isinstance(await anext(stream), BlockStarted)
    assert (await anext(stream)).text == "First"
    more.set()
    assert (await anext(stream)).text == " second."
    await stream.aclose()


async def test_the_first_token_is_timed_when_it_comes_not_when_the_reply_is_over(opened):
    scripted("timed", ["First", " second."])
    end = (await opened({ID: {"target": "scripted:timed"}}).reply()).end
    assert 0 < end.first_token_ms < end.latency_ms


async def test_a_model_for_embedding_does_not_converse(server, opened):
    with pytest.raises(Unsupported, match="a model for embedding, not for chat"):
        await opened({}).reply(reference="outcrop.all-minilm-l6-v2")


async def test_texts_are_embedded_by_model_id(monkeypatch, opened):
    monkeypatch.setenv("SOME_KEY", "key")
    with embedding_server() as server:
        tables = {TITAN: table(server, kind="embedding", dimensions=DIMENSIONS)}
        vectors, tokens = await opened(tables).gateway.embed(TITAN, ["one", "two words"], "document")
    assert vectors.shape == (2, DIMENSIONS)
    assert tokens == 4


async def test_a_knowledge_base_may_name_its_embedder_by_model_id(monkeypatch):
    monkeypatch.setenv("SOME_KEY", "key")
    with embedding_server() as server:
        one = CardEntry(**table(server, kind="embedding", dimensions=DIMENSIONS))
        adapters = LoadedAdapters(Settings(models={TITAN: one}))
        assert (await adapters.embedder(TITAN).embed(["one"], "query")).shape == (1, DIMENSIONS)
        await adapters.close()


async def test_texts_are_reranked_by_model_id(monkeypatch, opened):
    monkeypatch.setenv("SOME_KEY", "key")
    with embedding_server() as server:
        gateway = opened({"cohere.rerank-v3-5:0": table(server, "cohere", kind="rerank")}).gateway
        texts = ["Leave is requested.", "The canteen opens at noon."]
        best = await gateway.rerank("cohere.rerank-v3-5:0", "When does the canteen open?", texts, 1)
    assert [index for index, _ in best] == [1]


async def test_the_reranker_of_our_own_needs_no_model(model_folder):
    adapters = LoadedAdapters(Settings(model_folder=model_folder, threads=1, embedding_precision="fp32"))
    texts = ["Leave is requested from the team lead.", "The canteen opens at noon.", ""]
    best = await adapters.models.rerank(RERANK_ID, "When does the canteen open?", texts, 3)
    assert best[0][0] == 1
    assert {index for index, _ in best} == {0, 1, 2}
    assert all(0 <= score <= 1 for _, score in best)
    await adapters.close()


async def test_tokens_are_counted_by_the_provider(server, opened):
    assert await opened({ID: table(server, "anthropic")}).gateway.count_tokens(ID, REQUEST) == 42


async def test_a_profile_of_ones_own_stands_for_its_model(server):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    metadata = MemoryMetadata()
    profile = InferenceProfile(id="abcdefghij12", created_at=moment, updated_at=moment, name="mine", model_id=ID)
    await metadata.put(profile)
    adapters = LoadedAdapters(Settings(models={ID: CardEntry(**table(server))}), metadata)
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghij12"
    assert (await adapters.models.card(arn)).id == ID
    with pytest.raises(NotFound):
        await adapters.models.card("zzzzzzzzzz99")


async def test_a_busy_reranker_is_asked_again_and_then_another(opened):
    with embedding_server() as server, embedding_server() as other:
        server.replies.extend([Reply(status=429, headers={"retry-after": "2"})] * 3)
        keyless = {"kind": "rerank", "key_variable": None}
        first = table(server, "vllm", fallbacks=["jina.rerank-v1"], **keyless)
        outcome = opened({"cohere.rerank-v3-5:0": first, "jina.rerank-v1": table(other, "vllm", **keyless)})
        assert len(await outcome.gateway.rerank("cohere.rerank-v3-5:0", "q", ["a", "b"], 2)) == 2
    assert outcome.waited == [2.0, 2.0]
    assert (len(server.requests), len(other.requests)) == (3, 1)


async def test_documents_are_embedded_within_the_limits(opened, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "key")
    with embedding_server() as server:
        limited = table(server, kind="embedding", dimensions=DIMENSIONS, requests_per_minute=1)
        gateway = opened({TITAN: limited}).gateway
        vectors, _ = await gateway.embed(TITAN, ["one"], "query")
        assert vectors.shape == (1, DIMENSIONS)
        with pytest.raises(Throttled, match="requests_per_minute"):
            await gateway.embed(TITAN, ["two"], "query")


async def test_answers_from_passages_are_asked_for_again_too(server):
    server.misbehaviours.append(Misbehaviour(status=429, headers={"retry-after": "0"}))
    adapters = LoadedAdapters(Settings(models={ID: CardEntry(**table(server))}, model=ID))
    prompt = Prompt(question="q", passages=(), messages=(Message(role="user", text="How many days?"),))
    deltas = [delta async for delta in adapters.generator(ID).generate(prompt)]
    assert "".join(delta.text for delta in deltas) == "Ten days."
    assert deltas[-1].usage.output_tokens == 7
    assert len(server.requests) == 2
    await adapters.close()
