"""The gateway over real HTTP: what comes back, what is tried again, and what stands in."""

from __future__ import annotations

import pytest

from outcrop.app.adapters import LoadedAdapters
from outcrop.core.chat import ChatMessage, ChatRequest, Sampling, TextBlock, ToolSpec, ToolUse
from outcrop.core.errors import Denied, Invalid, NotFound, Throttled, Unavailable, Unsupported
from outcrop.core.settings import Settings
from outcrop.models.gateway import Gateway
from outcrop.models.replies import whole
from outcrop.testing.chat_formats import Call
from outcrop.testing.chat_server import Misbehaviour, chat_server

ID = "anthropic.claude-sonnet-4-20250514-v1:0"
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
        adapters = LoadedAdapters(Settings(models=tables))
        self.gateway = Gateway(adapters.models.catalog, adapters, pause=self.pause)

    async def pause(self, seconds):
        self.waited.append(seconds)

    async def reply(self, request=REQUEST, reference=ID):
        return await whole(self.gateway.chat(reference, request))


def table(server, family="openai", **more):
    address = server.address if family == "anthropic" else f"{server.address}/v1"
    return {"target": f"{family}:some-model", "base_url": address, "key_variable": "SOME_KEY", **more}


@pytest.mark.parametrize("family", ["openai", "anthropic", "ollama"])
async def test_a_reply_comes_whole_with_usage_and_times(server, family):
    reply = await Outcome({ID: table(server, family)}).reply()
    assert reply.content == (TextBlock(text="Ten days."),)
    assert (reply.end.stop_reason, reply.end.usage.input_tokens, reply.end.usage.output_tokens) == ("end_turn", 11, 7)
    assert 0 < reply.end.first_token_ms <= reply.end.latency_ms


@pytest.mark.parametrize("family", ["openai", "anthropic"])
async def test_a_reply_may_begin_with_a_tool_call_and_hold_several(server, family):
    server.pieces = [Call("1", "weather", '{"day": 1}'), Call("2", "weather", '{"day": 2}')]
    request = ChatRequest(messages=REQUEST.messages, tools=(WEATHER,))
    reply = await Outcome({ID: table(server, family)}).reply(request)
    assert reply.content == tuple(ToolUse(id=str(day), name="weather", arguments={"day": day}) for day in (1, 2))
    assert reply.end.stop_reason == "tool_use"


async def test_a_busy_provider_is_asked_again_after_the_time_that_it_names(server):
    server.misbehaviours.append(BUSY)
    outcome = Outcome({ID: table(server)})
    reply = await outcome.reply()
    assert outcome.waited == [3.0]
    assert reply.end.details["retries"] == 1


async def test_a_model_that_keeps_failing_is_given_up(server):
    server.misbehaviours.extend([Misbehaviour(status=500)] * 9)
    with pytest.raises(Unavailable, match="HTTP 500"):
        await Outcome({ID: table(server, retries=3)}).reply()
    assert len(server.requests) == 4


async def test_another_stands_in_before_the_first_word(server, other):
    server.misbehaviours.append(Misbehaviour(status=401))
    reply = await Outcome({ID: table(server, fallbacks=[OTHER]), OTHER: table(other)}).reply()
    assert reply.content == (TextBlock(text="Twelve."),)
    assert reply.end.details["card"] == OTHER
    assert "refuses the key" in reply.end.details["fell_back"]


async def test_nothing_stands_in_after_the_first_word(server, other):
    server.misbehaviours.append(Misbehaviour(cut=1))
    outcome = Outcome({ID: table(server, fallbacks=[OTHER]), OTHER: table(other)})
    with pytest.raises(Exception, match=r"broke off|does not answer"):
        await outcome.reply()
    assert not other.requests
    assert len(server.requests) == 1


async def test_where_all_fail_one_that_may_pass_is_told(server, other):
    server.misbehaviours.append(Misbehaviour(status=401))
    other.misbehaviours.extend([BUSY] * 3)
    with pytest.raises(Throttled):
        await Outcome({ID: table(server, fallbacks=[OTHER]), OTHER: table(other)}).reply()


async def test_a_key_that_is_refused_is_not_tried_again(server):
    server.misbehaviours.append(Misbehaviour(status=401))
    with pytest.raises(Denied):
        await Outcome({ID: table(server)}).reply()
    assert len(server.requests) == 1


async def test_sampling_out_of_range_is_named_with_its_range(server):
    request = ChatRequest(messages=REQUEST.messages, sampling=Sampling(temperature=1.5))
    with pytest.raises(Invalid, match=r"temperature: .* takes 0 to 1, not 1.5"):
        await Outcome({ID: table(server, "anthropic")}).reply(request)
    assert not server.requests


async def test_tools_are_refused_for_a_model_that_has_none(server):
    request = ChatRequest(messages=REQUEST.messages, tools=(WEATHER,))
    with pytest.raises(Unsupported, match="cannot be given tools"):
        await Outcome({ID: table(server, tools=False)}).reply(request)


async def test_an_unknown_model_is_answered_with_those_that_there_are(server):
    with pytest.raises(NotFound, match=r"outcrop\.extractive-v1"):
        await Outcome({ID: table(server)}).reply(reference="cohere.nothing-v1")


async def test_the_price_is_told_where_it_is_known(server):
    reply = await Outcome({ID: table(server, input_price=1.0, output_price=2.0)}).reply()
    assert reply.end.details["cost_usd"] == pytest.approx((11 * 1 + 7 * 2) / 1e6)
