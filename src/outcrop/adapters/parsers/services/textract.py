"""Amazon Textract: documents are analysed by StartDocumentAnalysis and GetDocumentAnalysis, pictures at once.

Source: https://docs.aws.amazon.com/textract/latest/dg/API_Reference.html. A PDF file has to be in S3 while it is
analysed: it is put into a bucket of yours under a name of its own, and removed again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from outcrop.adapters.aws import service_client, told
from outcrop.adapters.parsers.builder import Origin
from outcrop.adapters.parsers.formats import PDF
from outcrop.adapters.parsers.services.reader import FIRST_WAIT, ServiceReader, until
from outcrop.adapters.parsers.services.recognised import Line, Piece, RecognisedPage, document_of
from outcrop.core.errors import Invalid, Unreadable
from outcrop.core.parsed import ParsedDocument
from outcrop.core.protocols import Reader
from outcrop.core.settings import Settings

FEATURES = ["TABLES", "LAYOUT"]
PREFIX = "outcrop-textract/"
AT_FAULT = {  # errors of the service that are the file's
    "UnsupportedDocumentException": "unsupported",
    "BadDocumentException": "corrupt",
    "DocumentTooLargeException": "too_large",
}
LEVELS = {"LAYOUT_TITLE": 1, "LAYOUT_SECTION_HEADER": 2}
FURNITURE = {"LAYOUT_HEADER": "header", "LAYOUT_FOOTER": "footer", "LAYOUT_PAGE_NUMBER": ""}
LISTED = frozenset({"LAYOUT_LIST", "LAYOUT_KEY_VALUE"})


def open_reader(settings: Settings, local: Reader) -> ServiceReader:
    """The reader that gives PDF files and pictures to Textract. Raises Invalid where it is not set up."""
    if not settings.textract_bucket:
        raise Invalid("Textract reads PDF files from S3: set OUTCROP_TEXTRACT_BUCKET to a bucket that it may read.")
    service = Textract(settings.textract_bucket, settings.textract_endpoint, settings.s3_endpoint)
    return ServiceReader(service, local, settings.max_file_mb)


class Textract:
    """A client of Textract, and of the bucket through which it is given files."""

    version = "textract/1"
    media_types = frozenset({PDF, "image/png", "image/jpeg", "image/tiff"})

    def __init__(self, bucket: str, endpoint: str | None, s3_endpoint: str | None, wait: float = FIRST_WAIT) -> None:
        self._bucket = bucket
        self._wait = wait
        self._textract = service_client("textract", endpoint)
        self._s3 = service_client("s3", s3_endpoint)

    async def read(self, data: bytes, name: str, media_type: str) -> ParsedDocument:
        """Put the file into the bucket, have it analysed, map what comes, and remove it again."""
        del name
        key = f"{PREFIX}{uuid4().hex}"
        await self._ask(self._s3.put_object, Bucket=self._bucket, Key=key, Body=data)
        try:
            place = {"S3Object": {"Bucket": self._bucket, "Name": key}}
            started = await self._ask(
                self._textract.start_document_analysis, DocumentLocation=place, FeatureTypes=FEATURES
            )
            return await until(lambda: self._document(started["JobId"], media_type), self._wait)
        finally:
            await self._ask(self._s3.delete_object, Bucket=self._bucket, Key=key)

    async def _document(self, job: str, media_type: str) -> ParsedDocument | None:
        """The document of a job, None while it runs."""
        reply = await self._ask(self._textract.get_document_analysis, JobId=job)
        status = reply["JobStatus"]
        if status == "IN_PROGRESS":
            return None
        if status == "FAILED":
            raise Unreadable("corrupt", f"Textract could not read the file: {reply.get('StatusMessage', 'no reason')}.")
        blocks = list(reply.get("Blocks", ()))
        while token := reply.get("NextToken"):
            reply = await self._ask(self._textract.get_document_analysis, JobId=job, NextToken=token)
            blocks += reply.get("Blocks", ())
        origin = Origin(media_type, self.version)
        if status == "PARTIAL_SUCCESS":
            origin.warnings.append("Textract could not read all pages of the file.")
        return mapped(blocks, origin)

    async def _ask(self, operation: Any, **given: Any) -> Any:
        """What an operation of AWS answers. Raises Unreadable, Denied, Throttled, Unavailable."""
        try:
            return await asyncio.to_thread(operation, **given)
        except Exception as error:
            code, failure = told(error, "Textract")
            if code in AT_FAULT:
                raise Unreadable(AT_FAULT[code], f"Textract does not read the file: {failure.message}") from error  # type: ignore[arg-type]  # of the table
            raise failure from error

    async def close(self) -> None:
        """Close the connections."""
        self._textract.close()
        self._s3.close()


def mapped(blocks: Sequence[Mapping[str, Any]], origin: Origin) -> ParsedDocument:
    """The document that Textract's blocks describe."""
    known = {block["Id"]: block for block in blocks}
    kept: dict[str, list[str]] = {}
    pages = [
        RecognisedPage(number=int(block.get("Page", 1)), pieces=list(_pieces(block, known, kept)))
        for block in blocks
        if block["BlockType"] == "PAGE"
    ]
    origin.metadata.update({edge: " | ".join(dict.fromkeys(texts)) for edge, texts in kept.items()})
    return document_of(sorted(pages, key=lambda page: page.number), origin)


