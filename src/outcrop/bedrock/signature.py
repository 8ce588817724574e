"""Verifies Signature Version 4, in the Authorization header or in a presigned address.

What is recomputed is the canonical form of the request as it arrived: raw path, signed headers only, the hash of
the body that was really received. Comparison takes constant time. All four services sign as `bedrock`.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote, unquote

from outcrop.bedrock.errors import WireError
from outcrop.bedrock.parse import Request
from outcrop.core.clock import Clock

ALGORITHM = "AWS4-HMAC-SHA256"
SCOPE = "aws4_request"
SIGNING_NAME = "bedrock"
STAMP = "%Y%m%dT%H%M%SZ"
SKEW = timedelta(minutes=5)
MAX_EXPIRES = 7 * 24 * 3600  # seconds; a presigned address lives no longer
UNSIGNED = "UNSIGNED-PAYLOAD"
CHUNKED = "STREAMING-"
AUTHORITY = ":authority"  # HTTP/2's host, which some clients sign in its place
MUST_BE_SIGNED = ("x-amz-date", "x-amz-content-sha256", "x-amz-security-token")  # where they are sent
MAX_LENGTH = 8192  # of the Authorization header or a query
UNRESERVED = "-_.~"


class Secrets(Protocol):
    """Where secrets of access keys are had."""

    async def secret(self, id: str) -> str | None:
        """The secret of an active key, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a request says of its signature."""

    key_id: str
    date: str  # YYYYMMDD, of the scope
    region: str
    stamp: str  # when it was signed, as in X-Amz-Date
    signed_headers: tuple[str, ...]
    signature: str
    expires: timedelta | None = None  # of a presigned address

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.date}/{self.region}/{SIGNING_NAME}/{SCOPE}"


class Verifier:
    """Verifies requests against the secrets of access keys."""

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._secrets = secrets
        self._clock = clock

    async def verify(self, request: Request) -> str:
        """The id of the access key that signed a request. Raises WireError, named as AWS does."""
        claim = read_claim(request)
        _in_time(claim, self._clock())
        secret = await self._secrets.secret(claim.key_id)
        if secret is None or _session_token(request) is not None:
            raise WireError("UnrecognizedClientException", _UNKNOWN_KEY if secret is None else _HAS_TOKEN)
        expected = sign(secret, claim, canonical_request(request, claim))
        if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
            raise WireError("InvalidSignatureException", _WRONG_SIGNATURE)
        return claim.key_id


def sign(secret: str, claim: Claim, canonical: str) -> str:
    """The signature of a canonical request."""
    digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    text = f"{ALGORITHM}\n{claim.stamp}\n{claim.scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in (claim.date, claim.region, SIGNING_NAME, SCOPE):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def canonical_request(request: Request, claim: Claim) -> str:
    """The canonical form of a request as it arrived. Raises WireError where the body is not the one signed."""
    values: dict[str, list[str]] = {}
    for name, value in request.headers:
        values.setdefault(name, []).append(" ".join(value.split()))
    values.setdefault(AUTHORITY, values.get("host", [""]))
    missing = [name for name in claim.signed_headers if name not in values]
    if missing:
        raise WireError("InvalidSignatureException", f"The signed header {missing[0][:100]} was not sent.")
    headers = [f"{name}:{','.join(values[name])}\n" for name in claim.signed_headers]
    return "\n".join(
        (
            request.method,
            quote(request.raw_path, safe="/~"),
            canonical_query(request.query),
            "".join(headers),
            ";".join(claim.signed_headers),
            payload_hash(request),
        )
    )


def canonical_query(query: str) -> str:
    """The query, decoded and encoded anew, sorted, without the signature itself."""
    pairs = [part.partition("=") for part in query.split("&") if part]
    encoded = [
        (quote(unquote(name), safe=UNRESERVED), quote(unquote(value), safe=UNRESERVED)) for name, _, value in pairs
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded) if name != "X-Amz-Signature")


def payload_hash(request: Request) -> str:
    """The hash of the body that arrived; `UNSIGNED-PAYLOAD` is taken only where TLS protects the body."""
    actual, declared = hashlib.sha256(request.body).hexdigest(), request.header("x-amz-content-sha256")
    if declared == UNSIGNED and request.is_secure:
        return UNSIGNED
    if declared is not None and declared.startswith(CHUNKED):
        raise WireError("InvalidSignatureException", "Sign the whole body: it is not taken in signed chunks.")
    if declared == UNSIGNED:
        raise WireError("InvalidSignatureException", "An unsigned payload is accepted only over HTTPS.")
    if declared is not None and not hmac.compare_digest(declared.encode(), actual.encode()):
        raise WireError("InvalidSignatureException", "The body does not have the hash in X-Amz-Content-SHA256.")
    return actual


def read_claim(request: Request) -> Claim:
    """What a request says of its signature. Raises WireError."""
    header, query = request.header("authorization"), _query(request.query)
    if header is None and "X-Amz-Signature" not in query:
        raise WireError("MissingAuthenticationTokenException", _MISSING)
    if len(header or request.query) > MAX_LENGTH:
        raise WireError("IncompleteSignatureException", "The signature is too long.")
    if header is None:
        return _presigned(query, request)
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise WireError("IncompleteSignatureException", f"Only {ALGORITHM} is accepted here.")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    stamp = request.header("x-amz-date") or ""
    return _claim((parts.get("Credential"), stamp, parts.get("SignedHeaders"), parts.get("Signature")), request, None)


def _presigned(query: Mapping[str, str], request: Request) -> Claim:
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        raise WireError("IncompleteSignatureException", f"Only {ALGORITHM} is accepted here.")
    expires = query.get("X-Amz-Expires", "")
    if not re.fullmatch(r"[0-9]{1,6}", expires) or not 1 <= int(expires) <= MAX_EXPIRES:
        raise WireError("IncompleteSignatureException", f"X-Amz-Expires must be 1 to {MAX_EXPIRES} seconds.")
    names = ("X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")
    credential, stamp, signed, signature = (query.get(name) for name in names)
    return _claim((credential, stamp or "", signed, signature), request, timedelta(seconds=int(expires)))


def _claim(parts: tuple[str | None, str, str | None, str | None], request: Request, expires: timedelta | None) -> Claim:
    """The claim of its parts: credential, date, signed headers, signature."""
    credential, stamp, signed, signature = parts
    if not (credential and signed and signature):
        raise WireError("IncompleteSignatureException", "The signature needs Credential, SignedHeaders and Signature.")
    match, headers = _CREDENTIAL.fullmatch(credential), tuple(signed.split(";"))
    if match is None:
        raise WireError("InvalidSignatureException", f"The credential must end in /{SIGNING_NAME}/{SCOPE}.")
    if not re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", stamp) or not stamp.startswith(match["date"]):
        raise WireError("IncompleteSignatureException", "X-Amz-Date must be there and agree with the credential.")
    host = AUTHORITY if AUTHORITY in headers else "host"
    needed = {host, *(name for name in MUST_BE_SIGNED if request.header(name) is not None)}
    if needed - set(headers) or list(headers) != sorted(set(headers)):
        raise WireError("InvalidSignatureException", f"The signed headers must be sorted and include {sorted(needed)}.")
    return Claim(
        key_id=match["key"],
        date=match["date"],
        region=match["region"],
        stamp=stamp,
        signed_headers=headers,
        signature=signature,
        expires=expires,
    )


def _in_time(claim: Claim, now: datetime) -> None:
    """Raise where a claim was made too long ago, or in the future."""
    try:
        signed = datetime.fromisoformat(claim.stamp)  # ten times as fast as strptime; the form is checked before
    except ValueError:
        raise WireError("IncompleteSignatureException", "X-Amz-Date is no date.") from None
    limit = signed + (claim.expires or SKEW)
    clock = f"This server's clock says {now:{STAMP}}."
    if now > limit:
        raise WireError("InvalidSignatureException", f"Signature expired: {claim.stamp} is too long ago. {clock}")
    if signed > now + SKEW:
        raise WireError("InvalidSignatureException", f"Signature not yet current: {claim.stamp} is to come. {clock}")


def _session_token(request: Request) -> str | None:
    """The session token of a request, if it has one: Outcrop's keys have none."""
    return request.header("x-amz-security-token") or _query(request.query).get("X-Amz-Security-Token")


def _query(query: str) -> dict[str, str]:
    if "X-Amz-" not in query:
        return {}
    pairs = (part.partition("=") for part in query[: MAX_LENGTH + 1].split("&"))
    return {unquote(name): unquote(value) for name, _, value in pairs}


_CREDENTIAL = re.compile(
    rf"(?P<key>[A-Za-z0-9_-]{{4,128}})/(?P<date>[0-9]{{8}})/(?P<region>[a-z0-9-]{{1,64}})/{SIGNING_NAME}/{SCOPE}"
)
_MISSING = "Missing Authentication Token: sign the request with an access key (`outcrop keys create`)."
_UNKNOWN_KEY = "The security token included in the request is invalid: there is no such active access key."
_HAS_TOKEN = "Outcrop's access keys have no session token: unset AWS_SESSION_TOKEN."  # noqa: S105 # a message
_WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method."
)
