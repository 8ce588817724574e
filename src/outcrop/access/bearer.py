"""API keys: an access key in one string, for clients that send `Authorization: Bearer` instead of a signature.

The string is the access key's id, a dot, and its secret, so every access key is an API key too, and revoking it ends
both. It serves the clients of the OpenAI API and AWS's (`AWS_BEARER_TOKEN_BEDROCK`).
"""

from __future__ import annotations

import hmac

from outcrop.access.callers import Caller
from outcrop.access.keys import SECRET_LENGTH, Keys

MAX_TOKEN = 200  # characters: longer ones are no API key of ours
_NO_SECRET = "\0" * SECRET_LENGTH  # what the secret of an unknown key is compared with, so that it takes as long


def api_key(key_id: str, secret: str) -> str:
    """The API key that an access key is in one string."""
    return f"{key_id}.{secret}"


def bearer_token(authorization: str) -> str | None:
    """The token of an Authorization header's value; None where its scheme is not Bearer (RFC 6750)."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def bearer_caller(keys: Keys, token: str) -> Caller | None:
    """Who holds an API key; None where it is not one, or its access key is revoked.

    The time that it takes does not tell how much of the secret is right.

    Raises:
        Denied: The server's key file is not the one that sealed the key.
    """
    key_id, _, given = token.partition(".")
    if len(token) > MAX_TOKEN or not token.isascii():
        return None
    secret = await keys.secret(key_id)
    right = hmac.compare_digest(given.encode(), (secret or _NO_SECRET).encode())
    return await keys.caller(key_id) if right and secret is not None else None
