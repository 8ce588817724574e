"""The S3 API as a source needs it: a client for any endpoint, and its errors in words.

Credentials, region and endpoint come from where the AWS SDKs look for them (variables, profiles, the machine's role).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from outcrop.core.errors import Denied, Invalid, MissingDependency, OutcropError, Unavailable

CONNECT_SECONDS, READ_SECONDS = 10, 60
ATTEMPTS = 3
AT_ONCE = 16  # connections
GONE = frozenset({"NoSuchKey", "404", "NotFound"})
DENIED = frozenset({"AccessDenied", "403", "Forbidden", "AllAccessDisabled", "AccountProblem"})
KEYS = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"}
)
SENTENCES = {
    "NoSuchBucket": "There is no bucket {bucket}.",
    "InvalidBucketName": "{bucket} is no name of a bucket.",
    "InvalidObjectState": "The object is archived; restore it first.",
}


def open_client(
    endpoint: str | None, service: str = "s3", region: str | None = None, profile: str | None = None
) -> Any:
    """A client of botocore for "s3" or "sqs", safe to share between threads; nothing is asked yet.

    `profile` names credentials of the SDK's own configuration.

    Raises:
        Invalid: The endpoint or the SDK's configuration is wrong.
    """
    try:
        import botocore.session
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise MissingDependency("Reading S3 needs the package botocore.") from error
    try:
        session = botocore.session.Session(profile=profile)
        if service != "s3":
            return session.create_client(service, region_name=region, endpoint_url=endpoint, config=_patience())
        client = _client(session, endpoint, "auto")
        host = urlsplit(client.meta.endpoint_url).hostname or ""
        if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return client
        return _client(session, endpoint, "path")  # servers other than AWS's have no name for each bucket
    except (BotoCoreError, ValueError) as error:
        raise Invalid(f"S3 cannot be set up: {error}") from error


def _client(session: Any, endpoint: str | None, style: str) -> Any:
    from botocore.config import Config

    config = Config(
        s3={"addressing_style": style},  # type: ignore[arg-type]
        response_checksum_validation="when_required",  # what not every server sends
    )
    return session.create_client("s3", endpoint_url=endpoint, config=_patience().merge(config))


def _patience() -> Any:
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=AT_ONCE,
    )


class Missing(OutcropError):
    """The object is not there."""

    kind = "not_found"


@contextmanager
def translated(bucket: str) -> Iterator[None]:
    """Turn the SDK's errors into Outcrop's: Missing, Denied, Unavailable or Invalid, in words that name the bucket."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

    try:
        yield
    except ClientError as error:
        raise _told(bucket, error.response) from error
    except NoCredentialsError as error:
        sentence = "The server has no AWS credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where it runs."
        raise Denied(f"The bucket {bucket} cannot be read. {sentence}") from error
    except ParamValidationError as error:
        raise Invalid(f"{bucket} cannot be the name of a bucket: {error}") from error
    except (BotoCoreError, OSError) as error:
        raise Unavailable(f"S3 cannot be reached for the bucket {bucket}: {error}") from error


def _told(bucket: str, reply: Any) -> OutcropError:
    """What an error reply of S3 means."""
    told = reply.get("Error", {})
    code, message = str(told.get("Code", "")), str(told.get("Message", "")).strip()
    if code in GONE:
        return Missing("The object is not there any more.")
    if code in KEYS:
        return Denied(f"S3 does not accept the server's credentials for the bucket {bucket}: {code}. {message}")
    if code in DENIED:
        need = "The server's credentials need s3:ListBucket on it and s3:GetObject on its objects."
        return Denied(f"Access to the bucket {bucket} is denied. {need}")
    sentence = SENTENCES.get(code, f"S3 answered for the bucket {{bucket}}: {code}. {message}")
    return Unavailable(sentence.replace("{bucket}", bucket))
