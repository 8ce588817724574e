"""Bearer tokens are taken where AWS takes them and nobody can read them; an open server is open to this machine."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from outcrop.bedrock import spec
from outcrop.bedrock.admission import Admission
from outcrop.bedrock.app import bedrock_app
from outcrop.bedrock.errors import WireError
from outcrop.bedrock.parse import Request
from outcrop.core.errors import Invalid
from outcrop.testing.small import BASE, KEY_ID, SECRET, SmallKeys, small_services

TOKEN = f"Bearer {KEY_ID}.{SECRET}"


def request(authorization, **options):
    headers = (("host", "localhost"), ("authorization", authorization))
    return Request(method="POST", raw_path="/", query="", headers=headers, body=b"{}", **options)


async def admitted(service, given):
    admission = Admission(SmallKeys(), lambda: datetime.now(UTC), is_open=False)
    return await admission.admit(given, spec.service(service))


@pytest.mark.parametrize("service", ["bedrock", "bedrock-runtime"])
async def test_a_bearer_token_is_taken_in_private(service):
    assert await admitted(service, request(TOKEN, is_private=True)) == KEY_ID


@pytest.mark.parametrize(
    ("service", "authorization", "options", "name"),
    [
        ("bedrock-agent", TOKEN, {"is_private": True}, "IncompleteSignatureException"),
        ("bedrock-agent-runtime", TOKEN, {"is_private": True}, "IncompleteSignatureException"),
        ("bedrock", TOKEN, {}, "AccessDeniedException"),
        ("bedrock", f"Bearer {KEY_ID}.wrong", {"is_private": True}, "AccessDeniedException"),
        ("bedrock", "Bearer", {"is_private": True}, "AccessDeniedException"),
        ("bedrock", "Basic abc", {"is_private": True}, "IncompleteSignatureException"),
    ],
)
async def test_any_other_bearer_token_is_refused(service, authorization, options, name):
    with pytest.raises(WireError) as raised:
        await admitted(service, request(authorization, **options))
    assert raised.value.name == name


def client_of(services, **options):
    app = bedrock_app(services)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8080", **options)


@pytest.fixture
def open_services(tmp_path):
    return small_services(tmp_path, (), auth="none")


async def test_an_open_server_asks_for_no_key(open_services):
    async with client_of(open_services) as http:
        reply = await http.post(f"/knowledgebases/{BASE.id}/retrieve", json={"retrievalQuery": {"text": "x"}})
    assert reply.json() == {"retrievalResults": []}


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"host": "evil.example"}])
async def test_an_open_server_refuses_other_web_sites(open_services, headers):
    async with client_of(open_services, headers=headers) as http:
        reply = await http.post(f"/knowledgebases/{BASE.id}/retrieve", json={"retrievalQuery": {"text": "x"}})
    assert reply.status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "::", "docs.example.org"])  # noqa: S104
def test_an_open_server_listens_on_this_machine_only(tmp_path, host):
    with pytest.raises(Invalid, match="may only listen on this machine"):
        bedrock_app(small_services(tmp_path, (), auth="none", host=host))
