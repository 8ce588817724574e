"""Addresses of documents that have none of their own: what a data source is handed one by one."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

PREFIX = "custom:"
# An id that could be taken for an address of another kind, or for a part of a source (which ends with a slash).
MISTAKABLE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|.*/\Z", re.DOTALL)


def custom_uri(id: str) -> str:
    """The address of a custom document: its id, or where that could be mistaken `custom:` and the id in ASCII."""
    if not MISTAKABLE.match(id):
        return id
    return PREFIX + quote(id.encode("utf-8", "surrogatepass"), safe="")


def custom_id(uri: str) -> str:
    """The id of the custom document with this address."""
    if not uri.startswith(PREFIX):
        return uri
    return unquote(uri.removeprefix(PREFIX), errors="surrogatepass")
