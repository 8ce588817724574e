"""Whatever is valid is answered by a real Outcrop in words and never with an error of ours."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.wire.test_round_trips import Generator, sent

from outcrop.app.local import Outcrop
from outcrop.bedrock import ops  # noqa: F401 # fills the table
from outcrop.bedrock.app import bedrock_app
from outcrop.bedrock.table import TABLE

HOST = "http://localhost:8080"
FEW = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=5)


@pytest.fixture(scope="module")
def outcrop(tmp_path_factory):
    """A real Outcrop that asks for no key, with one knowledge base."""
    with Outcrop(data=tmp_path_factory.mktemp("fuzz"), auth="none") as opened:
        opened.create("handbook")
        yield opened


@pytest.fixture(scope="module")
def send(outcrop):
    """Sends a request to the real Outcrop's surface; its reply."""
    app = bedrock_app(outcrop.services)

    async def answered(method, path, **content):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST, timeout=30) as client:
            return await client.request(method, path, **content)

    return lambda method, path, **content: outcrop.call(lambda: answered(method, path, **content))


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
    reply = send(
        request.method,
        f"/{service}{request.raw_path}?{request.query}",
        content=request.body,
        headers=[(key, value) for key, value in request.headers if key != "content-length"],
    )
    assert reply.status_code < 500 or reply.status_code in (501, 503), reply.text
    assert b"Something went wrong inside Outcrop" not in reply.content
    assert b"Traceback" not in reply.content
    if reply.status_code >= 400:
        assert reply.headers["x-amzn-errortype"] == reply.json()["__type"]
