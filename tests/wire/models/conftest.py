"""A server whose models say what a test wrote, and clients for it."""

from __future__ import annotations

import base64
import json

import pytest
from botocore.exceptions import ClientError

from outcrop.adapters.generators.scripted import scripted
from outcrop.testing.embedding_server import embedding_server
from outcrop.testing.small import small_services

CLAUDE = "anthropic.claude-3-5-sonnet-20241022-v2:0"
NOVA = "amazon.nova-lite-v1:0"
TITAN = "amazon.titan-text-express-v1"
LLAMA = "meta.llama3-1-8b-instruct-v1:0"
MISTRAL = "mistral.mistral-7b-instruct-v0:2"
OPENAI = "openai.gpt-oss-20b-1:0"
OTHER = "vendor.some-model-v1"
SINGLE = "vendor.one-at-a-time-v1"
TALKING = (CLAUDE, NOVA, TITAN, LLAMA, MISTRAL, OPENAI, OTHER)
EMBEDDERS = (
    "amazon.titan-embed-text-v1",
    "amazon.titan-embed-text-v2:0",
    "amazon.nova-2-multimodal-embeddings-v1:0",
    "cohere.embed-english-v3",
    "cohere.embed-v4:0",
)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="session")
def vectors():
    with embedding_server() as running:
        yield running


@pytest.fixture
def services(tmp_path, vectors, model_folder, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    talking = {name: {"target": "scripted:wire", "retries": 0} for name in TALKING}
    talking[SINGLE] = {"target": "scripted:wire", "concurrency": 1}
    embedding = {
        name: {
            "target": "openai:some-embedder",
            "kind": "embedding",
            "base_url": f"{vectors.address}/v1",
            "dimensions": 64,
        }
        for name in EMBEDDERS
    }
    return small_services(tmp_path, (), models={**talking, **embedding}, model_folder=model_folder)


@pytest.fixture
def server(services, server):
    """The server, whose connections to providers are closed in its own event loop."""
    yield server
    server.call(services.models._adapters.close())


@pytest.fixture
def script():
    """Writes what the models say; gives what they are asked."""
    return lambda *replies: scripted("wire", *replies)


@pytest.fixture
def runtime(client):
    return client("bedrock-runtime")


@pytest.fixture
def bedrock(client):
    return client("bedrock")


@pytest.fixture
def invoke(runtime):
    """Sends a body; gives the reply's body and its headers."""

    def send(model, body, **more):
        reply = runtime.invoke_model(modelId=model, body=json.dumps(body), **more)
        return json.loads(reply["body"].read()), reply["ResponseMetadata"]["HTTPHeaders"]

    return send


@pytest.fixture
def invoke_stream(runtime):
    """Sends a body; gives the chunks."""

    def send(model, body, **more):
        stream = runtime.invoke_model_with_response_stream(modelId=model, body=json.dumps(body), **more)
        return [json.loads(event["chunk"]["bytes"]) for event in stream["body"]]

    return send


@pytest.fixture
def refused():
    """The name and the message of the error that a call ends with."""

    def code(call):
        with pytest.raises(ClientError) as raised:
            call()
        return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]

    return code
