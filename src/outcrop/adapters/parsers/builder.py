"""Builds the text of a document piece by piece, and keeps where each piece stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from outcrop.adapters.parsers.decode import clean
from outcrop.core.boxes import Boxes
from outcrop.core.parsed import Heading, Page, PageMethod, ParsedDocument, Row, Table

Span = tuple[int, int]
BLOCK = "\n\n"


@dataclass(slots=True)
class Origin:
    """What a parser says of a document besides its text."""

    media_type: str
    parser: str
    title: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class DocumentBuilder:
    """Appends headings, paragraphs, tables and pages; every span that it gives is true in the built text.

    Blocks are set apart by an empty line. Newlines become line feeds, NULs and lone surrogates vanish.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._pages: list[Page] = []
        self._headings: list[Heading] = []
        self._tables: list[Table] = []
        self._rows: list[Row] = []
        self._page: Page | None = None

    @property
    def position(self) -> int:
        """The characters so far."""
        return self._length

    def append(self, text: str) -> Span:
        """Append text as it is, without setting it apart; its span."""
        text = clean(text)
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        return start, self._length

    def block(self, text: str) -> Span:
        """Append text set apart by an empty line; blank text is left out. The span is that of the text alone."""
        text = clean(text).strip("\n")
        if not text.strip():
            return self._length, self._length
        self._set_apart()
        return self.append(text)

    def _set_apart(self) -> None:
        if self._length:
            self.append(BLOCK)

    def heading(self, title: str, level: int) -> Span:
        """Append a heading of level 1 (highest) to 6; one without words is left out."""
        start, end = self.block(" ".join(title.split()))
        if end > start:
            self._headings.append(Heading(level=min(max(level, 1), 6), start=start, end=end))
        return start, end

    def table(self, rows: Sequence[Sequence[str]], *, sheet: str | None = None, numbers: Sequence[int] = ()) -> Span:
        """Append a Markdown table whose first row is its header.

        With `numbers`, the rows' numbers in the sheet, each row that has cells is kept as a Row as well.
        """
        if not rows:
            return self._length, self._length
        width = max(map(len, rows))
        if not width:
            return self._length, self._length
        self._set_apart()
        start = self._length
        spans = [self._line(rows[0], width)]
        self.append("\n" + "|".join(["", *[" --- "] * width, ""]))
        header_end = self._length
        for row in rows[1:]:
            self.append("\n")
            spans.append(self._line(row, width))
        self._tables.append(Table(start=start, end=self._length, header_end=header_end))
        for number, (first, last) in zip(numbers, spans, strict=bool(numbers)):
            self._rows.append(Row(sheet=sheet, number=number, start=first, end=last))
        return start, self._length

    def _line(self, cells: Sequence[str], width: int) -> Span:
        return self.append(markdown_row(cells, width))

    def begin_page(self, number: int, *, width: float | None = None, height: float | None = None) -> None:
        """Begin a page (or slide); what is appended from here on stands on it. Ends the page before."""
        self.end_page()
        self._set_apart()
        self._page = Page(number=number, start=self._length, end=self._length, width=width, height=height)

    def end_page(self, method: PageMethod = "text", confidence: float | None = None) -> None:
        """End the page, if one has begun, and say how its text was read; one without text is empty."""
        if self._page is None:
            return
        page, self._page = self._page, None
        has_text = any(part.strip() for part in self._since(page.start))
        self._pages.append(
            Page(
                number=page.number,
                start=page.start,
                end=self._length,
                method=method if has_text else "empty",
                confidence=confidence if has_text else None,
                width=page.width,
                height=page.height,
            )
        )

    def _since(self, start: int) -> Iterable[str]:
        """The parts that were appended from a position on, last first."""
        position = self._length
        for part in reversed(self._parts):
            if position <= start:
                return
            yield part
            position -= len(part)

    def row(self, number: int, span: Span, sheet: str | None = None) -> None:
        """Say that a span is a row of a sheet or file."""
        self._rows.append(Row(sheet=sheet, number=number, start=span[0], end=span[1]))

    def mark_heading(self, level: int, span: Span) -> None:
        """Say that a span of what was appended is the title of a heading."""
        self._headings.append(Heading(level=min(max(level, 1), 6), start=span[0], end=span[1]))

    def mark_table(self, span: Span, header_end: int) -> None:
        """Say that a span of what was appended is a Markdown table, and where its ruling line ends."""
        self._tables.append(Table(start=span[0], end=span[1], header_end=header_end))

    def build(self, origin: Origin, boxes: Boxes | None = None) -> ParsedDocument:
        """The document."""
        self.end_page()
        return ParsedDocument(
            text="".join(self._parts),
            media_type=origin.media_type,
            parser=origin.parser,
            title=_title(origin.title),
            pages=tuple(self._pages),
            headings=tuple(sorted(self._headings, key=lambda heading: heading.start)),
            tables=tuple(sorted(self._tables, key=lambda table: table.start)),
            rows=tuple(sorted(self._rows, key=lambda row: row.start)),
            boxes=boxes,
            metadata={key: clean(value) for key, value in origin.metadata.items() if value.strip()},
            warnings=tuple(clean(warning) for warning in origin.warnings),
        )


def _title(title: str | None) -> str | None:
    words = " ".join(clean(title).split()) if title else ""
    return words or None


def markdown_row(cells: Sequence[str], width: int) -> str:
    """One line of a Markdown table: bars escaped, newlines as spaces, filled up to `width` cells."""
    shown = [markdown_cell(cell) for cell in cells]
    shown += [""] * (width - len(shown))
    return "|".join(["", *(f" {cell} " if cell else " " for cell in shown), ""])


def markdown_cell(cell: str) -> str:
    """The text of a cell on one line, with `|` escaped."""
    cell = " ".join(cell.split()) if "\n" in cell or "\r" in cell or "\t" in cell else cell.strip()
    return cell.replace("|", "\\|") if "|" in cell else cell


def split_row(line: str) -> list[str]:
    """The cells of a line that `markdown_row` made."""
    cells, cell, escaped = [], "", False
    for character in line.strip()[1:]:
        if character == "|" and not escaped:
            cells.append(cell.strip())
            cell = ""
        else:
            cell = cell[:-1] + character if escaped and character == "|" else cell + character
        escaped = character == "\\" and not escaped
    return cells
