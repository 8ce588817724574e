"""Whatever is sent, signed or not, is answered in words and never with an error of ours."""

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
from tests.wire.test_round_trips import Generator, sent

from outcrop.app.local import Outcrop
from outcrop.bedrock import ops, spec  # noqa: F401 # ops fills the table
from outcrop.bedrock.app import bedrock_app
from outcrop.bedrock.table import TABLE
from outcrop.testing.small import KEY_ID, SECRET

HOST = "http://localhost:8080"
OPERATIONS = [(service, name) for service in spec.SERVICES for name in spec.service(service).operations]
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
)
SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
FEW = settings(SHARED, max_examples=10)


def names_of(service):
    """The names of all members of a service's shapes."""
    shapes = spec.service(service).model["shapes"].values()
    return sorted({name for shape in shapes for name in shape.get("members", {})})


def bodies(service):
    """JSON whose members have the names of a service's own."""
    names = st.sampled_from(names_of(service)) | st.text(max_size=5)
    return st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
        max_leaves=12,
    )


BODIES = {service: bodies(service) for service in spec.SERVICES}
LABELS = st.sampled_from(["ABCDEFGHIJ", "arn:aws:bedrock:us-east-1:1:x/y", "1", "DRAFT"]) | st.text(
    min_size=1, max_size=9
)


@pytest.fixture(scope="module")
def outcrop(tmp_path_factory):
    """A real Outcrop that asks for no key, with one knowledge base."""
    with Outcrop(data=tmp_path_factory.mktemp("fuzz"), auth="none") as opened:
        opened.create("handbook")
        yield opened


@pytest.fixture(scope="module")
def send(outcrop):
    """Sends a request to the real Outcrop's surface; its reply, judged."""
    app = bedrock_app(outcrop.services)

    async def answered(method, path, **content):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST, timeout=30) as client:
            return await client.request(method, path, **content)

    return lambda method, path, **content: judge(outcrop.call(lambda: answered(method, path, **content)))


def judge(reply):
    assert reply.status_code < 500 or reply.status_code in (501, 503), reply.text
    assert b"Something went wrong inside Outcrop" not in reply.content
    assert b"Traceback" not in reply.content
    if reply.status_code >= 400:
        assert reply.headers["x-amzn-errortype"] == reply.json()["__type"]
    return reply


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
@FEW
@given(data=st.data())
def test_every_route_answers_any_json(send, service, name, data):
    operation = spec.operation(service, name)
    parts = operation.path.split("/")
    filled = [quote(data.draw(LABELS), safe="") if part.startswith("{") else part for part in parts]
    body = data.draw(BODIES[service])
    reply = send(operation.method, f"/{service}{'/'.join(filled)}", json=body)
    assert (service, name) in TABLE or reply.status_code in (404, 501)


@pytest.mark.parametrize(("service", "name"), list(TABLE))
@FEW
@given(random=st.randoms(use_true_random=False))
def test_every_operation_answers_what_is_valid(send, service, name, random):
    entry = TABLE[service, name]
    parameters = Generator(random).value(entry.operation.input, entry.accepts)
    for member in entry.operation.input.members.values():  # an empty label is not sent, nor one of dots alone
        if member.location == "uri" and not parameters[member.name].strip("."):
            parameters[member.name] = "x"
    request = sent(entry.operation, parameters)
    send(
        request.method,
        f"/{service}{request.raw_path}?{request.query}",
        content=request.body,
        headers=[(key, value) for key, value in request.headers if key != "content-length"],
    )


async def signed(services, method, url, body):
    """The reply to a signed request."""
    request = AWSRequest(method=method, url=url, data=body)
    SigV4Auth(Credentials(KEY_ID, SECRET), "bedrock", "us-east-1").add_auth(request)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(bedrock_app(services))) as client:
        return await client.request(method, url, content=body, headers=dict(request.headers))


@SHARED
@given(body=st.binary(max_size=60) | BODIES["bedrock-agent-runtime"].map(lambda body: json.dumps(body).encode()))
async def test_any_bytes_are_answered(services, body):
    judge(await signed(services, "POST", f"{HOST}/retrieveAndGenerate", body))


@SHARED
@given(method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]), path=st.text("abz0/%2F.-_~{}", max_size=30))
async def test_any_path_is_answered(services, method, path):
    judge(await signed(services, method, f"{HOST}/{path.replace('%', '%25')}", b""))
