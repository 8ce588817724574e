"""The OpenAI surface as an ASGI application: admit, read, route, answer."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Message

from outcrop.access.bearer import bearer_caller, bearer_token
from outcrop.access.callers import LOCAL, Caller
from outcrop.core.clock import Clock, now
from outcrop.openai import errors
from outcrop.openai.call import EVENTS, JSON, Call, Endpoint, Reply, Stream, json_reply
from outcrop.openai.errors import ApiError
from outcrop.openai.table import ROUTES, UPLOADS
from outcrop.web.asgi import App, Receive, Scope, Send, closing, header, send_pieces, send_whole
from outcrop.web.body import MIB, BodyTooLarge, ClientLeft, read_body
from outcrop.web.connection import while_connected
from outcrop.web.guards import same_site

if TYPE_CHECKING:
    from outcrop.services import Services

FORM_MB = 1  # what a form may hold besides its file
MAX_FIELDS = 20
UNAUTHORISED = (
    "Send an API key of this server as `Authorization: Bearer <key>`. "
    "`outcrop keys create` makes one and prints it as OPENAI_API_KEY."
)
SSE_HEADERS = {"content-type": EVENTS, "cache-control": "no-store", "x-accel-buffering": "no"}


def openai_app(services: Services, clock: Clock = now) -> App:
    """The application for /v1."""
    surface = Surface(services, clock)
    routes = [
        Route(path, Handler(surface, endpoint, form=(method, path) in UPLOADS), methods=[method])
        for (method, path), endpoint in ROUTES.items()
    ]
    router = Starlette(routes=routes, exception_handlers={HTTPException: _http_error})
    router.router.redirect_slashes = False

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request_id = f"req_{secrets.token_hex(16)}"
        scope["outcrop.request_id"] = request_id
        try:
            scope["outcrop.caller"] = await surface.admitted(scope)
        except Exception as error:  # noqa: BLE001 # the edge: every error is answered
            await _send_error(send, error, request_id)
        else:
            await router(scope, receive, send)

    # A browser could be made to ask a server that asks for no key.
    settings = services.settings
    return same_site(app, settings.host, settings.allowed_hosts) if surface.is_open else app


class Surface:
    """What every endpoint shares."""

    def __init__(self, services: Services, clock: Clock) -> None:
        self.services = services
        self.clock = clock
        self.is_open = services.settings.auth == "none"
        self.body_limit = services.settings.max_body_mb * MIB
        self.form_limit = (services.settings.max_file_mb + FORM_MB) * MIB

    async def admitted(self, scope: Scope) -> Caller:
        """Who asks: anybody on an open server. Raises ApiError (401) without an API key of ours."""
        if self.is_open:
            return LOCAL
        token = bearer_token(header(scope, b"authorization") or "")
        caller = await bearer_caller(self.services.keys, token) if token else None
        if caller is None:
            raise ApiError(UNAUTHORISED, status=401, code="invalid_api_key")
        await self.services.keys.used(caller.id)
        return caller


class Handler:
    """One endpoint as an ASGI application; where the client leaves, its work is cancelled."""

    def __init__(self, surface: Surface, endpoint: Endpoint, *, form: bool) -> None:
        self._surface = surface
        self._endpoint = endpoint
        self._form = form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id: str = scope["outcrop.request_id"]
        try:
            if self._form:
                await self._answer_form(scope, receive, send, request_id)
            else:
                body = await read_body(scope, receive, self._surface.body_limit)
                call = self._call(scope, body=body)
                await while_connected(receive, _answer(self._endpoint, call, send, request_id))
        except ClientLeft:
            return
        except BodyTooLarge as error:
            await _send_error(send, error, request_id)

    async def _answer_form(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        """Answer an upload, whose file is kept on disk while it is read."""
        request = Request(scope, _bounded(receive, self._surface.form_limit))
        try:
            parsing = request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=FORM_MB * MIB)
            async with parsing as form:
                await _answer(self._endpoint, self._call(scope, form=form), send, request_id)
        except HTTPException as error:
            problem = ApiError(f"The body is not a form with a file: {error.detail}", code="invalid_form")
            await _send_error(send, problem, request_id)

    def _call(self, scope: Scope, **given: Any) -> Call:
        return Call(
            services=self._surface.services,
            caller=scope["outcrop.caller"],
            clock=self._surface.clock,
            path=scope["path_params"],
            query=dict(Request(scope).query_params),
            **given,
        )


def _bounded(receive: Receive, limit: int) -> Receive:
    """The same body, up to a limit. Raises BodyTooLarge beyond it, and ClientLeft where it breaks off."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ClientLeft
        size += len(event.get("body", b""))
        if size > limit:
            raise BodyTooLarge
        return event

    return counted


async def _answer(endpoint: Endpoint, call: Call, send: Send, request_id: str) -> None:
    try:
        reply = await endpoint(call)
        if isinstance(reply, Stream):
            reply = Stream(frames=await _begun(reply.frames))
    except Exception as error:  # noqa: BLE001 # the edge: every error is answered
        await _send_error(send, error, request_id)
        return
    if isinstance(reply, Stream):
        await send_pieces(send, 200, {**SSE_HEADERS, "x-request-id": request_id}, reply.frames)
    else:
        await _send(send, reply, request_id)


async def _begun(frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same frames, the first of which is there: what fails before it is answered with a status of its own."""
    first = await anext(frames, None)

    async def all_of_them() -> AsyncIterator[bytes]:
        async with closing(frames):
            if first is not None:
                yield first
            async for frame in frames:
                yield frame

    return all_of_them()


async def _send(send: Send, reply: Reply, request_id: str) -> None:
    await send_whole(send, reply.status, {**reply.headers, "x-request-id": request_id}, reply.body)


async def _send_error(send: Send, error: BaseException, request_id: str) -> None:
    named = errors.named(error)
    reply = json_reply(errors.body(named), named.status)
    with suppress(ClientLeft):
        await _send(send, Reply(body=reply.body, status=reply.status, headers=_headers(named)), request_id)


def _headers(error: ApiError) -> dict[str, str]:
    challenge = {"www-authenticate": "Bearer"} if error.status == 401 else {}  # noqa: PLR2004 # HTTP's own number
    return {"content-type": JSON, **challenge, **errors.headers(error)}


async def _http_error(request: Request, error: Exception) -> Any:
    """What the router itself refuses: a path or a method that is not there."""
    assert isinstance(error, HTTPException)  # noqa: S101 # registered for it alone
    path, method = request.url.path, request.method
    known = f"{method} {path} is not an endpoint that Outcrop offers; docs/openai.md lists them."
    named = ApiError(known, status=error.status_code, code="unknown_url")

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        await _send_error(send, named, scope["outcrop.request_id"])

    return respond
