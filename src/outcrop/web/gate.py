"""Who may use the page and its API: whoever holds the console's token, as a bearer token or in the page's cookie."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Protocol

from outcrop.web.asgi import Scope, header

COOKIE = "outcrop_session"
SECONDS = 30 * 24 * 3600  # that a browser keeps the cookie
CALLER = "console"  # the caller that sessions of the page belong to


class Tokens(Protocol):
    """Where the console's token is checked."""

    def check(self, token: str) -> bool:
        """Whether this is the token, compared in constant time."""
        ...


def authorised(scope: Scope, tokens: Tokens) -> bool:
    """Whether a request holds the token."""
    scheme, _, bearer = (header(scope, b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        return tokens.check(bearer.strip())
    token = _cookie(scope)
    return token is not None and tokens.check(token)


def session_cookie(scope: Scope, token: str) -> str:
    """The Set-Cookie header that lets a browser in: out of reach of scripts, and never sent from other sites."""
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    return f"{_name(scope)}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={SECONDS}{secure}"


def _cookie(scope: Scope) -> str | None:
    try:
        found = SimpleCookie(header(scope, b"cookie") or "").get(_name(scope))
    except CookieError:
        return None
    return found.value if found else None


def _name(scope: Scope) -> str:
    """The cookie's name, by port: browsers share cookies between the ports of a host, where two servers may run."""
    port = (header(scope, b"host") or "").rpartition(":")[2]
    return f"{COOKIE}_{port}" if port.isdecimal() else COOKIE
