"""Builds the text of a document piece by piece, and keeps where each piece stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from outcrop.adapters.parsers.decode import clean
from outcrop.core.boxes import Boxes
from outcrop.core.parsed import Heading, Page, PageMethod, ParsedDocument, Row, Table

Span = tuple[int, int]
BLOCK = "\n\n"
NO_TITLE = re.compile(
    r"untitled(?: document)?|(?:document|presentation|book|mappe|dokument)\s?\d*|powerpoint presentation|title"
    r"|(?:pptx? |word )?template|microsoft (?:word|powerpoint|excel) - .*|no title|slide \d+",
    re.IGNORECASE,
)


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
        self._after_line = False
        self._apart = False  # an empty line ends the text
        self._table = (0, 0, 0)  # of the table that has begun: start, end of the header, columns

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
        self._apart = self._apart and not text
        return start, self._length

    def block(self, text: str) -> Span:
        """Append text set apart by an empty line; blank text is left out. The span is that of the text alone."""
        text = clean(text).strip("\n")
        if not text.strip():
            return self._length, self._length
        self._set_apart()
        return self.append(text)

    def line(self, text: str) -> Span:
        """Append text on a line of its own, without an empty line before it where a line goes before."""
        text = clean(text).strip("\n")
        if not text.strip():
            return self._length, self._length
        if self._length and self._after_line:
            self.append("\n")
        else:
            self._set_apart()
        span = self.append(text)
        self._after_line = True
        return span

    def _set_apart(self) -> None:
        if self._length and not self._apart:
            self.append(BLOCK)
        self._apart = True
        self._after_line = False

    def heading(self, title: str, level: int) -> Span:
        """Append a heading of level 1 (highest) to 6; one without words is left out."""
        start, end = self.block(" ".join(title.split()))
        if end > start:
            self._headings.append(Heading(level=min(max(level, 1), 6), start=start, end=end))
        return start, end

    def table(self, rows: Sequence[Sequence[str]]) -> Span:
        """Append a Markdown table whose first row is its header."""
        width = max(map(len, rows), default=0)
        if not width:
            return self._length, self._length
        self.begin_table(rows[0], width)
        for row in rows[1:]:
            self.table_row(row)
        return self.end_table()

    def begin_table(self, header: Sequence[str], width: int, *, number: int = 0, sheet: str | None = None) -> None:
        """Begin a Markdown table of `width` columns; `number` (from 1) is the header's own in a sheet or file."""
        self._set_apart()
        start = self._length
        span = self.append(markdown_row(header, width))
        if number:
            self.row(number, span, sheet)
        self.append("\n" + "|".join(["", *[" --- "] * width, ""]))
        self._table = (start, self._length, width)

    def table_row(self, cells: Sequence[str], *, number: int = 0, sheet: str | None = None) -> None:
        """Append a row to the table that has begun; `number` (from 1) is its own in a sheet or file."""
        self.append("\n")
        span = self.append(markdown_row(cells, self._table[2]))
        if number:
            self.row(number, span, sheet)

    def go_on_with_table(self, width: int) -> None:
        """Begin with further rows of a table of `width` columns whose header another document has."""
        self._table = (self._length, self._length, width)

    def end_table(self) -> Span:
        """End the table; its span."""
        start, header_end, _ = self._table
        self._tables.append(Table(start=start, end=self._length, header_end=header_end))
        return start, self._length

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
        """Say that a span is a row of a sheet or file; an empty one is none."""
        if span[0] == span[1]:
            return
        self._rows.append(Row(sheet=sheet, number=number, start=span[0], end=span[1]))

    def first_title(self) -> str | None:
        """The first heading where none stands higher: the title of a document that does not say one."""
        if not self._headings:
            return None
        first = min(self._headings, key=lambda heading: heading.start)
        if first.level > min(heading.level for heading in self._headings):
            return None
        return "".join(self._parts)[first.start : first.end]

    def mark_heading(self, level: int, span: Span) -> None:
        """Say that a span of what was appended is the title of a heading."""
        self._headings.append(Heading(level=min(max(level, 1), 6), start=span[0], end=span[1]))

    def mark_table(self, span: Span, header_end: int) -> None:
        """Say that a span of what was appended is a Markdown table, and where its ruling line ends."""
        self._tables.append(Table(start=span[0], end=span[1], header_end=header_end))

    def include(self, document: ParsedDocument) -> None:
        """Append another document with its headings, a level deeper, its tables and its rows."""
        self._set_apart()
        start, _ = self.append(document.text)
        for heading in document.headings:
            self.mark_heading(heading.level + 1, (heading.start + start, heading.end + start))
        for table in document.tables:
            self.mark_table((table.start + start, table.end + start), table.header_end + start)
        for row in document.rows:
            self.row(row.number, (row.start + start, row.end + start), row.sheet)

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
    """A title on one line; what programs fill in by themselves is none."""
    words = " ".join(clean(title).split()) if title else ""
    return words if words and not NO_TITLE.fullmatch(words) else None


def markdown_row(cells: Sequence[str], width: int) -> str:
    """One line of a Markdown table: bars escaped, newlines as spaces, filled up to `width` cells."""
    shown = [markdown_cell(cell) for cell in cells]
    shown += [""] * (width - len(shown))
    return "|".join(["", *(f" {cell} " if cell else " " for cell in shown), ""])


def markdown_cell(cell: str) -> str:
    """The text of a cell on one line, with `|` escaped."""
    cell = " ".join(cell.split()) if "\n" in cell or "\r" in cell or "\t" in cell else cell.strip()
    return cell.replace("|", "\\|") if "|" in cell else cell
