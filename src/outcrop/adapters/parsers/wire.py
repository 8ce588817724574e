"""How a document crosses the border of a parse process: JSON and plain arrays, checked, never pickled.

A frame is the length of a JSON header (4 bytes, big-endian), the length of a body (8 bytes), the header, the body.
A parse process may have been taken over by the file that it read, so nothing that comes from it is believed
before it is checked.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, cast, get_args

import numpy as np

from outcrop.core.boxes import ROW, Boxes
from outcrop.core.errors import Reason, Unreadable
from outcrop.core.parsed import Definition, Heading, Page, PageMethod, ParsedDocument, ReadLine, Row, Table

LENGTHS = struct.Struct(">IQ")
MAX_HEADER = 256 * 1024 * 1024
PIECE = 1 << 20
ROW_FIELDS = 4  # sheet, number, start, end


class Malformed(ValueError):
    """A frame is not what it should be."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A header and its body."""

    header: dict[str, Any]
    body: memoryview


def send(channel: socket.socket, header: dict[str, Any], bodies: Sequence[bytes | memoryview] = ()) -> None:
    """Send one frame; the bodies follow one another."""
    head = json.dumps(header).encode()
    size = sum(len(body) for body in bodies)
    channel.sendall(LENGTHS.pack(len(head), size) + head)
    for body in bodies:
        channel.sendall(body)


def receive(channel: socket.socket, max_body: int, deadline: float | None = None) -> Frame | None:
    """The next frame, or None where the other side has gone before its first byte.

    Raises TimeoutError after `deadline` (monotonic seconds), EOFError where the frame breaks off, Malformed where
    it is too long or not JSON.
    """
    lengths = _take(channel, LENGTHS.size, deadline)
    if not lengths:
        return None
    if len(lengths) < LENGTHS.size:
        raise EOFError
    head_size, body_size = LENGTHS.unpack(lengths)
    if head_size > MAX_HEADER or body_size > max_body:
        raise Malformed(f"A frame of {head_size} + {body_size} bytes is too long.")
    head, body = _take(channel, head_size, deadline), _take(channel, body_size, deadline)
    if len(head) < head_size or len(body) < body_size:
        raise EOFError
    return Frame(_header(bytes(head)), body)


def _take(channel: socket.socket, size: int, deadline: float | None) -> memoryview:
    """As many bytes as come, `size` at most; memory is taken as they come, not as they are promised."""
    data = bytearray()
    while len(data) < size:
        if deadline is not None:
            channel.settimeout(max(deadline - monotonic(), 0.001))
        piece = channel.recv(min(size - len(data), PIECE))
        if not piece:
            break
        data += piece
    return memoryview(data)


def _header(data: bytes) -> dict[str, Any]:
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed("The header is not JSON.") from error
    if not isinstance(header, dict):
        raise Malformed("The header is not an object.")
    return header


def encode(document: ParsedDocument) -> tuple[dict[str, Any], list[bytes]]:
    """A document as a header and bodies: the text in UTF-8, the rows as int32, the boxes as they are."""
    text = document.text.encode("utf-8", "replace")
    sheets = list(dict.fromkeys(row.sheet for row in document.rows))
    index = {sheet: position for position, sheet in enumerate(sheets)}
    rows = np.array([(index[r.sheet], r.number, r.start, r.end) for r in document.rows], dtype="<i4").tobytes()
    boxes = b"" if document.boxes is None else document.boxes.to_bytes()
    header = {
        "media_type": document.media_type,
        "parser": document.parser,
        "title": document.title,
        "pages": [
            [p.number, p.start, p.end, p.method, p.confidence, p.width, p.height, _read(p)] for p in document.pages
        ],
        "headings": [[h.level, h.start, h.end] for h in document.headings],
        "tables": [[t.start, t.end, t.header_end] for t in document.tables],
        "definitions": [[d.name, d.start, d.end] for d in document.definitions],
        "lined": document.lined,
        "sheets": sheets,
        "metadata": document.metadata,
        "warnings": list(document.warnings),
        "sizes": [len(text), len(rows), len(boxes)],
        "boxes": document.boxes is not None,
    }
    return header, [text, rows, boxes]


def _read(page: Page) -> list[list[float]]:
    return [[line.start, line.end, line.confidence] for line in page.lines]


