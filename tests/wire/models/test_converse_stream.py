"""An unmodified boto3 client reads a conversation's stream, each piece as the model gives it."""

from __future__ import annotations

import asyncio

import pytest
from botocore.exceptions import EventStreamError

from outcrop.core.chat import ReasoningBlock, ToolUse
from outcrop.core.errors import Denied, ModelFailed, Throttled, TimedOut, Unavailable

CLAUDE = "anthropic.claude-3-5-sonnet-20241022-v2:0"
USER = {"role": "user", "content": [{"text": "How many?"}]}
TOOLS = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object"}}}}]}


@pytest.fixture
def stream(runtime):
    """Reads a stream to its end."""
    return lambda **more: list(runtime.converse_stream(modelId=CLAUDE, messages=[USER], **more)["stream"])


def test_the_events_of_a_text_come_in_bedrocks_order(stream, script):
    script(["Twenty", "-eight."])
    *events, metadata = stream()
    assert events == [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockDelta": {"delta": {"text": "Twenty"}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"text": "-eight."}, "contentBlockIndex": 0}},
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "end_turn"}},
    ]
    assert metadata["metadata"]["usage"] == {"inputTokens": 2, "outputTokens": 2, "totalTokens": 4}
    assert metadata["metadata"]["metrics"]["latencyMs"] >= 0


def test_calls_of_tools_are_announced_and_their_arguments_follow(stream, script):
    script([ToolUse(id="a", name="weather", arguments={"city": "Bern"}), ToolUse(id="b", name="weather", arguments={})])
    events = stream(toolConfig=TOOLS)
    assert events[1:7] == [
        {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "a", "name": "weather"}}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"toolUse": {"input": '{"city": "Bern"}'}}, "contentBlockIndex": 0}},
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "b", "name": "weather"}}, "contentBlockIndex": 1}},
        {"contentBlockDelta": {"delta": {"toolUse": {"input": "{}"}}, "contentBlockIndex": 1}},
        {"contentBlockStop": {"contentBlockIndex": 1}},
    ]
    assert events[-2] == {"messageStop": {"stopReason": "tool_use"}}


def test_thoughts_come_with_their_signature(stream, script):
    script([ReasoningBlock(text="Hm.", signature="sig"), ReasoningBlock(redacted=b"hidden"), "Yes."])
    deltas = [event["contentBlockDelta"]["delta"] for event in stream() if "contentBlockDelta" in event]
    assert deltas == [
        {"reasoningContent": {"text": "Hm."}},
        {"reasoningContent": {"signature": "sig"}},
        {"reasoningContent": {"redactedContent": b"hidden"}},
        {"text": "Yes."},
    ]


def test_the_last_events_say_what_was_asked_for_besides(stream, script):
    script(["Yes."])
    events = stream(additionalModelResponseFieldPaths=["/stop_reason"], serviceTier={"type": "flex"})
    assert events[-2]["messageStop"]["additionalModelResponseFields"] == {"stop_reason": "end_turn"}
    assert events[-1]["metadata"]["serviceTier"] == {"type": "default"}


def test_the_first_token_reaches_the_client_before_the_model_has_its_second(runtime, script, server):
    second = server.call(made())
    script(["Twenty", second, "-eight."])
    stream = runtime.converse_stream(modelId=CLAUDE, messages=[USER])["stream"]
    events = iter(stream)
    assert next(events) == {"messageStart": {"role": "assistant"}}
    assert next(events)["contentBlockDelta"]["delta"] == {"text": "Twenty"}  # while the model stands still
    server.loop.call_soon_threadsafe(second.set)
    assert next(events)["contentBlockDelta"]["delta"] == {"text": "-eight."}
    stream.close()


def test_a_client_that_leaves_makes_room_for_the_next(runtime, script, server):
    script(["Twenty", server.call(made())], ["Yes."])
    single = "vendor.one-at-a-time-v1"  # one request at once
    stream = runtime.converse_stream(modelId=single, messages=[USER])["stream"]
    assert next(iter(stream)) == {"messageStart": {"role": "assistant"}}
    stream.close()  # the model would never have gone on
    reply = runtime.converse(modelId=single, messages=[USER])
    assert reply["output"]["message"]["content"] == [{"text": "Yes."}]


async def made():
    return asyncio.Event()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Throttled("Wait."), "ThrottlingException"),
        (TimedOut("Slow."), "ModelTimeoutException"),
        (ModelFailed("Nonsense."), "ModelErrorException"),
    ],
)
def test_an_error_before_the_first_word_has_its_own_status(runtime, script, refused, error, code):
    script([error])
    assert refused(lambda: runtime.converse_stream(modelId=CLAUDE, messages=[USER])) == (code, error.message)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Throttled("Wait."), "throttlingException"),
        (Unavailable("Away."), "serviceUnavailableException"),
        (ModelFailed("It broke off."), "modelStreamErrorException"),
        (TimedOut("Slow."), "modelStreamErrorException"),  # this stream has no other name for it
        (Denied("No."), "modelStreamErrorException"),
    ],
)
def test_an_error_within_a_stream_is_an_exception_in_it(runtime, script, error, code):
    script(["Twenty", error])
    stream = runtime.converse_stream(modelId=CLAUDE, messages=[USER])["stream"]
    seen = []
    with pytest.raises(EventStreamError) as raised:
        seen.extend(stream)
    stream.close()
    assert [next(iter(event)) for event in seen] == ["messageStart", "contentBlockDelta"]
    assert raised.value.response["Error"] == {"Code": code, "Message": error.message}
