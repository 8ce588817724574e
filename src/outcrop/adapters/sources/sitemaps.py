"""Sitemaps (sitemaps.org, protocol 0.9): XML, indexes of them, plain lists, each also packed with gzip."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

MOST_BYTES = 50 << 20  # the protocol's own limit, unpacked
MOST_ADDRESSES = 50_000  # as above
LOCATION = re.compile(r"<(?:\w+:)?loc\s*>\s*(?:<!\[CDATA\[)?\s*([^<\]\s][^<\]]{0,2000}?)\s*(?:\]\]>)?\s*</")
INDEX = re.compile(r"<(?:\w+:)?sitemapindex[\s>]")
HEAD = 4096


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The addresses of a sitemap; those of an index are of other sitemaps."""

    addresses: Sequence[str]
    index: bool = False


def read_sitemap(data: bytes) -> Sitemap:
    """What a sitemap lists; nothing where it is none. Entities other than XML's own are not looked up."""
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(data)
    text = data[:MOST_BYTES].decode("utf-8-sig", "replace")
    if "<" not in text[:HEAD]:
        lines = [line.strip() for line in text.splitlines()[:MOST_ADDRESSES]]
        return Sitemap([line for line in lines if line.startswith(("http://", "https://"))])
    found = [unescape(match[1]) for _, match in zip(range(MOST_ADDRESSES), LOCATION.finditer(text), strict=False)]
    return Sitemap(found, index=INDEX.search(text[:HEAD]) is not None)


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(47).decompress(data, MOST_BYTES)
    except zlib.error:
        return b""
