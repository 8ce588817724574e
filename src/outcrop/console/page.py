"""Serves the page: fixed files under a strict content security policy, and the cookie that lets its API be used."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from outcrop.web.asgi import App, Receive, Scope, Send, header, send_whole
from outcrop.web.gate import session_cookie
from outcrop.web.guards import same_site

if TYPE_CHECKING:
    from outcrop.services import Services

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"  # text of documents can become nothing but text
)
SECURITY = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
INDEX = "/"


@dataclass(frozen=True, slots=True)
class File:
    """A file that is served."""

    body: bytes
    media_type: str
    etag: str


def console_app(services: Services) -> App:
    """The application for the page at / and its files under /static/."""
    served = _files()

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        file = served.get(scope["path"])
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] not in ("GET", "HEAD") or file is None:
            await send_whole(send, 404, {**SECURITY, "content-type": TYPES[".txt"]}, b"There is no such page.")
        elif scope["path"] == INDEX and token:
            await _enter(scope, send, token if services.console.check(token) else None, file)
        else:
            await _send(scope, send, file)

    return same_site(app, services.settings.host, services.settings.allowed_hosts)


async def _enter(scope: Scope, send: Send, token: str | None, page: File) -> None:
    """Let the browser in and send it on to the address without the token; a wrong one sees the locked page."""
    if token is None:
        await send_whole(send, 401, {**SECURITY, "content-type": page.media_type}, page.body)
        return
    headers = {**SECURITY, "location": INDEX, "set-cookie": session_cookie(scope, token), "cache-control": "no-store"}
    await send_whole(send, 303, headers, b"")


async def _send(scope: Scope, send: Send, file: File) -> None:
    headers = {**SECURITY, "content-type": file.media_type, "etag": file.etag, "cache-control": "no-cache"}
    if header(scope, b"if-none-match") == file.etag:
        await send_whole(send, 304, headers, b"")
    else:
        await send_whole(send, 200, headers, b"" if scope["method"] == "HEAD" else file.body)


def _files() -> Mapping[str, File]:
    """Every file by its path: there is no path that leads elsewhere."""
    root = files("outcrop.console") / "static"
    served = {f"/static/{path}": _file(entry) for path, entry in _walk(root, "")}
    served[INDEX] = served.pop("/static/index.html")
    return served


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found.extend(_walk(entry, f"{prefix}{entry.name}/"))
        elif _suffix(entry.name) in TYPES:
            found.append((f"{prefix}{entry.name}", entry))
    return found


def _file(entry: Traversable) -> File:
    body = entry.read_bytes()
    return File(body, TYPES[_suffix(entry.name)], f'"{hashlib.sha256(body).hexdigest()[:20]}"')


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2]}"
