"""boto3, unmodified, as a program uses it: in a process of its own, told nothing but address and key."""

from __future__ import annotations

import re

import pytest
from tests.clients.conftest import PAGE, SILENCE, documented

from outcrop.testing.chat_formats import Call


@pytest.fixture(scope="module")
def boto3(python):
    return python()


@pytest.fixture(scope="module")
def outcome(boto3):
    calls = [Call("call1", "opening_hour", '{"gate": "north"}'), Call("call2", "opening_hour", '{"gate": "south"}')]
    return boto3.read("boto3_runtime.py", calls, ["At seven."])


def test_what_a_client_is_told_is_what_the_server_prints_when_it_starts(place):
    lines = re.findall(r"^export (\w+)=", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(lines) == sorted(
        name for name in place.variables if name.startswith(("AWS_", "OPENAI_")) and name not in SILENCE
    )
    assert place.variables["AWS_ENDPOINT_URL"] == place.address


def test_the_program_of_the_page_retrieves_and_streams(boto3):
    printed = boto3.run(documented("boto3", "python"))
    assert "business class on flights longer than six hours" in printed
    assert "twenty-eight days" not in printed  # of another department
    assert printed.endswith("The answer is seven.")


def test_pages_follow_each_other_until_every_passage_was_given_once(outcome):
    assert len(outcome.found["pages"]) == len(set(outcome.found["pages"])) == 3


def test_an_answer_streams_with_a_citation_whose_span_is_the_statement(outcome):
    answer = outcome.found["answer"]
    assert "business class" in answer["text"]
    assert answer["cited"].startswith("Employees may book")
    assert answer["session"]


def test_a_conversation_goes_on_until_the_tools_have_run(outcome):
    assert outcome.found["conversation"] == {"text": "At seven.", "turns": 4}
    results = [one["content"] for one in outcome.asked[1]["messages"] if one["role"] == "tool"]
    assert results == ["The north gate: seven.", "The south gate: seven."]


def test_a_stream_comes_in_the_pieces_that_the_model_sent(outcome):
    streamed = outcome.found["streamed"]
    assert streamed["pieces"] == ["The answer ", "is seven."]
    assert (streamed["last"], streamed["stop"]) == (["metadata"], {"stopReason": "end_turn"})


def test_a_body_of_titan_gives_the_vector_of_the_bundled_model(outcome):
    assert outcome.found["invoked"] == 384


def test_models_of_the_file_of_settings_are_listed(outcome):
    assert "anthropic.claude-sonnet-4-20250514-v1:0" in outcome.found["listed"]


def test_errors_have_the_names_that_the_client_has_classes_for(outcome):
    missing, unknown = outcome.found["refused"]
    assert missing == ["ResourceNotFoundException", "ResourceNotFoundException"]
    assert unknown == ["ClientError", "InvalidSignatureException"]
