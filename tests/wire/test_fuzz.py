"""Whatever is sent, signed or not, is answered in words and never with an error of ours."""

from __future__ import annotations

import json

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcrop.bedrock import ops, spec  # noqa: F401 # ops fills the table
from outcrop.bedrock.app import bedrock_app
from outcrop.bedrock.table import TABLE
from outcrop.testing.small import BASE, KEY_ID, SECRET
from outcrop.testing.whole import Whole

HOST = "http://localhost:8080"
SHAPES = spec.service("bedrock-agent-runtime").model["shapes"].values()
NAMES = sorted({name for shape in SHAPES for name in shape.get("members", {})})
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
BODIES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


async def answered(services, method, url, body):
    """The reply to a signed request."""
    request = AWSRequest(method=method, url=url, data=body)
    SigV4Auth(Credentials(KEY_ID, SECRET), "bedrock", "us-east-1").add_auth(request)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(bedrock_app(services))) as client:
        return await client.request(method, url, content=body, headers=dict(request.headers))


def judge(reply):
    assert reply.status_code < 500 or reply.status_code == 501
    if reply.status_code >= 400:
        assert reply.headers["x-amzn-errortype"] == reply.json()["__type"]
        assert "Traceback" not in reply.text


@pytest.fixture
async def whole(tmp_path):
    """Services that can make and change things, with one knowledge base."""
    made = Whole(tmp_path)
    await made.metadata.put(BASE)
    services = made.services()
    yield services
    await services.jobs.close()


@pytest.mark.parametrize(("service", "name"), list(TABLE))
@SHARED
@given(body=BODIES)
async def test_any_json_is_answered(services, whole, service, name, body):
    operation = TABLE[service, name].operation
    url = HOST + operation.path.replace("{knowledgeBaseId}", BASE.id)
    asked = whole if service == "bedrock-agent" else services
    judge(await answered(asked, operation.method, url, json.dumps(body).encode()))


@SHARED
@given(body=st.binary(max_size=60))
async def test_any_bytes_are_answered(services, body):
    judge(await answered(services, "POST", f"{HOST}/retrieveAndGenerate", body))


@SHARED
@given(method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]), path=st.text("abz0/%2F.-_~{}", max_size=30))
async def test_any_path_is_answered(services, method, path):
    judge(await answered(services, method, f"{HOST}/{path.replace('%', '%25')}", b""))
