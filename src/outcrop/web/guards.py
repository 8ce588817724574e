"""Guards against other web sites: the Host must be ours (DNS rebinding), and so must the Origin of each POST."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from outcrop.web.asgi import App, Receive, Scope, Send, header, send_whole

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 # compared with, not bound to
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def same_site(app: App, host: str, names: Collection[str] = ()) -> App:
    """The application, kept to requests for its own names: `host` is what it listens on, `names` are more of them."""
    allowed = LOOPBACK | {host.lower()} | {name.lower() for name in names}

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        problem = _problem(scope, allowed, anywhere=host in WILDCARDS) if scope["type"] == "http" else None
        if problem is None:
            await app(scope, receive, send)
        else:
            await send_whole(send, 403, {"content-type": "text/plain; charset=utf-8"}, problem.encode())

    return guarded


def _problem(scope: Scope, allowed: frozenset[str], *, anywhere: bool) -> str | None:
    asked = header(scope, b"host") or ""
    name = _split(asked).hostname if asked.isprintable() else None
    if name is None or not (name in allowed or (anywhere and _is_address(name))):
        return "This server does not answer to that host name; the setting allowed_hosts adds names."
    origin = header(scope, b"origin")
    if scope["method"] not in SAFE_METHODS and origin is not None and _split(origin).netloc != asked:
        return "This request comes from another web site."
    return None


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine alone."""
    return host.lower() in LOOPBACK or (_is_address(host) and ip_address(host).is_loopback)


def _split(text: str) -> SplitResult:
    """The parts of an origin or a host; empty ones for what is neither, such as "[::1"."""
    try:
        return urlsplit(text if "//" in text else f"//{text}")
    except ValueError:
        return SplitResult("", "", "", "", "")


def _is_address(name: str) -> bool:
    """Whether a host is a literal IP address, which no name server can point elsewhere."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
