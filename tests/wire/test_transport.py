"""One port speaks HTTP/1.1 and HTTP/2, with and without TLS."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer
from tests.wire.oracle import attach

from outcrop.access.certificates import own_certificate
from outcrop.bedrock.app import bedrock_app
from outcrop.testing.serving import served
from outcrop.testing.small import BASE, KEY_ID, SECRET

BODY = b'{"retrievalQuery":{"text":"flights"}}'
ASKED = (
    b'{"input":{"text":"business class flights?"},"retrieveAndGenerateConfiguration":{"type":"KNOWLEDGE_BASE",'
    b'"knowledgeBaseConfiguration":{"knowledgeBaseId":"HANDBOOK01","modelArn":"outcrop.extractive-v1"}}}'
)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return own_certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1", lambda: datetime.now(UTC))


@pytest.fixture
def secure_server(services, certificate):
    with served(lambda: bedrock_app(services), certificate) as running:
        yield running


def signed(url, body):
    request = AWSRequest(method="POST", url=url, data=body, headers={"content-type": "application/json"})
    SigV4Auth(Credentials(KEY_ID, SECRET), "bedrock", "eu-central-1").add_auth(request)
    return dict(request.headers)


def retrieved(http, url):
    url = f"{url}/knowledgebases/{BASE.id}/retrieve"
    return http.post(url, content=BODY, headers=signed(url, BODY))


@pytest.mark.parametrize(
    ("protocols", "version"), [({"http1": True}, "HTTP/1.1"), ({"http1": False, "http2": True}, "HTTP/2")]
)
def test_both_versions_are_spoken_without_tls(server, protocols, version):
    with httpx.Client(**protocols) as http:
        reply = retrieved(http, server.url)
    assert reply.http_version == version
    assert reply.json()["retrievalResults"]


@pytest.mark.parametrize(("http2", "version"), [(False, "HTTP/1.1"), (True, "HTTP/2")])
def test_both_versions_are_spoken_over_tls(secure_server, certificate, http2, version):
    with httpx.Client(http2=http2, verify=ssl.create_default_context(cafile=certificate.authority)) as http:
        reply = retrieved(http, secure_server.url)
    assert reply.http_version == version
    assert reply.json()["retrievalResults"]


def test_a_stream_over_http_2_has_whole_frames(server):
    url, buffer = f"{server.url}/retrieveAndGenerateStream", EventStreamBuffer()
    with (
        httpx.Client(http1=False, http2=True) as http,
        http.stream("POST", url, content=ASKED, headers=signed(url, ASKED)) as reply,
    ):
        for piece in reply.iter_raw():
            buffer.add_data(piece)
    assert "citation" in [message.headers[":event-type"] for message in buffer]


def test_a_client_that_does_not_trust_the_certificate_turns_away(secure_server):
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(secure_server.url)


def test_boto3_trusts_the_authority(client, secure_server, certificate):
    runtime = client("bedrock-agent-runtime", endpoint_url=secure_server.url, verify=str(certificate.authority))
    assert runtime.retrieve(knowledgeBaseId=BASE.id, retrievalQuery={"text": "flights"})["retrievalResults"]


@pytest.mark.parametrize(
    ("token", "code"),
    [(f"{KEY_ID}.{SECRET}", "NotImplementedException"), (f"{KEY_ID}.wrong", "AccessDeniedException")],
)
def test_boto3_sends_a_bearer_token_over_tls(secure_server, certificate, monkeypatch, token, code):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", token)
    session = boto3.session.Session()
    verify = str(certificate.authority)
    bedrock = attach(session.client("bedrock", "us-east-1", endpoint_url=secure_server.url, verify=verify))
    with pytest.raises(bedrock.exceptions.ClientError) as raised:
        bedrock.list_provisioned_model_throughputs()
    assert raised.value.response["Error"]["Code"] == code
    bedrock.close()
