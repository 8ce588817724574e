"""Tokens for the next page: where it begins, bound to the question that it belongs to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from outcrop.core.errors import Invalid

WRONG = "nextToken must be the one that the same request gave before."
DIGEST = 12  # bytes that bind a token to its question


def next_token(offset: int, *question: Any) -> str:
    """A token for the page that begins at an offset of the results for this question."""
    return base64.urlsafe_b64encode(offset.to_bytes(4, "big") + _digest(question)).decode().rstrip("=")


def offset_of(token: str | None, *question: Any) -> int:
    """Where a token's page begins; 0 for no token. Raises Invalid for a token of another question."""
    if token is None:
        return 0
    data = _decoded(token)
    if data[4:] != _digest(question):
        raise Invalid(WRONG)
    return int.from_bytes(data[:4], "big")


def next_cursor(last: Sequence[str], *question: Any) -> str:
    """A token for the page after what sorts as `last` in the results for this question: what comes later stays out."""
    text = json.dumps(list(last)).encode()
    return base64.urlsafe_b64encode(_digest(question) + text).decode().rstrip("=")


def cursor_of(token: str | None, *question: Any) -> list[str] | None:
    """What a page begins after; None for no token. Raises Invalid for a token of another question."""
    if token is None:
        return None
    data = _decoded(token)
    if data[:DIGEST] != _digest(question):
        raise Invalid(WRONG)
    last: list[str] = json.loads(data[DIGEST:])
    return last


def _decoded(token: str) -> bytes:
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _digest(question: Any) -> bytes:
    text = json.dumps(question, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:DIGEST]
