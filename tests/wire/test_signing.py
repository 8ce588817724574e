"""A client with wrong keys, a wrong clock or a changed request is refused as AWS refuses it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from outcrop.bedrock.app import bedrock_app
from outcrop.testing.serving import served
from outcrop.testing.small import BASE, KEY_ID, SECRET

QUESTION = {"knowledgeBaseId": BASE.id, "retrievalQuery": {"text": "flights"}}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"aws_access_key_id": "OCRPNOBODYSKEY000000"}, "UnrecognizedClientException"),
        ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException"),
        ({"aws_session_token": "token"}, "UnrecognizedClientException"),
    ],
)
def test_wrong_credentials_are_refused(client, options, code):
    with pytest.raises(ClientError) as raised:
        client("bedrock-agent-runtime", **options).retrieve(**QUESTION)
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_request_that_is_changed_on_its_way_is_refused(client):
    runtime = client("bedrock-agent-runtime")

    def change(request, **_):
        request.body = request.body.replace(b"flights", b"fridges")

    runtime.meta.events.register_last("before-send", change)
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        runtime.retrieve(**QUESTION)


def test_an_old_clock_is_refused(services, client):
    later = lambda: datetime.now(UTC) + timedelta(minutes=10)  # noqa: E731
    with served(lambda: bedrock_app(services, later)) as server:
        runtime = client("bedrock-agent-runtime", endpoint_url=server.url)
        with pytest.raises(ClientError, match="Signature expired"):
            runtime.retrieve(**QUESTION)


def test_a_request_without_a_signature_is_refused(server):
    reply = httpx.post(f"{server.url}/knowledgebases/{BASE.id}/retrieve", json={})
    assert reply.status_code == 403
    assert reply.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


def test_an_unknown_path_is_refused(server):
    reply = httpx.get(f"{server.url}/no/such/path")
    assert reply.status_code == 404
    assert reply.json()["__type"] == "UnknownOperationException"


def test_a_body_over_the_limit_is_refused_before_it_is_read(services, server):
    limit = services.settings.max_body_mb * 1024 * 1024
    reply = httpx.post(f"{server.url}/retrieveAndGenerate", content=(b"x" * 65536 for _ in range(limit // 65536 + 2)))
    assert reply.status_code == 413


@pytest.mark.parametrize("signer", [SigV4Auth, SigV4QueryAuth])
def test_a_path_is_verified_as_it_was_sent(server, signer):
    url = f"{server.url}/tags/arn%3Aaws%3Abedrock%3Aeu%3A1%3Aagent%2FX?X-Extra=a%20b"
    request = AWSRequest(method="GET", url=url)
    signer(Credentials(KEY_ID, SECRET), "bedrock", "eu-central-1").add_auth(request)
    prepared = request.prepare()
    reply = httpx.get(prepared.url, headers=dict(prepared.headers))
    assert reply.json()["__type"] == "ValidationException"  # so the signature was right


def test_a_revoked_key_is_refused_at_once(client, services):
    runtime = client("bedrock-agent-runtime")
    assert runtime.retrieve(**QUESTION)
    services.keys.secrets.clear()
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        runtime.retrieve(**QUESTION)
