"""The addresses that GetDocumentContent gives: whoever holds one may fetch that content, for five minutes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from outcrop.bedrock import errors, spec
from outcrop.core.errors import Invalid
from outcrop.core.parsed import Blob, ParsedDocument
from outcrop.core.records import DataSource
from outcrop.web.asgi import Scope, Send, send_pieces, send_whole

if TYPE_CHECKING:
    from outcrop.services import Services

CONTENT = "/document-content/"
RUNTIME = "bedrock-agent-runtime"
JSON, BYTES = "application/json", "application/octet-stream"
PIECE = 1 << 20  # bytes
# What a document holds may be hostile, and this address is the console's too: nothing of it may run in a browser.
GUARDED = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    "cache-control": "private, no-store",
}


async def send_content(services: Services, scope: Scope, send: Send) -> None:
    """Answer a request for an address that was given: GET or HEAD."""
    try:
        _check_method(scope["method"])
        source_id, reference, form = services.links.parts(scope["path"].removeprefix(CONTENT))
        source = await services.metadata.get(DataSource, source_id)
        blob = await services.direct.content(source, reference)
        try:
            await _send_form(services, blob, form, scope, send)
        finally:
            blob.release()
    except Exception as error:  # noqa: BLE001 # the edge: every error is answered
        operation = spec.operation(RUNTIME, "GetDocumentContent")
        reply = errors.reply(errors.named(error, operation), operation)
        await send_whole(send, reply.status, {**reply.headers, **GUARDED}, reply.body)


async def _send_form(services: Services, blob: Blob, form: str, scope: Scope, send: Send) -> None:
    """Send the bytes as they are, or what is read of them."""
    if form == "EXTRACTED":
        read = await services.adapters.reader().read(blob)
        blob = Blob(name=f"{blob.name}.json", data=extracted(read), media_type=JSON)
    await _send_blob(blob, scope["method"], send)


def _check_method(method: str) -> None:
    if method not in ("GET", "HEAD"):
        raise Invalid("This address is fetched with GET.")


def extracted(document: ParsedDocument) -> bytes:
    """The text of a document as JSON; `start` and `end` count its characters."""
    pages = [{"number": page.number, "start": page.start, "end": page.end} for page in document.pages]
    return json.dumps({"title": document.title, "text": document.text, "pages": pages}).encode()


async def _send_blob(blob: Blob, method: str, send: Send) -> None:
    media_type = blob.media_type or BYTES
    name = quote(blob.name.rpartition("/")[2].encode("utf-8", "replace"), safe="")
    printable = media_type.isascii() and media_type.isprintable()
    headers = {
        **GUARDED,
        "content-type": media_type if printable else BYTES,
        "content-disposition": f"attachment; filename*=UTF-8''{name}",
        "content-length": str(await asyncio.to_thread(blob.size)),
    }
    await send_pieces(send, 200, headers, _pieces(blob if method == "GET" else Blob(name=blob.name, data=b"")))


async def _pieces(blob: Blob) -> AsyncIterator[bytes]:
    """The content, of a large file never more than a piece at a time."""
    if blob.path is None:
        yield blob.read()
        return
    with await asyncio.to_thread(Path(blob.path).open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