def decode(header: dict[str, Any], body: memoryview) -> ParsedDocument:
    """The document of `encode`. Raises Malformed where anything is not as it must be."""
    try:
        return _decode(header, body)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Malformed(f"The document is malformed: {error}") from error


def _decode(header: dict[str, Any], body: memoryview) -> ParsedDocument:
    text_size, row_size, box_size = header["sizes"]
    if min(text_size, row_size, box_size) < 0 or text_size + row_size + box_size != len(body):
        raise Malformed("The parts do not add up to the body.")
    text = str(body[:text_size], "utf-8")
    document = ParsedDocument(
        text=text,
        media_type=_string(header["media_type"]),
        parser=_string(header["parser"]),
        title=None if header["title"] is None else _string(header["title"]),
        pages=tuple(_page(*fields) for fields in header["pages"]),
        headings=tuple(Heading(level=lv, start=s, end=e) for lv, s, e in header["headings"]),
        tables=tuple(Table(start=s, end=e, header_end=h) for s, e, h in header["tables"]),
        definitions=tuple(Definition(name=_string(n), start=s, end=e) for n, s, e in header["definitions"]),
        lined=header["lined"] is True,
        rows=_rows(header["sheets"], body[text_size : text_size + row_size]),
        boxes=Boxes(np.frombuffer(body[text_size + row_size :], dtype=ROW)) if header["boxes"] else None,
        metadata={_string(key): _string(value) for key, value in header["metadata"].items()},
        warnings=tuple(_string(warning) for warning in header["warnings"]),
    )
    _check_spans(document)
    return document


def _page(*fields: Any) -> Page:
    number, start, end, method, confidence, width, height, read = fields
    if method not in get_args(PageMethod):
        raise Malformed(f"There is no page method {method!r}.")
    sizes = [None if value is None else float(value) for value in (confidence, width, height)]
    return Page(
        number=int(number),
        start=start,
        end=end,
        method=method,
        confidence=sizes[0],
        width=sizes[1],
        height=sizes[2],
        lines=tuple(ReadLine(start=s, end=e, confidence=float(c)) for s, e, c in read),
    )


def _rows(sheets: list[str | None], data: memoryview) -> tuple[Row, ...]:
    names = [None if sheet is None else _string(sheet) for sheet in sheets]
    table = np.frombuffer(data, dtype="<i4").reshape(-1, ROW_FIELDS)
    if len(table) and not 0 <= table[:, 0].min() <= table[:, 0].max() < len(names):
        raise Malformed("A row is of no sheet.")
    return tuple(Row(sheet=names[sheet], number=n, start=s, end=e) for sheet, n, s, e in table.tolist())


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Malformed("Expected a string.")
    return value


def _check_spans(document: ParsedDocument) -> None:
    """Every span lies within the text, and each kind is in order of start."""
    length = len(document.text)
    lines = [line for page in document.pages for line in page.lines]
    for spans in (document.pages, document.headings, document.tables, document.rows, document.definitions, lines):
        before = 0
        for span in spans:
            if not (type(span.start) is int and type(span.end) is int and before <= span.start <= span.end <= length):
                raise Malformed(f"The characters {span.start} to {span.end} are not within the text, or out of order.")
            before = span.start
    if any(not table.start <= table.header_end <= table.end for table in document.tables):
        raise Malformed("A table's header is not within it.")
    _check_boxes(document.boxes, length)


def _check_boxes(boxes: Boxes | None, length: int) -> None:
    if boxes is None or not len(boxes):
        return
    starts, ends = boxes.rows["start"], boxes.rows["end"]
    if starts[0] < 0 or (np.diff(starts) < 0).any() or (ends < starts).any() or ends.max() > length:
        raise Malformed("A box is not within the text, or out of order.")


def encode_error(error: Unreadable) -> dict[str, Any]:
    """The header of a reply that says why there is no text."""
    return {"reason": error.reason, "message": error.message}


def decode_error(header: dict[str, Any]) -> Unreadable:
    """The error of `encode_error`."""
    reason = header.get("reason")
    if reason not in get_args(Reason):
        raise Malformed(f"There is no reason {reason!r}.")
    return Unreadable(cast("Reason", reason), _string(header.get("message")))
