"""Bodies are read up to a limit, never further."""

from __future__ import annotations

from outcrop.core.errors import OutcropError
from outcrop.web.asgi import App, Receive, Scope, Send, header, send_whole

MIB = 1024 * 1024
LONGEST_NUMBER = 18  # digits; Python refuses to read numbers of thousands


class BodyTooLarge(OutcropError):
    """The request body is larger than this server accepts (the setting max_body_mb)."""

    kind = "invalid"


class BodyIncomplete(OutcropError):
    """The request body ended before it was complete, or is not encoded as its headers say."""

    kind = "invalid"


class ClientLeft(OutcropError):
    """The client closed its connection before it was answered."""


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body, at most `limit` bytes. Raises BodyTooLarge or BodyIncomplete."""
    declared = header(scope, b"content-length") or "0"
    if declared.isdecimal() and (len(declared) > LONGEST_NUMBER or int(declared) > limit):
        raise BodyTooLarge
    pieces, size = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise BodyIncomplete
        piece: bytes = event.get("body", b"")
        size += len(piece)
        if size > limit:
            raise BodyTooLarge
        pieces.append(piece)
        if not event.get("more_body", False):
            return b"".join(pieces)


def limited(app: App, limit: int) -> App:
    """The same application, given bodies that were read up to a limit; larger ones are answered with 413."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        try:
            body = await read_body(scope, receive, limit)
        except (BodyTooLarge, BodyIncomplete) as error:
            status = 413 if isinstance(error, BodyTooLarge) else 400
            await send_whole(send, status, {"content-type": "text/plain; charset=utf-8"}, error.message.encode())
            return
        given = False

        async def replay() -> dict[str, object]:
            nonlocal given
            if given:
                return dict(await receive())
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await app(scope, replay, send)

    return guarded
