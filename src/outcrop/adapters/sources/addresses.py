"""Addresses of web pages: one spelling each, what belongs to a scope, and what looks like a trap."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

LONGEST = 2000  # characters
MOST_PARTS, MOST_REPEATS = 30, 3  # of a path: more look like a loop of relative links
PORTS = {"http": 80, "https": 443}
TRACKING = re.compile(r"utm_\w+|gclid|fbclid|msclkid|mc_[ce]id|phpsessid|jsessionid|sid|sessionid", re.IGNORECASE)
SESSION = re.compile(r";jsessionid=[^/?#]*", re.IGNORECASE)
SAFE = "!$&'()*+,;=:@/~-._%"

ScopeKind = Literal["prefix", "host", "subdomains"]


def normalised(url: str) -> str | None:
    """The one spelling of a page's address; None for what is no address of a page, or too long."""
    try:
        parts = urlsplit(url.strip())
        port, host = parts.port, (parts.hostname or "").rstrip(".")
        host = host if ":" in host else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in PORTS or not host or len(url) > LONGEST or parts.username is not None:
        return None
    shown = f"[{host}]" if ":" in host else host
    place = shown if port in (None, PORTS[parts.scheme]) else f"{shown}:{port}"
    path = quote(SESSION.sub("", parts.path) or "/", safe=SAFE)
    return urlunsplit((parts.scheme, place, path, _query(parts.query), ""))


def _query(query: str) -> str:
    """A query without what names the visitor and not the page."""
    if not query or not any(TRACKING.fullmatch(name) for name, _ in parse_qsl(query, keep_blank_values=True)):
        return quote(query, safe=SAFE + "?")
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if not TRACKING.fullmatch(pair[0])]
    return urlencode(kept)


def origin(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def is_trap(url: str) -> bool:
    """Whether a path repeats itself as those do that loops of relative links make."""
    parts = [part for part in urlsplit(url).path.split("/") if part]
    return len(parts) > MOST_PARTS or any(count > MOST_REPEATS for count in Counter(parts).values())


def page_path(url: str) -> str:
    """The path and query below the host as people read them, without a slash at either end."""
    parts = urlsplit(url)
    path = unquote(parts.path).strip("/")
    return f"{path}?{parts.query}" if parts.query else path


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a crawl may go from one address: below its path, on its host, or on its host and those below it."""

    kind: ScopeKind
    host: str  # with the port
    path: str

    @classmethod
    def of(cls, kind: ScopeKind, url: str) -> Scope:
        """The scope around an address."""
        parts = urlsplit(url)
        return cls(kind, parts.netloc.lower(), parts.path.rpartition("/")[0] + "/")

    def holds(self, url: str) -> bool:
        """Whether an address is in it; http and https are the same place."""
        parts = urlsplit(url)
        host = parts.netloc.lower()
        if self.kind == "subdomains":
            above = self.host.removeprefix("www.")
            return host == above or host.endswith(f".{above}")
        return host == self.host and (self.kind == "host" or parts.path.startswith(self.path))
