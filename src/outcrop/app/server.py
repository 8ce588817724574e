"""The server: every surface on one port."""

from __future__ import annotations

from collections.abc import Callable

from outcrop.bedrock.app import bedrock_app
from outcrop.console.page import console_app
from outcrop.services import Services
from outcrop.web.asgi import App, Receive, Scope, Send

API_PATHS = ("/api/", "/health", "/ready")
OPENAI_PATHS = ("/v1/",)
CONSOLE_PATHS = ("/static/",)  # and the bare "/"


def outcrop_app(services: Services) -> App:
    """One ASGI application: the page, the native API, OpenAI's API, and Bedrock's for every other path."""
    console, bedrock = console_app(services), bedrock_app(services)
    api, openai = lazily(lambda: _api(services)), lazily(lambda: _openai(services))

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


def lazily(make: Callable[[], App]) -> App:
    """An application that is made when it is first asked: what it imports need not delay the start."""
    made: list[App] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if not made:
            made.append(make())
        await made[0](scope, receive, send)

    return app


def _api(services: Services) -> App:
    from outcrop.api.app import api_app  # FastAPI takes a third of a second

    return api_app(services)


def _openai(services: Services) -> App:
    from outcrop.openai.app import openai_app  # its shapes are compiled when they are imported

    return openai_app(services)
