"""The Bedrock surface as an ASGI application: route, verify, parse, call, render."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from outcrop.bedrock import errors, ops, route
from outcrop.bedrock.admission import Admission
from outcrop.bedrock.client_tokens import ClientTokens, resource_id
from outcrop.bedrock.content import CONTENT, send_content
from outcrop.bedrock.errors import WireError
from outcrop.bedrock.eventstream import opened
from outcrop.bedrock.parse import Request
from outcrop.bedrock.render import Reply
from outcrop.bedrock.table import TABLE, Call, Entry
from outcrop.core.clock import Clock, now
from outcrop.core.errors import Invalid
from outcrop.web.asgi import App, Receive, Scope, Send, send_pieces, send_whole
from outcrop.web.body import MIB, BodyIncomplete, BodyTooLarge, ClientLeft, read_body
from outcrop.web.connection import while_connected
from outcrop.web.guards import is_loopback, same_site

if TYPE_CHECKING:
    from outcrop.services import Services

__all__ = ["bedrock_app", "ops"]


def bedrock_app(services: Services, clock: Clock = now) -> App:
    """The application that answers AWS's clients. Raises Invalid for one that is open to more than this machine."""
    settings = services.settings
    is_open = settings.auth == "none"
    if is_open and not is_loopback(settings.host):
        raise Invalid(f"Without access keys the server may only listen on this machine, not on {settings.host}.")
    surface = Surface(services, Admission(services.keys, clock, is_open=is_open), clock)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(CONTENT):
            await send_content(services, scope, send)
        elif scope["type"] == "http":
            await surface.serve(scope, receive, send)

    # Where nothing else is asked of a request, pages of other sites must not send them from a browser here.
    return same_site(app, settings.host, settings.allowed_hosts) if is_open else app


class Surface:
    """Answers requests with the operations of the table."""

    def __init__(self, services: Services, admission: Admission, clock: Clock) -> None:
        self._services = services
        self._admission = admission
        self._tokens = ClientTokens(services.metadata, clock)
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
        operation, stream = None, None
        try:
            found = _routed(request)
            operation = found.operation
            reply = await self._run(found, request, request_id)
            if reply.events is not None:
                stream = await opened(operation, reply.events, reply.extends)
        except Exception as error:  # noqa: BLE001 # the edge: every error is answered
            reply = errors.reply(errors.named(error, operation), operation)
        if stream is None:
            await _send(reply, request_id, send)
        else:
            await send_pieces(send, reply.status, _headers(reply, request_id), stream)

    async def _run(self, found: route.Route, request: Request, request_id: str) -> Reply:
        """The reply of an operation."""
        operation = found.operation
        caller = await self._admission.admit(request, operation.service)
        entry = TABLE.get((operation.service.name, operation.name))
        if entry is None:
            message = f"Outcrop does not offer {operation.name} of {operation.service.name}."
            raise WireError("NotImplementedException", message)
        given = entry.parse(request, found.labels)
        made = resource_id(operation, caller, given)
        call = Call(self._services, caller, request_id, {}, made, _address(request))
        return await self._tokens.once(operation, caller, given, lambda: _carried_out(entry, call, given))


async def _carried_out(entry: Entry, call: Call, given: Mapping[str, Any]) -> Reply:
    reply = entry.render(await entry.run(call, given))
    return replace(reply, headers={**reply.headers, **call.headers}) if call.headers else reply


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
    return f"{'https' if request.is_secure else 'http'}://{request.header('host') or ''}"


def _request(scope: Scope, body: bytes) -> Request:
    """The request, its path and headers as they came over the wire (latin-1 keeps every byte)."""
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    is_secure, (client, _) = scope.get("scheme") == "https", scope.get("client") or ("", 0)
    return Request(
        method=scope["method"],
        raw_path=raw_path.partition(b"?")[0].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]),
        body=body,
        is_secure=is_secure,
        is_private=is_secure or is_loopback(client),
    )
