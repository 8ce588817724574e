"""What a service recognised on pages, as a document: text in its order, headings, tables, and a confidence a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Page, ParsedDocument, ReadLine

Line = tuple[str, float | None]  # a text and its confidence, 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A heading of a `level`, a paragraph of lines, lines that stay lines, or a table whose first row is its header."""

    kind: Literal["heading", "text", "lines", "table"]
    lines: Sequence[Line] = ()
    level: int = 1
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognisedPage:
    """A page and its pieces in reading order; sizes are points, where they are known."""

    number: int
    pieces: Sequence[Piece] = field(default_factory=list)
    width: float | None = None
    height: float | None = None


def document_of(pages: Sequence[RecognisedPage], origin: Origin) -> ParsedDocument:
    """The document that pages are. Raises Unreadable where there is no text on them."""
    builder = DocumentBuilder()
    read: list[list[ReadLine]] = []
    for page in pages:
        builder.begin_page(page.number, width=page.width, height=page.height)
        read.append([line for piece in page.pieces for line in _appended(builder, piece)])
        builder.end_page("ocr", _mean(read[-1]))
    origin.title = origin.title or builder.first_title()
    document = builder.build(origin)
    if not document.text.strip():
        raise Unreadable("no_text", "The service found no text in the file.")
    return replace(document, pages=tuple(map(_with_lines, document.pages, read)))


def _with_lines(page: Page, lines: Sequence[ReadLine]) -> Page:
    return replace(page, lines=tuple(lines))


def _mean(lines: Sequence[ReadLine]) -> float | None:
    return sum(line.confidence for line in lines) / len(lines) if lines else None


def _appended(builder: DocumentBuilder, piece: Piece) -> Iterator[ReadLine]:
    """Append a piece; its lines with where they stand."""
    texts = [text.strip() for text, _ in piece.lines]
    if piece.kind == "table":
        start, end = builder.table(piece.rows)
        yield from _whole(start, end, piece.lines)
        return
    if piece.kind == "heading":
        start, end = builder.heading(" ".join(texts), piece.level)
        yield from _whole(start, end, piece.lines)
        return
    position, _ = builder.block((" " if piece.kind == "text" else "\n").join(texts))
    for text, (_, confidence) in zip(texts, piece.lines, strict=True):
        if text and confidence is not None:
            yield ReadLine(start=position, end=position + len(text), confidence=confidence)
        position += len(text) + 1


def _whole(start: int, end: int, lines: Sequence[Line]) -> Iterator[ReadLine]:
    """A heading or table as one line, as sure as the least sure of its lines."""
    known = [confidence for _, confidence in lines if confidence is not None]
    if known and end > start:
        yield ReadLine(start=start, end=end, confidence=min(known))
