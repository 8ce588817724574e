"""A Strands agent, unmodified: it streams, calls its tool, and answers with what the tool found."""

from __future__ import annotations

import pytest
from tests.clients.conftest import documented

from outcrop.testing.chat_formats import Call

QUESTION = "When may I fly business class?"
LOOK_UP = Call("call1", "look_up", f'{{"question": "{QUESTION}"}}')


@pytest.fixture(scope="module")
def strands(python):
    return python("sdk")


@pytest.fixture(scope="module")
def outcome(strands):
    return strands.read("strands_agent.py", [Call("call1", "add", '{"a": 2, "b": 40}')], ["Forty-two."])


def test_the_agent_of_the_page_looks_its_answer_up(strands, place):
    place.chat.replies.extend([["I look it up. ", LOOK_UP], ["On flights longer than six hours."]])
    place.chat.requests.clear()
    assert strands.run(documented("Strands Agents", "python")).strip() == "On flights longer than six hours."
    _, second = place.chat.requests
    found = [one["content"] for one in second["messages"] if one["role"] == "tool"]
    assert "business class on flights longer than six hours" in str(found)


def test_whole_replies_run_tools_too(outcome):
    assert outcome.found["text"] == "Forty-two.\n"
    assert outcome.found["stop_reason"] == "end_turn"
    results = [one["content"] for one in outcome.asked[1]["messages"] if one["role"] == "tool"]
    assert results == ["42"]


def test_usage_of_every_turn_is_counted(outcome):
    assert outcome.found["usage"] == {
        "inputTokens": 16,
        "cacheReadInputTokens": 6,
        "outputTokens": 14,
        "totalTokens": 36,
    }
