"""An answer as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from time import perf_counter

from pydantic import BaseModel
from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from outcrop.api.shapes import AnswerOut, CitationOut, ErrorOut
from outcrop.core.answers import AnswerPart, CitationPart, FinalPart, TextPart
from outcrop.core.errors import OutcropError
from outcrop.web.asgi import closing, send_pieces
from outcrop.web.body import ClientLeft
from outcrop.web.connection import while_connected

logger = logging.getLogger(__name__)

HEADERS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no"}


class AnswerStream(Response):
    """Sends the parts of an answer as they come; the answer is cancelled when the client leaves."""

    def __init__(self, parts: AsyncIterator[AnswerPart]) -> None:
        super().__init__()
        self._parts = parts

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send."""
        try:
            await while_connected(receive, send_pieces(send, 200, HEADERS, _events(self._parts)))
        except ClientLeft:
            logger.debug("A client left before its answer was finished.")


async def _events(parts: AsyncIterator[AnswerPart]) -> AsyncIterator[bytes]:
    """The events `text`, `citation` and `final`, or `error` where it fails."""
    began = perf_counter()
    async with closing(parts):
        try:
            async for part in parts:
                yield _event(part, (perf_counter() - began) * 1000)
        except OutcropError as error:
            yield _frame("error", ErrorOut(kind=error.kind, message=error.message))
        except Exception:
            logger.exception("An answer failed.")
            yield _frame("error", ErrorOut(kind="internal", message=UNEXPECTED))


def _event(part: AnswerPart, took_ms: float) -> bytes:
    match part:
        case TextPart():
            return b"event: text\ndata: " + to_json({"text": part.text}) + b"\n\n"
        case CitationPart():
            return _frame("citation", CitationOut.of(part.citation))
        case FinalPart():
            return _frame("final", AnswerOut.of(part.answer, took_ms))


def _frame(name: str, data: BaseModel) -> bytes:
    """One event; JSON has no line breaks of its own, so one data line holds it."""
    return f"event: {name}\ndata: {data.model_dump_json()}\n\n".encode()


UNEXPECTED = "Something went wrong inside Outcrop; the server's log says what."
