"""A provider answers over its own protocol: from boto3 through the gateway to a server on loopback, and back."""

from __future__ import annotations

import pytest
from botocore.exceptions import EventStreamError

from outcrop.core.settings import CardEntry
from outcrop.testing.chat_server import Misbehaviour, chat_server
from outcrop.testing.small import BASE


@pytest.fixture
def provider():
    with chat_server(["Anna Keller ", "approves ", "leave [1]", "."]) as server:
        yield server


@pytest.fixture
def settings(settings, provider, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "some-key")
    address = f"{provider.address}/v1"
    card = CardEntry(target="openai:some-model", base_url=address, key_variable="SOME_KEY", retries=0)
    return settings.model_copy(update={"models": {"meta.llama3-8b-instruct-v1:0": card}})


def asking(**generation):
    settings = {
        "knowledgeBaseId": BASE.id,
        "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-8b-instruct-v1:0",
        "generationConfiguration": generation,
    }
    configuration = {"type": "KNOWLEDGE_BASE", "knowledgeBaseConfiguration": settings}
    return {"input": {"text": "Who approves leave?"}, "retrieveAndGenerateConfiguration": configuration}


def test_a_mapped_model_id_answers_with_citations(runtime, provider):
    reply = runtime.retrieve_and_generate(**asking())
    assert reply["output"]["text"] == "Anna Keller approves leave."
    quote = reply["citations"][0]["retrievedReferences"][0]["metadata"]["x-outcrop-quote"]
    assert quote == "Leave is approved by Anna Keller."
    assert provider.requests[-1]["model"] == "some-model"


def test_parameters_and_own_fields_are_sent_to_the_provider(runtime, provider):
    inference = {"textInferenceConfig": {"temperature": 0.5, "maxTokens": 77, "stopSequences": ["END"]}}
    runtime.retrieve_and_generate(**asking(inferenceConfig=inference, additionalModelRequestFields={"top_k": 4}))
    sent = provider.requests[-1]
    assert (sent["temperature"], sent["stop"], sent["top_k"]) == (0.5, ["END"], 4)
    assert 77 in (sent.get("max_tokens"), sent.get("max_completion_tokens"))


def test_the_stream_passes_each_piece_on(runtime):
    events = list(runtime.retrieve_and_generate_stream(**asking())["stream"])
    pieces = [event["output"]["text"] for event in events if "output" in event]
    assert len(pieces) > 2
    assert "".join(pieces) == "Anna Keller approves leave."


@pytest.mark.parametrize(
    ("misbehaviour", "code"),
    [
        (Misbehaviour(status=429), "ThrottlingException"),
        (Misbehaviour(status=500), "DependencyFailedException"),
        (Misbehaviour(raw=b"data: {no json\n\n"), "DependencyFailedException"),
    ],
)
def test_a_provider_that_fails_has_awss_name_for_it(runtime, refused, provider, misbehaviour, code):
    provider.misbehaviours.append(misbehaviour)
    assert refused(runtime.retrieve_and_generate, **asking())[0] == code


def test_a_stream_that_is_cut_ends_with_an_error(runtime, provider):
    provider.misbehaviours.append(Misbehaviour(cut=2))
    with pytest.raises(EventStreamError):
        list(runtime.retrieve_and_generate_stream(**asking())["stream"])
