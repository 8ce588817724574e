"""What a crawler needs of an HTML page: its links, its canonical address, and what it asks of robots.

One pass over the text, in time that grows with its length whatever is in it: the page is hostile, and it is read
outside the guarded processes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin

from outcrop.adapters.sources.addresses import normalised

MOST_TEXT = 4 << 20  # characters that are looked at
MOST_LINKS = 5000
TAG = re.compile(r"<(a|area|base|link|meta|frame|iframe)\s([^<>]{0,4000})>", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""([\w:-]{1,40})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
RAW = re.compile(r"<(script|style|template|textarea|xmp|noembed)[\s>]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """The links of a page in order, each once; its canonical address; whether it may be listed and followed."""

    links: Sequence[str] = ()
    canonical: str | None = None
    listed: bool = True
    followed: bool = True


def read_links(url: str, text: str) -> Found:
    """What a page at an address says."""
    base, canonical = url, None
    robots: set[str] = set()
    links: dict[str, None] = {}
    for tag, given in _tags(text[:MOST_TEXT]):
        if tag == "base" and base == url:
            base = urljoin(url, given.get("href", ""))
        elif tag == "meta" and given.get("name", "").lower() in ("robots", "outcrop"):
            robots |= directives(given.get("content", ""))
        elif tag == "link" and "canonical" in given.get("rel", "").lower().split():
            canonical = canonical or _joined(base, given.get("href", ""))
        elif tag in ("a", "area", "frame", "iframe"):
            _take(links, base, given)
    return Found(list(links), canonical, "noindex" not in robots, "nofollow" not in robots)


def directives(value: str) -> set[str]:
    """The words of a robots directive (of the meta element, or of the header X-Robots-Tag)."""
    words = {word.strip().lower() for word in value.split(",")}
    return words | {"noindex", "nofollow"} if "none" in words else words


def _take(links: dict[str, None], base: str, given: Mapping[str, str]) -> None:
    target = given.get("href", given.get("src", ""))
    if not target or len(links) >= MOST_LINKS or "nofollow" in given.get("rel", "").lower().split():
        return
    found = _joined(base, target)
    if found is not None:
        links[found] = None


def _joined(base: str, target: str) -> str | None:
    try:
        return normalised(urljoin(base, target.strip()))
    except ValueError:
        return None


def _tags(text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The elements of interest, those in comments and scripts left out."""
    position = text.find("<")
    while position >= 0:
        if text.startswith("<!--", position):
            position = text.find("-->", position + 4)
        elif raw := RAW.match(text, position):
            position = _closing(text, raw[1], raw.end())
        elif tag := TAG.match(text, position):
            yield tag[1].lower(), _attributes(tag[2])
            position = tag.end() - 1
        position = text.find("<", position + 1) if position >= 0 else -1


def _closing(text: str, name: str, start: int) -> int:
    """Where a raw element is closed; -1 where it never is."""
    found = re.compile(f"</{name}", re.IGNORECASE).search(text, start)
    return found.start() if found else -1


def _attributes(text: str) -> Mapping[str, str]:
    return {name.lower(): unescape(a or b or c) for name, a, b, c in reversed(ATTRIBUTE.findall(text))}
