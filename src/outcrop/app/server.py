"""The server: every surface on one port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from outcrop.api.app import api_app
from outcrop.bedrock.app import bedrock_app
from outcrop.console.page import console_app
from outcrop.openai.app import openai_app
from outcrop.services import Services

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

API_PATHS = ("/api/", "/health", "/ready")
OPENAI_PATHS = ("/v1/",)
CONSOLE_PATHS = ("/static/",)  # and the bare "/"


def outcrop_app(services: Services) -> App:
    """One ASGI application: the page, the native API, OpenAI's API, and Bedrock's for every other path."""
    console, api, bedrock = console_app(services), api_app(services), bedrock_app(services)
    openai = openai_app(services)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path == "/" or path.startswith(CONSOLE_PATHS):
            await console(scope, receive, send)
        elif path == "/api" or path.startswith(API_PATHS):
            await api(scope, receive, send)
        elif path == "/v1" or path.startswith(OPENAI_PATHS):
            await openai(scope, receive, send)
        else:
            await bedrock(scope, receive, send)

    return app
