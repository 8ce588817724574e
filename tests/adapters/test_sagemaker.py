"""SageMaker's endpoints: what is sent, signed as AWS asks, and what comes back."""

from __future__ import annotations

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from outcrop.app.adapters import LoadedAdapters
from outcrop.core.chat import ChatMessage, ChatRequest, Sampling, TextBlock
from outcrop.core.errors import Denied, Invalid, ModelFailed, Throttled, TimedOut, Unavailable
from outcrop.core.settings import Settings
from outcrop.models.replies import whole
from outcrop.testing.cards import card
from outcrop.testing.embedding_server import DIMENSIONS, Reply, embedding_server

AWS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}


@pytest.fixture
def server(monkeypatch):
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    with embedding_server() as server:
        yield server


@pytest.fixture
async def adapters():
    adapters = LoadedAdapters(Settings(threads=1))
    yield adapters
    await adapters.close()


def asking(*texts, **sampling):
    roles = ["user", "assistant"]
    said = [ChatMessage(role=roles[n % 2], content=(TextBlock(text=text),)) for n, text in enumerate(texts)]
    return ChatRequest(messages=tuple(said), sampling=Sampling(**sampling))


async def replied(adapters, server, request, **more):
    return await whole(adapters.chat_model(card("sagemaker:llm", base_url=server.address, **more)).stream(request))


async def test_texts_become_vectors(server, adapters):
    embedder = adapters.embedding_model(
        card("sagemaker:jumpstart-embed", kind="embedding", base_url=server.address, dimensions=DIMENSIONS)
    )
    vectors = await embedder.embed(["one", "two words"], "document")
    assert vectors.shape == (2, DIMENSIONS)
    assert server.requests[0] == {"text_inputs": ["one", "two words"], "path": "/endpoints/jumpstart-embed/invocations"}


async def test_a_prompt_becomes_a_text_without_the_prompt(server, adapters):
    request = asking("How many?", temperature=0.5, max_tokens=9, top_p=0.9, stop=("END",))
    reply = await replied(adapters, server, request)
    assert reply.content == (TextBlock(text=" 27 days."),)
    assert server.requests[0]["inputs"] == "How many?"
    assert server.requests[0]["parameters"] == {
        "max_new_tokens": 9,
        "temperature": 0.5,
        "do_sample": True,
        "top_p": 0.9,
        "stop": ["END"],
        "return_full_text": False,
    }


async def test_temperature_0_means_not_to_sample(server, adapters):
    await replied(adapters, server, asking("How many?", temperature=0))
    assert server.requests[0]["parameters"] == {"do_sample": False, "return_full_text": False}


async def test_a_conversation_names_its_speakers(server, adapters):
    await replied(adapters, server, asking("Hello", "Good day", "How many?"))
    assert server.requests[0]["inputs"] == "User: Hello\n\nAssistant: Good day\n\nUser: How many?\n\nAssistant:"


async def test_requests_are_signed_as_aws_signs_them(server, adapters):
    await replied(adapters, server, asking("How many?"))
    sent = server.headers[0]
    body = b'{"inputs": "How many?", "parameters": {"return_full_text": false}}'
    headers = {name: sent[name] for name in ("content-type", "accept")}
    again = AWSRequest("POST", f"{server.address}/endpoints/llm/invocations", data=body, headers=headers)
    again.context["timestamp"] = sent["x-amz-date"]
    again.headers["X-Amz-Date"] = sent["x-amz-date"]
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "secret"), "sagemaker", "eu-central-1")
    signature = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
    assert sent["authorization"].endswith(f"Signature={signature}")
    assert "/eu-central-1/sagemaker/aws4_request" in sent["authorization"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=429, headers={"retry-after": "7"}), Throttled),
        (Reply(status=503), Throttled),
        (Reply(status=500), Unavailable),
        (Reply(status=403), Denied),
        (Reply(status=424), ModelFailed),
        (Reply(body=b"<html>"), ModelFailed),
        (Reply(body=b"[]"), ModelFailed),
        (Reply(body=b'{"generated_text": 5}'), ModelFailed),
    ],
)
async def test_what_goes_wrong_is_said_in_our_words(server, adapters, reply, error):
    server.replies.append(reply)
    with pytest.raises(error, match="sagemaker:llm"):
        await replied(adapters, server, asking("How many?"))


async def test_an_endpoint_that_is_not_there_is_unavailable(server, adapters):
    model = adapters.chat_model(card("sagemaker:llm", base_url="http://127.0.0.1:9"))
    with pytest.raises(Unavailable):
        await whole(model.stream(asking("How many?")))


async def test_a_region_is_needed(server, adapters, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(Invalid, match="AWS_DEFAULT_REGION"):
        adapters.chat_model(card("sagemaker:llm"))


async def test_the_form_of_details_is_read(server, adapters):
    details = b'[{"generated_text": "Ten", "details": {"finish_reason": "length", "generated_tokens": 3}}]'
    server.replies.append(Reply(body=details))
    end = (await replied(adapters, server, asking("How many?"))).end
    assert (end.stop_reason, end.usage.output_tokens) == ("max_tokens", 3)


async def test_a_silent_endpoint_times_out(adapters, monkeypatch, server):
    from outcrop.testing.chat_server import Misbehaviour, chat_server

    with chat_server([]) as silent:
        silent.misbehaviours.append(Misbehaviour(silent=True))
        with pytest.raises(TimedOut, match=r"0\.2 seconds"):
            await replied(adapters, silent, asking("How many?"), timeout=0.2)
