"""The AWS command line, unmodified."""

from __future__ import annotations

import json
import os

import pytest
from tests.clients.conftest import documented


@pytest.fixture(scope="module")
def aws(python):
    """Runs one command; gives what it printed as JSON."""
    sdk = python("sdk")
    return lambda *words: json.loads(sdk.place.run(sdk.tool("aws"), *words, "--output", "json"))


def test_the_commands_of_the_page_retrieve_converse_and_list(python):
    sdk = python("sdk")
    commands = f'PATH="{sdk.folder / "bin"}{os.pathsep}$PATH"\n{documented("The AWS command line", "sh")}'
    printed = sdk.place.run("bash", "-euo", "pipefail", "-c", commands)
    assert "business class on flights longer than six hours" in printed
    assert "The answer is seven." in printed
    assert "\npolicies\n" in printed
    assert "anthropic.claude-sonnet-4-20250514-v1:0" in printed


def test_retrieval_takes_filters(aws, place):
    only = {"equals": {"key": "department", "value": "people"}}
    configuration = {"vectorSearchConfiguration": {"numberOfResults": 5, "filter": only}}
    found = aws(
        "bedrock-agent-runtime", "retrieve", "--knowledge-base-id", place.knowledge_base,
        "--retrieval-query", "text=leave", "--retrieval-configuration", json.dumps(configuration),
    )  # fmt: skip
    assert ["twenty-eight days" in one["content"]["text"] for one in found["retrievalResults"]] == [True]


def test_an_answer_is_cited(aws, place):
    configuration = {
        "type": "KNOWLEDGE_BASE",
        "knowledgeBaseConfiguration": {
            "knowledgeBaseId": place.knowledge_base,
            "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/outcrop.extractive-v1",
        },
    }
    reply = aws(
        "bedrock-agent-runtime", "retrieve-and-generate", "--input", "text=When may I fly business class?",
        "--retrieve-and-generate-configuration", json.dumps(configuration),
    )  # fmt: skip
    assert "longer than six hours" in reply["output"]["text"]
    assert reply["citations"][0]["retrievedReferences"]


def test_an_error_ends_the_command_with_its_name(python):
    sdk = python("sdk")
    command = [sdk.tool("aws"), "bedrock-runtime", "converse", "--model-id", "not.there", "--messages", "[]"]
    with pytest.raises(AssertionError, match="ResourceNotFoundException"):
        sdk.place.run(*command)
