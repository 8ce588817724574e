"""Language models over real HTTP: what is sent, what comes back, and what goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from outcrop.adapters.generators.provider_messages import settings_of
from outcrop.adapters.generators.providers import open_chat_model
from outcrop.core.chat import BlockDelta, ChatMessage, ChatRequest, Sampling, TextBlock, ToolChoice, ToolSpec
from outcrop.core.errors import Denied, Invalid, ModelFailed, Throttled, TimedOut, Unavailable, Unsupported
from outcrop.core.settings import Settings
from outcrop.testing.adapters import GivenAdapters
from outcrop.testing.cards import card
from outcrop.testing.chat_server import Misbehaviour, chat_server

PIECES = ["Ten ", "days", " [1]."]
REQUEST = ChatRequest(
    messages=(ChatMessage(role="user", content=(TextBlock(text="How many days?"),)),),
    system=("Be brief.",),
    sampling=Sampling(temperature=0),
)


@pytest.fixture
def server(monkeypatch):
    with chat_server(PIECES) as server:
        for name, address in (
            ("OPENAI", f"{server.address}/v1"),
            ("ANTHROPIC", server.address),
            ("OLLAMA", f"{server.address}/v1"),
        ):
            monkeypatch.setenv(f"{name}_BASE_URL", address)
            monkeypatch.setenv(f"{name}_API_KEY", "key")
        yield server


def opened(name, **more):
    return open_chat_model(card(name, **more), Settings(), GivenAdapters({}))


async def said(model, request=REQUEST):
    return [event async for event in model.stream(request)]


@pytest.mark.parametrize("name", ["openai:some-model", "anthropic:some-model", "ollama:some-model"])
async def test_tokens_come_as_they_are_sent_and_usage_at_the_end(server, name):
    events = await said(opened(name))
    assert [event.text for event in events if isinstance(event, BlockDelta)] == PIECES
    assert (events[-1].usage.input_tokens, events[-1].usage.output_tokens) == (11, 7)


@pytest.mark.parametrize("name", ["openai:some-model", "anthropic:some-model"])
async def test_the_conversation_is_sent_whole(server, name):
    await said(opened(name))
    request = server.requests[0]
    assert request["temperature"] == 0
    assert request["stream"] is True
    assert "Be brief." in str(request)
    assert "How many days?" in str(request)


async def test_sampling_is_sent(server):
    sampling = Sampling(temperature=0.5, top_p=0.9, max_tokens=17, stop=("END",), seed=3, presence_penalty=0.1)
    await said(opened("openai:some-model"), ChatRequest(messages=REQUEST.messages, sampling=sampling))
    request = server.requests[0]
    assert (request["temperature"], request["top_p"], request["stop"]) == (0.5, 0.9, ["END"])
    assert (request["seed"], request["presence_penalty"]) == (3, 0.1)
    assert 17 in (request.get("max_tokens"), request.get("max_completion_tokens"))


@pytest.mark.parametrize("name", ["openai:some-model", "anthropic:some-model"])
@pytest.mark.parametrize(
    ("misbehaviour", "error", "words"),
    [
        (Misbehaviour(status=429, headers={"retry-after": "7"}), Throttled, "in 7 seconds"),
        (Misbehaviour(status=500), Unavailable, "HTTP 500"),
        (Misbehaviour(status=503), Unavailable, "503"),
        (Misbehaviour(status=401), Denied, "key"),
        (Misbehaviour(status=400), ModelFailed, "HTTP 400"),
    ],
)
async def test_errors_of_a_provider_are_ours(server, name, misbehaviour, error, words):
    server.misbehaviours.append(misbehaviour)
    with pytest.raises(error, match=words):
        await said(opened(name))
    assert len(server.requests) == 1  # whoever asks decides whether to ask again


async def test_a_slow_first_byte_times_out(server):
    server.misbehaviours.append(Misbehaviour(silent=True))
    with pytest.raises(TimedOut, match="some-model"):
        await said(opened("openai:some-model", timeout=0.2))


@pytest.mark.parametrize("name", ["openai:some-model", "anthropic:some-model"])
async def test_what_is_no_stream_is_a_failure(server, name):
    server.misbehaviours.append(Misbehaviour(raw=b"data: {not json}\n\n"))
    with pytest.raises((ModelFailed, Unavailable)):
        await said(opened(name))


@pytest.mark.parametrize("name", ["openai:some-model", "anthropic:some-model"])
async def test_a_stream_that_is_cut_is_a_failure(server, name):
    server.misbehaviours.append(Misbehaviour(cut=2))
    with pytest.raises((ModelFailed, Unavailable)):
        await said(opened(name))


async def test_nobody_there_is_unavailable(server, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(Unavailable):
        await said(opened("openai:some-model"))


def test_a_missing_key_is_said_without_a_trace_of_secrets(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(Invalid, match="OPENAI_API_KEY"):
        opened("openai:some-model")


ASK = """
import sys
sys.modules[sys.argv[2]] = None  # as if it were not installed
from outcrop.adapters.provider_login import opening, provider_of
from outcrop.testing.cards import card
with opening(f"{sys.argv[1]}:some-model"):
    provider_of(card(f"{sys.argv[1]}:some-model"), sys.argv[1])
"""


@pytest.mark.parametrize(("family", "package"), [("mistral", "mistralai"), ("groq", "groq"), ("cohere", "cohere")])
def test_a_missing_package_is_named_with_its_command(family, package):
    command = [sys.executable, "-c", ASK, family, package]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert f"MissingDependency: Models of {family} need" in done.stderr
    assert f'pip install "pydantic-ai-slim[{family}]"' in done.stderr


def test_an_unknown_provider_lists_those_that_there_are():
    with pytest.raises(Invalid, match="anthropic"):
        opened("nowhere:model")


TOWN = {
    "type": "object",
    "properties": {"town": {"type": "string"}},
    "required": ["town"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("strict", [False, True])
async def test_strictness_and_one_tool_at_a_time_are_sent(server, strict):
    tools = (ToolSpec(name="weather", schema=TOWN, strict=strict),)
    choice = ToolChoice(parallel=not strict)
    await said(opened("openai:gpt-5-mini"), ChatRequest(messages=REQUEST.messages, tools=tools, tool_choice=choice))
    request = server.requests[0]
    assert request["parallel_tool_calls"] is not strict
    assert request["tools"][0]["function"].get("strict", False) is strict


@pytest.mark.parametrize("strict", [False, True])
async def test_a_schema_is_held_to_as_strictly_as_is_asked_for(server, strict):
    request = ChatRequest(messages=REQUEST.messages, answer_schema=TOWN, answer_strict=strict)
    await said(opened("openai:gpt-5-mini"), request)
    assert server.requests[0]["response_format"]["json_schema"].get("strict", False) is strict


def test_a_family_that_cannot_call_one_tool_at_a_time_says_so():
    request = ChatRequest(
        messages=REQUEST.messages,
        tools=(ToolSpec(name="weather", schema=TOWN),),
        tool_choice=ToolChoice(parallel=False),
    )
    with pytest.raises(Unsupported, match="one tool at a time"):
        settings_of(request, "google", 1.0, {"parallel_tool_calls"})
