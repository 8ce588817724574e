"""Models and knowledge bases in one list, seen through OpenAI's client; who is let in, and how errors look."""

from __future__ import annotations

import httpx
import openai
import pytest
from tests.openai.conftest import running

from outcrop.app.local import Outcrop


def test_models_and_knowledge_bases_are_listed(client, server):
    found = {model.id: model for model in client.models.list()}
    assert {"outcrop.extractive-v1", "test.scripted-v1"} <= set(found)
    base = server.outcrop.knowledge_base("handbook")
    assert found[f"kb/{base.id}"].owned_by == "outcrop"


@pytest.mark.parametrize("name", ["outcrop.extractive-v1", "kb/handbook"])
def test_one_model_is_found_by_its_name(client, name):
    assert client.models.retrieve(name).object == "model"


@pytest.mark.parametrize("name", ["no.such-model", "kb/nothing", "kb/"])
def test_an_unknown_model_is_not_found(client, name):
    with pytest.raises(openai.NotFoundError) as error:
        client.models.retrieve(name)
    assert error.value.code == "model_not_found"
    assert error.value.param == "model"


@pytest.mark.parametrize("key", ["x", "sk-1234", "OCAAAAAAAAAAAAAAAAAA.secret", "."])
def test_without_a_key_of_this_server_nobody_gets_in(server, key):
    reply = httpx.get(f"{server.url}/v1/models", headers={"authorization": f"Bearer {key}"})
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == "invalid_api_key"
    assert reply.headers["x-request-id"].startswith("req_")


def test_a_revoked_key_is_refused(server):
    key = server.new_key("short")
    server.outcrop.call(server.outcrop.services.keys.revoke, key.partition(".")[0])
    with server.client(key) as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1"), ("GET", "/v1/"), ("GET", "/v1/nothing"), ("POST", "/v1/models"), ("GET", "/v1/models/")],
)
def test_what_is_not_offered_is_said_in_openais_shape(server, method, path):
    reply = httpx.request(method, server.url + path, headers={"authorization": f"Bearer {server.key}"})
    assert reply.status_code in {404, 405}
    assert set(reply.json()["error"]) == {"message", "type", "param", "code"}


def test_a_body_that_is_too_large_is_refused(client):
    with pytest.raises(openai.APIStatusError) as error:
        client.chat.completions.create(
            model="test.scripted-v1", messages=[{"role": "user", "content": "x" * 1_100_000}]
        )
    assert error.value.status_code == 413


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"model": NaN}'])
def test_a_body_that_is_no_json_object_is_refused(server, body):
    for path in ("chat/completions", "responses", "embeddings", "vector_stores"):
        reply = httpx.post(f"{server.url}/v1/{path}", content=body, headers={"authorization": f"Bearer {server.key}"})
        assert reply.status_code == 400, reply.text
        assert reply.json()["error"]["type"] == "invalid_request_error"


def test_an_open_server_asks_for_no_key_but_refuses_other_web_sites(tmp_path):
    with Outcrop(tmp_path, auth="none") as outcrop, running(outcrop) as found:
        with found.client("anything") as client:
            assert client.models.list().data
        headers = {"origin": "https://evil.example"}
        assert httpx.post(f"{found.url}/v1/embeddings", content=b"{}", headers=headers).status_code == 403
        assert httpx.get(f"{found.url}/v1/models", headers={"host": "evil.example"}).status_code == 403
