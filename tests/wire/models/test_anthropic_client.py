"""Anthropic's own client for Bedrock, unmodified, talks to a model."""

from __future__ import annotations

import anthropic
import pytest

from outcrop.core.chat import ToolResult, ToolUse
from outcrop.core.errors import Throttled
from outcrop.testing.small import KEY_ID, SECRET

CLAUDE = "anthropic.claude-3-5-sonnet-20241022-v2:0"
USER = {"role": "user", "content": "How many?"}
TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
CALL = ToolUse(id="call_1", name="weather", arguments={"city": "Bern"})


@pytest.fixture
def claude(server):
    with anthropic.AnthropicBedrock(
        base_url=server.url, aws_access_key=KEY_ID, aws_secret_key=SECRET, aws_region="us-east-1", max_retries=0
    ) as client:
        yield client.messages


def test_a_reply_is_read(claude, script):
    script(["Twenty", "-eight."])
    reply = claude.create(model=CLAUDE, max_tokens=50, messages=[USER], system="Be brief.")
    assert reply.content[0].text == "Twenty-eight."
    assert (reply.stop_reason, reply.usage.output_tokens) == ("end_turn", 2)


def test_a_stream_is_read_and_its_reply_can_be_given_back_with_a_result(claude, script):
    model = script(["Let me ", "see.", CALL])
    asked = {"model": CLAUDE, "max_tokens": 50, "tools": [TOOL]}
    with claude.stream(**asked, messages=[USER]) as stream:
        assert list(stream.text_stream) == ["Let me ", "see."]
        reply = stream.get_final_message()
    assert (reply.content[1].name, reply.content[1].input) == ("weather", {"city": "Bern"})
    result = {"type": "tool_result", "tool_use_id": reply.content[1].id, "content": "Rain."}
    talk = [USER, {"role": "assistant", "content": reply.content}, {"role": "user", "content": [result]}]
    claude.create(**asked, messages=talk)
    said = model.requests[1].messages
    assert said[1].content[1] == CALL
    assert isinstance(said[2].content[0], ToolResult)


def test_an_error_is_read(claude, script):
    script([Throttled("Wait.")])
    with pytest.raises(anthropic.RateLimitError, match="Wait"):
        claude.create(model=CLAUDE, max_tokens=50, messages=[USER])
