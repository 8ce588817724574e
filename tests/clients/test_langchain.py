"""LangChain's classes for Bedrock, unmodified."""

from __future__ import annotations

import pytest
from tests.clients.conftest import documented

from outcrop.testing.chat_formats import Call

NORTH = Call("call1", "opening_hour", '{"gate": "north", "day": 3}')
SOUTH = Call("call2", "opening_hour", '{"gate": "south"}')
CALLED_NORTH = {"name": "opening_hour", "args": {"gate": "north", "day": 3}}
CALLED_SOUTH = {"name": "opening_hour", "args": {"gate": "south"}}


@pytest.fixture(scope="module")
def langchain(python):
    return python("sdk")


@pytest.fixture(scope="module")
def outcome(langchain):
    return langchain.read(
        "langchain_tools.py",
        ["Let me look. ", NORTH],
        [NORTH, SOUTH],
        ["Both at seven."],
        ["I am no Claude."],
        ["In ", "pieces."],
        [Call("call3", "Gate", '{"name": "north", "hour": 7}')],
        ['{"why": "The passages tell it.", "searches": [], "read": []}'],
        ["On flights longer than six hours. [1]"],
    )


def test_the_program_of_the_page_retrieves_reranks_embeds_and_streams(langchain):
    printed = langchain.run(documented("LangChain", "python"))
    assert "business class on flights longer than six hours" in printed
    assert "\n384\n" in printed
    assert printed.endswith("The answer is seven.")


def test_a_stream_with_a_tool_call_comes_piece_by_piece(outcome):
    streamed = outcome.found["streamed"]
    assert (streamed["text"], streamed["calls"]) == ("Let me look. ", [CALLED_NORTH])
    assert streamed["pieces"] > 2


def test_a_reply_that_begins_with_tool_calls_holds_them_all(outcome):
    assert outcome.found["whole"] == [CALLED_NORTH, CALLED_SOUTH]


def test_tool_results_are_sent_and_answered_with_usage(outcome):
    assert outcome.found["after_the_tools"] == "Both at seven."
    assert outcome.found["usage"] == {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
    results = [one["content"] for one in outcome.asked[2]["messages"] if one["role"] == "tool"]
    assert results == ["The north gate opens at seven on day 3.", "The south gate opens at seven on day 1."]


def test_the_model_is_told_of_the_tools_and_the_system_prompt(outcome):
    first = outcome.asked[0]
    function = first["tools"][0]["function"]
    assert (function["name"], function["description"]) == ("opening_hour", "When a gate opens.")
    assert function["parameters"]["properties"]["gate"]["type"] == "string"
    assert "Be brief." in str(first["messages"][0])
    assert 200 in (first.get("max_tokens"), first.get("max_completion_tokens"))


def test_a_filter_narrows_what_is_retrieved(outcome):
    assert outcome.found["filtered"] == ["travel.md"]


def test_a_cross_region_profile_of_a_configured_model_answers(outcome):
    assert outcome.found["by_claude"] == "I am no Claude."
    assert (outcome.asked[3]["model"], outcome.asked[3]["temperature"]) == ("gpt-4.1", 0.2)


def test_a_body_of_the_model_family_streams(outcome):
    assert outcome.found["by_its_own_body"] == ["In ", "pieces."]


def test_structured_output_comes_through_a_forced_tool(outcome):
    assert outcome.found["structured"] == {"name": "north", "hour": 7}
    assert outcome.asked[5]["tool_choice"] == "required"


def test_exploring_a_knowledge_base_gives_a_cited_answer(outcome):
    assert "six hours" in outcome.found["agentic"]["answer"]
    [citation] = outcome.found["agentic"]["citations"]
    assert citation["references"] == [{"resultIndex": 0}]


def test_documents_are_embedded(outcome):
    assert outcome.found["embedded"] == [2, 384]


def test_an_unknown_knowledge_base_is_an_error_by_name(outcome):
    assert outcome.found["refused"] == ["ResourceNotFoundException", 404]
