"""The Bedrock surface as an ASGI application: route, verify, parse, call, render."""

from __future__ import annotations

import secrets
from time import monotonic
from typing import TYPE_CHECKING

from outcrop.bedrock import errors, ops, route
from outcrop.bedrock.content import CONTENT, send_content
from outcrop.bedrock.errors import WireError
from outcrop.bedrock.eventstream import opened
from outcrop.bedrock.idempotency import once
from outcrop.bedrock.parse import Request
from outcrop.bedrock.render import Reply, renderer
from outcrop.bedrock.signature import Verifier
from outcrop.bedrock.table import TABLE, Call
from outcrop.core.clock import Clock, now
from outcrop.web.asgi import App, Receive, Scope, Send, send_pieces, send_whole
from outcrop.web.body import MIB, BodyIncomplete, BodyTooLarge, ClientLeft, read_body
from outcrop.web.connection import while_connected

if TYPE_CHECKING:
    from outcrop.services import Services

__all__ = ["bedrock_app", "ops"]


def bedrock_app(services: Services, clock: Clock = now) -> App:
    """The application that answers AWS's clients."""
    surface = Surface(services, Verifier(services.keys, clock))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(CONTENT):
            await send_content(services, scope, send)
        elif scope["type"] == "http":
            await surface.serve(scope, receive, send)

    return app


class Surface:
    """Answers requests with the operations of the table."""

    def __init__(self, services: Services, verifier: Verifier) -> None:
        self._services = services
        self._verifier = verifier
        self._noted: dict[str, float] = {}  # when the use of each key was last noted, so that most calls write nothing
        self._limit = services.settings.max_body_mb * MIB

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; where the client leaves, its work is cancelled."""
        request_id = secrets.token_hex(16)
        try:
            body = await read_body(scope, receive, self._limit)
            await while_connected(receive, self._answer(_request(scope, body), request_id, send))
        except ClientLeft:
            return
        except (BodyTooLarge, BodyIncomplete) as error:
            await _send(errors.reply(errors.named(error, None), None), request_id, send)

    async def _answer(self, request: Request, request_id: str, send: Send) -> None:
        service, stream = None, None
        try:
            found = _routed(request)
            service = found.operation.service.name
            reply = await self._run(found, request, request_id)
            if reply.events is not None:
                stream = await opened(found.operation, reply.events)
        except Exception as error:  # noqa: BLE001 # the edge: every error is answered
            reply = errors.reply(errors.named(error, service), service)
        if stream is None:
            await _send(reply, request_id, send)
        else:
            await send_pieces(send, reply.status, _headers(reply, request_id), stream)

    async def _run(self, found: route.Route, request: Request, request_id: str) -> Reply:
        """The reply of an operation."""
        operation = found.operation
        key = await self._verifier.verify(request)
        await self._note(key)
        entry = TABLE.get((operation.service.name, operation.name))
        if entry is None:
            message = f"Outcrop does not offer {operation.name} of {operation.service.name}."
            raise WireError("NotImplementedException", message)
        call = Call(self._services, key, request_id, {}, address=_address(request))
        result = await once(call, entry, entry.parse(request, found.labels))
        reply = renderer(operation)(result)
        return Reply(reply.status, {**reply.headers, **call.headers}, reply.body, reply.events)

    async def _note(self, key: str) -> None:
        """Note that a key was used, now and then."""
        moment = monotonic()
        if moment - self._noted.get(key, -NOTED_EVERY) >= NOTED_EVERY:
            self._noted[key] = moment
            await self._services.keys.used(key)


NOTED_EVERY = 60.0  # seconds


def _routed(request: Request) -> route.Route:
    found = route.find(request.method, request.raw_path)
    if found is None:
        raise WireError("UnknownOperationException", f"No operation has {request.method} and this path.")
    return found


async def _send(reply: Reply, request_id: str, send: Send) -> None:
    await send_whole(send, reply.status, _headers(reply, request_id), reply.body)


def _headers(reply: Reply, request_id: str) -> dict[str, str]:
    return {**reply.headers, "x-amzn-requestid": request_id}


def _address(request: Request) -> str:
    return f"{'https' if request.secure else 'http'}://{request.header('host') or ''}"


def _request(scope: Scope, body: bytes) -> Request:
    """The request, its path and headers as they came over the wire (latin-1 keeps every byte)."""
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    return Request(
        method=scope["method"],
        raw_path=raw_path.partition(b"?")[0].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]),
        body=body,
        secure=scope.get("scheme") == "https",
    )
