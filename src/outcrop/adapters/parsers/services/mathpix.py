"""Mathpix: PDF files are submitted and asked for until they are done; pictures are read at once.

Source: https://docs.mathpix.com (v3/pdf, v3/pdf/{pdf_id}, v3/pdf/{pdf_id}.lines.json, v3/text).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from outcrop.adapters.parsers.builder import Origin
from outcrop.adapters.parsers.formats import PDF
from outcrop.adapters.parsers.services.reader import FIRST_WAIT, ServiceReader, until
from outcrop.adapters.parsers.services.recognised import Piece, RecognisedPage, document_of
from outcrop.adapters.parsers.tex import as_markdown
from outcrop.adapters.parsers.text import markdown_headings
from outcrop.core.errors import Denied, Invalid, ModelFailed, Throttled, TimedOut, Unavailable, Unreadable
from outcrop.core.parsed import ParsedDocument
from outcrop.core.protocols import Reader
from outcrop.core.settings import Settings

if TYPE_CHECKING:
    import httpx2

ADDRESS = "https://api.mathpix.com"
SECONDS = 60.0  # for one request
SERVER_ERROR, TOO_MANY = 500, 429
FURNITURE = frozenset({"page_info", "page_number", "header", "footer"})
PICTURES = frozenset({"figure", "diagram", "chart", "image"})


def open_reader(settings: Settings, local: Reader) -> ServiceReader:
    """The reader that gives PDF files and pictures to Mathpix. Raises Invalid where a key's variable is not set."""
    keys = [_variable(settings.mathpix_id_variable), _variable(settings.mathpix_key_variable)]
    return ServiceReader(Mathpix(settings.mathpix_url or ADDRESS, keys[0], keys[1]), local, settings.max_file_mb)


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise Invalid(f"Mathpix cannot be used: the variable {name} is not set.")
    return value


class Mathpix:
    """A client of Mathpix."""

    version = "mathpix/1"
    media_types = frozenset({PDF, "image/png", "image/jpeg"})

    def __init__(self, url: str, app_id: str, app_key: str, wait: float = FIRST_WAIT) -> None:
        self._url = url.rstrip("/")
        self._headers = {"app_id": app_id, "app_key": app_key}
        self._wait = wait
        self._client: httpx2.AsyncClient | None = None

    async def read(self, data: bytes, name: str, media_type: str) -> ParsedDocument:
        """Submit the file, ask until it is done, and map its lines."""
        origin = Origin(media_type, self.version)
        file = {"file": (name.rpartition("/")[2] or "file", data, media_type)}
        if media_type != PDF:
            options = {"options_json": json.dumps({"include_line_data": True, "formats": ["text"]})}
            return _picture(await self._ask("POST", "/v3/text", files=file, data=options), origin)
        options = {"options_json": json.dumps({"enable_tables_fallback": True})}
        submitted = await self._ask("POST", "/v3/pdf", files=file, data=options)
        if "pdf_id" not in submitted:
            raise Unreadable("unsupported", f"Mathpix does not take the file: {_fault(submitted)}.")
        return await until(lambda: self._document(str(submitted["pdf_id"]), origin), self._wait)

    async def _document(self, identity: str, origin: Origin) -> ParsedDocument | None:
        """The document once it is done, None while it is worked on."""
        state = await self._ask("GET", f"/v3/pdf/{identity}")
        if state.get("status") == "error":
            raise Unreadable("corrupt", f"Mathpix could not read the file: {_fault(state)}.")
        if state.get("status") != "completed":
            return None
        found = await self._ask("GET", f"/v3/pdf/{identity}.lines.json")
        pages = [_page(page) for page in found.get("pages", ())]
        return document_of(pages, origin)

    async def _ask(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        """What Mathpix answers. Raises Denied, Throttled, TimedOut, Unavailable, ModelFailed."""
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(base_url=self._url, headers=self._headers, timeout=SECONDS)
        try:
            response = await self._client.request(method, path, **given)
        except httpx2.TimeoutException as error:
            raise TimedOut("Mathpix did not answer in time.") from error
        except httpx2.TransportError as error:
            raise Unavailable("Mathpix does not answer.") from error
        _check(response.status_code)
        try:
            answer = response.json()
        except ValueError as error:
            raise ModelFailed("Mathpix answers with something that is no JSON.") from error
        return answer if isinstance(answer, dict) else {}

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def _check(status: int) -> None:
    if status in {401, 403}:
        raise Denied("Mathpix refuses the keys. Check the variables that hold them.")
    if status == TOO_MANY:
        raise Throttled("Mathpix answers that there were too many requests.")
    if status >= SERVER_ERROR:
        raise Unavailable(f"Mathpix does not answer (HTTP {status}).")
    if status >= 400:  # noqa: PLR2004 # where errors begin
        raise Unreadable("unsupported", f"Mathpix does not take the file (HTTP {status}).")


def _fault(answer: Mapping[str, Any]) -> str:
    info = answer.get("error_info") or {}
    return str(info.get("message") or answer.get("error") or "no reason")[:200].rstrip(".")


def _page(page: Mapping[str, Any]) -> RecognisedPage:
    return RecognisedPage(number=int(page.get("page", 1)), pieces=list(_pieces(page.get("lines", ()))))


def _picture(answer: Mapping[str, Any], origin: Origin) -> ParsedDocument:
    """A picture's lines, or its text where it has none."""
    if "error" in answer and not answer.get("text"):
        raise Unreadable("no_text", f"Mathpix found no text in the picture: {_fault(answer)}.")
    lines = answer.get("line_data") or [{"text": answer.get("text", ""), "confidence": answer.get("confidence")}]
    return document_of([RecognisedPage(number=1, pieces=list(_pieces(lines)))], origin)


def _pieces(lines: Sequence[Mapping[str, Any]]) -> Iterator[Piece]:
    """Lines as pieces; those of one paragraph, which follow each other in a column, together."""
    held: list[tuple[str, float | None]] = []
    column: Any = None
    for line in lines:
        if line.get("conversion_output") is False or line.get("included") is False or line.get("type") in FURNITURE:
            continue
        text, sure = str(line.get("text") or "").strip("\n"), line.get("confidence")
        confidence = float(sure) if isinstance(sure, int | float) else None
        alone = _alone(text, confidence)
        if held and (alone is not None or line.get("column") != column or line.get("subtype") == "paragraph_start"):
            yield Piece(kind="text", lines=held)
            held = []
        column = line.get("column")
        if alone is not None:
            yield alone
        elif text.strip() and line.get("type") not in PICTURES:
            held.append((text, confidence))
    if held:
        yield Piece(kind="text", lines=held)


def _alone(text: str, confidence: float | None) -> Piece | None:
    """A heading, a table or a displayed formula; None for a line of a paragraph."""
    plain = as_markdown(text).strip()
    heading = next(markdown_headings(plain), None)
    if heading is not None and "\n" not in plain:
        level, start, end = heading
        return Piece(kind="heading", level=level, lines=[(plain[start:end], confidence)])
    if plain.startswith("| ") and "\n" in plain:
        header, _, *rows = [_cells(row) for row in plain.split("\n")]
        return Piece(kind="table", rows=[header, *rows], lines=[(plain, confidence)])
    if text.lstrip().startswith(("$$", "\\[", "\\begin{")):
        return Piece(kind="lines", lines=[(text, confidence)])
    return None


def _cells(row: str) -> list[str]:
    inner = row.replace("\\|", "\x00").strip().strip("|")
    return [cell.strip().replace("\x00", "|") for cell in inner.split("|")]
