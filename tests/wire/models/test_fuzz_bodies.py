"""Whatever body a model is sent, it is answered in words and never with an error of ours."""

from __future__ import annotations

import json
from urllib.parse import quote

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from outcrop.bedrock.app import bedrock_app
from outcrop.bedrock.bodies import claude_shapes, nova, openai_shapes, titan_text
from outcrop.testing.small import KEY_ID, SECRET

HOST = "http://localhost:8080"
MODELS = (
    "anthropic.claude-3-5-sonnet-20241022-v2:0",
    "amazon.nova-lite-v1:0",
    "amazon.titan-text-express-v1",
    "meta.llama3-1-8b-instruct-v1:0",
    "mistral.mistral-7b-instruct-v0:2",
    "openai.gpt-oss-20b-1:0",
    "amazon.titan-embed-text-v2:0",
    "cohere.embed-v4:0",
)
NAMES = sorted(
    {
        field
        for module in (claude_shapes, nova, openai_shapes, titan_text)
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, BaseModel)
        for field in one.model_fields
    }
    | {"prompt", "texts", "input_type", "text", "image", "toolUse", "toolResult"}
)
WORDS = ("user", "assistant", "text", "image", "tool_use", "base64", "bedrock-2023-05-31", "search_query", "function")
NUMBERS = st.integers() | st.floats(allow_nan=False)
LEAVES = st.none() | st.booleans() | NUMBERS | st.sampled_from(WORDS) | st.text(max_size=9)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5)
SPOKEN = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": VALUES})
TALK = st.fixed_dictionaries(
    {
        "anthropic_version": st.just("bedrock-2023-05-31"),
        "max_tokens": st.just(9),
        "messages": st.lists(SPOKEN),
    }
)


async def answered(services, path, body):
    url = f"{HOST}/model/{path}"
    request = AWSRequest(method="POST", url=url, data=body)
    SigV4Auth(Credentials(KEY_ID, SECRET), "bedrock", "us-east-1").add_auth(request)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(bedrock_app(services))) as client:
        return await client.post(url, content=body, headers=dict(request.headers))


@pytest.mark.parametrize("model", MODELS)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(body=BODIES | TALK, stream=st.booleans())
async def test_any_body_is_answered(services, script, model, body, stream):
    script(["Yes."])
    operation = "invoke-with-response-stream" if stream else "invoke"
    reply = await answered(services, f"{quote(model, safe='')}/{operation}", json.dumps(body).encode())
    assert reply.status_code in (200, 400), reply.text
    if reply.status_code == 400:
        assert reply.headers["x-amzn-errortype"] == reply.json()["__type"]
        assert "Traceback" not in reply.text


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(messages=st.lists(SPOKEN))
async def test_any_conversation_is_answered(services, script, messages):
    script(["Yes."])
    body = json.dumps({"messages": messages}).encode()
    reply = await answered(services, f"{quote(MODELS[0], safe='')}/converse", body)
    assert reply.status_code in (200, 400), reply.text
