"""Ids: random ones for resources, derived ones for documents and chunks, so that a re-run names the same things."""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Callable

ALPHABET = string.ascii_uppercase + string.digits
RESOURCE_ID_LENGTH = 10  # Bedrock: knowledge base and data source ids are 10 letters or digits

NewId = Callable[[], str]


def new_id() -> str:
    """A random resource id in Bedrock's form: ten capital letters or digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(RESOURCE_ID_LENGTH))


def derived_resource_id(*parts: str) -> str:
    """A resource id in Bedrock's form that is always the same for these parts."""
    number, letters = int(derived_id(*parts), 16), []
    for _ in range(RESOURCE_ID_LENGTH):
        number, letter = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return "".join(letters)


def derived_id(*parts: str) -> str:
    """A stable id of 24 hexadecimal digits (96 bits) for these parts, in this order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:24]