def _pieces(
    page: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], kept: dict[str, list[str]]
) -> Iterator[Piece]:
    """The pieces of a page, by its layout where Textract gives one, else its lines; tables once, at their place."""
    children = list(_children(page, known))
    tables = [block for block in children if block["BlockType"] == "TABLE"]
    layout = [block for block in children if block["BlockType"].startswith("LAYOUT_")]
    inner = {identity for block in layout if block["BlockType"] in LISTED for identity in _ids(block)}
    in_table = {word for table in tables for cell in _children(table, known) for word in _ids(cell)}
    if not layout:
        lines = [block for block in children if block["BlockType"] == "LINE" and not _within(block, in_table)]
        yield Piece(kind="lines", lines=[_line(line) for line in lines])
        yield from (_table(table, known) for table in tables)
        return
    waiting = list(tables)
    for block in layout:
        if block["Id"] in inner:
            continue
        if block["BlockType"] == "LAYOUT_TABLE" and waiting:
            yield _table(waiting.pop(_nearest(block, waiting)), known)
        else:
            yield from _laid_out(block, known, kept)
    yield from (_table(table, known) for table in waiting)


def _laid_out(
    block: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], kept: dict[str, list[str]]
) -> Iterator[Piece]:
    kind, lines = block["BlockType"], list(_lines(block, known))
    if kind in FURNITURE:
        if FURNITURE[kind]:
            kept.setdefault(FURNITURE[kind], []).append(" ".join(text for text, _ in lines))
    elif kind in LEVELS:
        yield Piece(kind="heading", level=LEVELS[kind], lines=lines)
    elif lines:
        yield Piece(kind="lines" if kind in LISTED or kind == "LAYOUT_TABLE" else "text", lines=lines)


def _lines(block: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Iterator[Line]:
    for child in _children(block, known):
        if child["BlockType"] == "LINE":
            yield _line(child)
        elif child["BlockType"].startswith("LAYOUT_"):
            yield from _lines(child, known)


def _line(block: Mapping[str, Any]) -> Line:
    return block.get("Text", ""), float(block.get("Confidence", 0.0)) / 100


def _ids(block: Mapping[str, Any]) -> list[str]:
    return [
        one for relation in block.get("Relationships") or () if relation["Type"] == "CHILD" for one in relation["Ids"]
    ]


def _within(line: Mapping[str, Any], words: set[str]) -> bool:
    own = _ids(line)
    return bool(own) and words.issuperset(own)


def _children(block: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (known[one] for one in _ids(block) if one in known)


def _table(block: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Piece:
    """A table; a cell over several rows or columns stands in the first."""
    cells = [cell for cell in _children(block, known) if cell["BlockType"] == "CELL"]
    width = max((cell["ColumnIndex"] for cell in cells), default=0)
    rows = [[""] * width for _ in range(max((cell["RowIndex"] for cell in cells), default=0))]
    words: list[Line] = []
    for cell in cells:
        inside = [child for child in _children(cell, known) if child["BlockType"] in {"WORD", "SELECTION_ELEMENT"}]
        rows[cell["RowIndex"] - 1][cell["ColumnIndex"] - 1] = " ".join(map(_word, inside))
        words += [_line(child) for child in inside]
    return Piece(kind="table", rows=rows, lines=words)


def _word(block: Mapping[str, Any]) -> str:
    if block["BlockType"] == "WORD":
        return str(block.get("Text", ""))
    return "[x]" if block.get("SelectionStatus") == "SELECTED" else "[ ]"


def _nearest(block: Mapping[str, Any], tables: Sequence[Mapping[str, Any]]) -> int:
    """The index of the table whose top left corner is nearest to that of a block."""

    def corner(one: Mapping[str, Any]) -> tuple[float, float]:
        box = one.get("Geometry", {}).get("BoundingBox", {})
        return box.get("Left", 0.0), box.get("Top", 0.0)

    left, top = corner(block)
    distances = [abs(corner(table)[0] - left) + abs(corner(table)[1] - top) for table in tables]
    return distances.index(min(distances))
