"""The AWS SDK for JavaScript, unmodified, on Node: HTTP/2 without TLS, whole replies and streams."""

from __future__ import annotations

import pytest
from tests.clients.conftest import PROGRAMS, documented, node_on

from outcrop.testing.chat_formats import Call


@pytest.fixture(scope="module")
def node(place):
    return node_on(place)


@pytest.fixture(scope="module")
def found(node, place):
    program = (PROGRAMS / "streams.mjs").read_text(encoding="utf-8")
    return place.outcome(lambda: node(program), [[Call("call1", "opening_hour", '{"gate": "north"}')]]).found


def test_the_program_of_the_page_retrieves_and_streams(node):
    printed = node(documented("JavaScript", "js"))
    assert "business class on flights longer than six hours" in printed
    assert printed.endswith("The answer is seven.")


def test_the_runtime_clients_speak_http_2(found):
    assert found["protocols"] == ["h2", "h2"]


def test_a_tool_call_streams_with_all_its_events(found):
    assert found["tools"]["input"] == {"gate": "north"}
    assert found["tools"]["kinds"] == [
        "messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata",
    ]  # fmt: skip


def test_a_whole_reply_has_usage(found):
    assert found["whole"]["text"] == "The answer is seven."
    assert found["whole"]["stop"] == "end_turn"
    assert found["whole"]["usage"]["inputTokens"] + found["whole"]["usage"]["cacheReadInputTokens"] == 11
    assert found["whole"]["usage"]["outputTokens"] == 7


def test_an_answer_streams_with_citations_and_a_session(found):
    assert "longer than six hours" in found["answer"]["text"]
    assert found["answer"]["citations"] > 0
    assert found["answer"]["session"] == "string"


def test_a_body_of_the_model_family_comes_whole_and_in_a_stream(found):
    assert found["bodies"]["said"] == "The answer is seven."
    assert found["bodies"]["types"][0] == "message_start"
    assert found["bodies"]["types"][-1] == "message_stop"


def test_pages_follow_each_other(found):
    assert sum(found["pages"]) == 3


def test_an_unknown_knowledge_base_is_an_error_by_name(found):
    assert found["refused"] == ["ResourceNotFoundException", 404]
