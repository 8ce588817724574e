"""Signatures as botocore makes them are accepted; whatever was changed, late or made with other keys is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from outcrop.bedrock.errors import WireError
from outcrop.bedrock.parse import Request
from outcrop.bedrock.signature import Verifier

KEY, SECRET = "OCRPTESTKEY000000001", "a secret"
HOST = "127.0.0.1:8080"
PATH = "/knowledgebases/arn%3Aaws%3Abedrock%2FX/retrieve"


class OneKey:
    async def secret(self, id):
        return SECRET if id == KEY else None


VERIFIER = Verifier(OneKey(), lambda: datetime.now(UTC))


def signed(
    *, method="POST", path=PATH, query="", body=b"{}", headers=None, key=KEY, secret=SECRET, token=None,
    service="bedrock", presigned=None, secure=False,
):  # fmt: skip
    """A request that botocore signed, as it arrives here."""
    scheme = "https" if secure else "http"
    body = b"" if presigned else body  # botocore presigns no body
    url = f"{scheme}://{HOST}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method=method, url=url, data=body, headers=headers or {})
    credentials = Credentials(key, secret, token)
    if presigned is None:
        SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    else:
        SigV4QueryAuth(credentials, service, "us-east-1", expires=presigned).add_auth(request)
    sent = urlsplit(request.url)
    fields = [("host", HOST), *((name.lower(), value) for name, value in request.headers.items())]
    return Request(
        method=method, raw_path=sent.path, query=sent.query, headers=tuple(fields), body=body, is_secure=secure
    )


def with_header(request, name, value):
    return replace(request, headers=(*(pair for pair in request.headers if pair[0] != name), (name, value)))


async def refused(request, verifier=VERIFIER):
    with pytest.raises(WireError) as raised:
        await verifier.verify(request)
    return raised.value.name


def at(offset):
    return Verifier(OneKey(), lambda: datetime.now(UTC) + offset)


TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    segments=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4),
    pairs=st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=4),
    body=st.binary(max_size=40),
    extra=st.dictionaries(st.sampled_from(["X-Extra", "Content-Type", "Accept"]), TEXT, max_size=3),
    presigned=st.sampled_from([None, 60]),
)
async def test_what_botocore_signs_is_accepted(*, method, segments, pairs, body, extra, presigned):
    from botocore.utils import percent_encode, percent_encode_sequence

    path = "/" + "/".join(percent_encode(one, safe="") for one in segments if one not in (".", ".."))
    query = percent_encode_sequence(pairs)
    request = signed(method=method, path=path, query=query, body=body, headers=extra, presigned=presigned)
    assert await VERIFIER.verify(request) == KEY


@settings(max_examples=60, deadline=None)
@given(st.data())
async def test_any_change_to_what_was_signed_is_refused(data):
    request = signed(query="a=1&b=2", headers={"X-Extra": "one"})
    changed = data.draw(
        st.sampled_from(
            [
                replace(request, method="PUT"),
                replace(request, raw_path=PATH.replace("X", "Y")),
                replace(request, raw_path=PATH.replace("%2F", "/")),
                replace(request, query="a=1&b=3"),
                replace(request, query="a=1"),
                replace(request, body=b"{ }"),
                with_header(request, "x-extra", "two"),
                with_header(request, "host", "evil.example"),
            ]
        )
    )
    assert await refused(changed) == "InvalidSignatureException"


async def test_an_unknown_key_is_named_as_aws_names_it():
    assert await refused(signed(key="OCRPOTHERKEY00000001")) == "UnrecognizedClientException"


async def test_a_wrong_secret_is_refused():
    assert await refused(signed(secret="another")) == "InvalidSignatureException"


async def test_a_session_token_is_refused_since_keys_have_none():
    assert await refused(signed(token="token")) == "UnrecognizedClientException"
    assert await refused(signed(token="token", presigned=60)) == "UnrecognizedClientException"


async def test_no_signature_is_a_missing_token():
    bare = Request(method="POST", raw_path=PATH, query="", headers=(("host", HOST),), body=b"")
    assert await refused(bare) == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("minutes", [6, -6])
async def test_clocks_may_differ_by_five_minutes(minutes):
    request = signed()
    assert await at(timedelta(minutes=4 * minutes / 6)).verify(request) == KEY
    assert await refused(request, at(timedelta(minutes=minutes))) == "InvalidSignatureException"


async def test_a_presigned_address_lives_as_long_as_it_says():
    request = signed(presigned=3600)
    assert await at(timedelta(minutes=50)).verify(request) == KEY
    assert await refused(request, at(timedelta(minutes=61))) == "InvalidSignatureException"


async def test_a_presigned_address_lives_a_week_at_most():
    assert await refused(signed(presigned=8 * 24 * 3600)) == "IncompleteSignatureException"


async def test_another_services_signature_is_refused():
    assert await refused(signed(service="s3")) == "InvalidSignatureException"


async def test_an_unsigned_payload_needs_tls():
    headers = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    assert await VERIFIER.verify(signed(headers=headers, secure=True)) == KEY
    assert await refused(signed(headers=headers)) == "InvalidSignatureException"


@pytest.mark.parametrize("payload", ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
async def test_a_body_in_signed_chunks_is_refused_by_name(payload):
    with pytest.raises(WireError, match="signed chunks"):
        await VERIFIER.verify(signed(headers={"X-Amz-Content-SHA256": payload}, secure=True))


async def test_a_declared_hash_must_be_the_bodys():
    assert await refused(signed(headers={"X-Amz-Content-SHA256": "0" * 64})) == "InvalidSignatureException"


async def test_the_host_must_be_signed():
    request = signed()
    authorization = request.header("authorization").replace("SignedHeaders=host;", "SignedHeaders=")
    assert await refused(with_header(request, "authorization", authorization)) == "InvalidSignatureException"


async def test_a_content_hash_that_is_not_signed_is_refused():
    request = with_header(signed(secure=True), "x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    assert await refused(request) == "InvalidSignatureException"


@pytest.mark.parametrize(
    "value",
    [
        "Bearer abc",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=KEYKEY/20260131/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=",
        f"AWS4-HMAC-SHA256 {'x' * 9000}",
    ],
)
async def test_a_broken_authorization_is_refused_in_words(value):
    request = with_header(signed(), "authorization", value)
    assert await refused(request) in {"IncompleteSignatureException", "InvalidSignatureException"}


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(max_codepoint=255), max_size=200), st.text(st.characters(max_codepoint=127), max_size=60))
async def test_no_authorization_makes_it_fall_over(value, query):
    request = with_header(replace(signed(), query=query), "authorization", f"AWS4-HMAC-SHA256 {value}")
    assert await refused(request) in {"IncompleteSignatureException", "InvalidSignatureException"}


JAVASCRIPT = {  # sent by @aws-sdk/client-bedrock-agent-runtime 3.1161.0 over HTTP/2, with the secret "b"
    "host": "127.0.0.1:8899",
    "content-type": "application/json",
    "content-length": "31",
    "x-amz-user-agent": "aws-sdk-js/3.1161.0",
    "amz-sdk-invocation-id": "fbf55562-bbae-4289-be11-0cac1d7eeb3d",
    "amz-sdk-request": "attempt=1; max=3",
    "x-amz-date": "20261120T143907Z",
    "x-amz-content-sha256": "d541076f4adc5f7b7495ed12718f7f6a1a7fdad29e59f7fb617b4a4d8c9dea57",
    "authorization": "AWS4-HMAC-SHA256 Credential=AAAA/20261120/eu-west-1/bedrock/aws4_request, "
    "SignedHeaders=:authority;amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;x-amz-content-sha256;x-amz-date;"
    "x-amz-user-agent, Signature=c2e4d08cae8092828f71af4fe1c16ccc1f0c2a93041b9649316d44656fb60593",
}  # fmt: skip


@pytest.mark.parametrize(("host", "accepted"), [("127.0.0.1:8899", True), ("evil.example", False)])
async def test_clients_of_http_2_sign_the_authority(host, accepted):
    class Secrets:
        async def secret(self, id):
            return "b"

    request = Request(
        method="POST",
        raw_path="/knowledgebases/ABCDEFGHIJ/retrieve",
        query="",
        headers=tuple({**JAVASCRIPT, "host": host}.items()),
        body=b'{"retrievalQuery":{"text":"x"}}',
    )
    verifier = Verifier(Secrets(), lambda: datetime(2026, 11, 20, 14, 40, tzinfo=UTC))
    if accepted:
        assert await verifier.verify(request) == "AAAA"
    else:
        assert await refused(request, verifier) == "InvalidSignatureException"
