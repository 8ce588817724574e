"""Writes pages of blocks as one text, and keeps where its pages, headings, tables and words stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.parsers.builder import BLOCK, Origin
from outcrop.adapters.parsers.page_layout import BULLET, Block, PageLayout
from outcrop.adapters.parsers.page_prose import BROKEN, Passage, Spelling
from outcrop.adapters.parsers.page_words import Line, text_of
from outcrop.adapters.parsers.tabular import has_header
from outcrop.core.boxes import ROW, Boxes
from outcrop.core.parsed import Heading, Page, ParsedDocument, ReadLine, Table

OPEN_END = re.compile(r"[\w,\-\u2010\u00ad)\u2019'\u201d\"%]$")
SAME_SIZE = 0.94  # of the next larger size: headings of one level differ less
LEAST_OPEN = 40  # characters of a paragraph that may go on in the next column or page
SIDES = ("left", "top", "right", "bottom")
ESCAPED = str.maketrans({"|": "\\|"})


class PageWriter:
    """Appends pages; a paragraph that a column or page breaks is one paragraph again."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._pages: list[Page] = []
        self._headings: list[Heading] = []
        self._sizes: list[float] = []  # the height of each heading's words, 0 where OCR read it
        self._tables: list[Table] = []
        self._rows: list[NDArray[np.void]] = []
        self._open: tuple[Block, str] | None = None  # the paragraph that may go on, and its last word
        self._before: Block | None = None
        self._header: list[str] = []  # of the last table
        self._table_page = 0  # on which the last table ended

    @property
    def length(self) -> int:
        """The characters so far."""
        return self._length

    def page(self, layout: PageLayout, spelling: Spelling) -> None:
        """Append a page."""
        rows = len(self._rows)
        start: int | None = None
        for block in layout.blocks:
            begun = self._block(block, layout, spelling)
            start = begun if start is None else start
        start = self._length if start is None else start
        read = tuple(read_lines(self._rows[rows:], layout.scores)) if layout.scores else ()
        for written in self._rows[rows:]:
            _put_in_place(written, layout)
        method = layout.method if self._length > start else "empty"
        self._pages.append(
            Page(
                number=layout.number, start=start, end=self._length, method=method,
                confidence=layout.confidence if method == "ocr" else None, width=layout.width, height=layout.height,
                lines=read,
            )
        )  # fmt: skip

    def _block(self, block: Block, layout: PageLayout, spelling: Spelling) -> int:
        """Append a block; where its text starts."""
        if block.kind == "table":
            return self._table(block, layout.number, spelling)
        passage = Passage(layout.number)
        goes_on = self._goes_on(block)
        before = len(self._separator(block))
        if goes_on and self._open is not None:
            passage.last = self._open[1]
            self._continue(passage, block.lines[0][0].text, spelling)
            before = passage.length
        else:
            passage.literal(self._separator(block))
        start = self._length + before
        _write(passage, block, spelling)
        if block.kind == "heading":
            end = self._length + passage.length
            self._headings.append(Heading(level=min(max(block.level, 1), 6), start=start, end=end))
            self._sizes.append(
                median(word.bottom - word.top for word in block.words()) if layout.method == "text" else 0.0
            )
        self._append(passage)
        self._open = (block, passage.last) if _may_go_on(block) else None
        self._before = block
        return start

    def _continue(self, passage: Passage, after: str, spelling: Spelling) -> None:
        """Go on with the open paragraph; a hyphen that broke its last word goes."""
        if BROKEN.search(passage.last) and after[0].isalnum():
            if spelling.breaks(passage.last, after):
                self._take_back()
        else:
            passage.literal(" ")

    def _take_back(self) -> None:
        """Remove the last character, a hyphen that stands alone in no box of its own."""
        self._parts[-1] = self._parts[-1][:-1]
        self._length -= 1
        self._rows[-1]["end"][-1] -= 1
        if self._pages and self._pages[-1].end > self._length:
            last = self._pages[-1]
            self._pages[-1] = replace(last, end=self._length, lines=tuple(_within(last.lines, self._length)))

    def _separator(self, block: Block) -> str:
        if self._before is None:
            return ""
        return "\n" if block.kind == self._before.kind == "item" else BLOCK

    def _goes_on(self, block: Block) -> bool:
        if self._open is None or block.kind != "paragraph":
            return False
        return block.lines[0][0].text[0].islower()

    def _table(self, block: Block, page: int, spelling: Spelling) -> int:
        """Append a table as Markdown, its first row as the header; one that a page breaks goes on with its rows."""
        passage = Passage(page)
        rows = block.rows if any(block.rows[0]) else block.rows[1:]
        width = max(map(len, rows))
        going_on = self._goes_on_with_table(rows, width, page)
        passage.literal("" if going_on else self._separator(block))
        start = self._length + passage.length + going_on
        for index, row in enumerate(rows[1:] if going_on and _texts(rows[0]) == self._header else rows):
            passage.literal("\n" if index or going_on else "")
            _write_row(passage, [*row, *([[]] * (width - len(row)))], spelling)
            if index == 0 and not going_on:
                passage.literal("\n|" + " --- |" * width)
                header_end = self._length + passage.length
        self._append(passage)
        if going_on:
            self._tables[-1] = replace(self._tables[-1], end=self._length)
        else:
            self._tables.append(Table(start=start, end=self._length, header_end=header_end))
            self._header = _texts(rows[0])
        self._open, self._before, self._table_page = None, block, page
        return start

    def _goes_on_with_table(self, rows: Sequence[Sequence[list[Line]]], width: int, page: int) -> bool:
        """Whether a table at the top of a page is that at the end of the page before, with its header or without."""
        at_edge = self._before is not None and self._before.kind == "table" and self._table_page == page - 1
        if not at_edge or len(self._header) != width:
            return False
        texts = [_texts(row) for row in rows]
        return texts[0] == self._header or not has_header(texts[0], texts[1:])

    def _append(self, passage: Passage) -> None:
        text = passage.text()
        rows = np.array(passage.rows, dtype=ROW)
        rows["start"] += self._length
        rows["end"] += self._length
        self._rows.append(rows)
        self._parts.append(text)
        self._length += len(text)

    def document(self, origin: Origin) -> ParsedDocument:
        """All pages as one document; its title is the origin's, else the highest heading of its first page."""
        text = "".join(self._parts)
        title = origin.title
        headings = _levelled(self._headings, self._sizes)
        if title is None and self._pages:
            first = [heading for heading in headings if heading.start < self._pages[0].end]
            best = min(first, key=lambda heading: heading.level, default=None)
            title = text[best.start : best.end] if best else None
        return ParsedDocument(
            text=text,
            media_type=origin.media_type,
            parser=origin.parser,
            title=title,
            pages=tuple(self._pages),
            headings=tuple(headings),
            tables=tuple(self._tables),
            boxes=Boxes(np.concatenate(self._rows) if self._rows else np.empty(0, dtype=ROW)),
            metadata=origin.metadata,
            warnings=tuple(origin.warnings),
        )


def _levelled(headings: Sequence[Heading], sizes: Sequence[float]) -> list[Heading]:
    """Headings whose level is the rank of their size in the document, where the size is known."""
    ranks: list[float] = []
    for size in sorted(set(sizes) - {0.0}, reverse=True):
        if not ranks or size < SAME_SIZE * ranks[-1]:
            ranks.append(size)
    return [
        replace(heading, level=min(6, max(sum(rank >= size for rank in ranks), 1))) if size else heading
        for heading, size in zip(headings, sizes, strict=True)
    ]


def _put_in_place(rows: NDArray[np.void], layout: PageLayout) -> None:
    """Turn boxes to the page as displayed, and keep them on it."""
    boxes = np.stack([rows[side] for side in SIDES], axis=1).astype(np.float64)
    if layout.place is not None:
        boxes = layout.place(boxes)
    size = (layout.width, layout.height, layout.width, layout.height)
    for side, values, most in zip(SIDES, boxes.T, size, strict=True):
        rows[side] = np.clip(values, 0, most)


def read_lines(written: Sequence[NDArray[np.void]], scores: Sequence[Sequence[float]]) -> Iterator[ReadLine]:
    """The characters of each line that OCR read: of words after each other whose middle is in its box."""
    boxes = np.array(scores, dtype=np.float64)
    last: tuple[int, int, int] | None = None  # the line's number, its first character, its last
    for row in (row for rows in written for row in rows):
        x, y = (row["left"] + row["right"]) / 2, (row["top"] + row["bottom"]) / 2
        inside = (boxes[:, 0] <= x) & (x <= boxes[:, 2]) & (boxes[:, 1] <= y) & (y <= boxes[:, 3])
        if not inside.any():
            continue
        line = int(np.where(inside, np.abs(boxes[:, 1] + boxes[:, 3] - 2 * y), np.inf).argmin())
        if last is not None and line != last[0]:
            yield ReadLine(start=last[1], end=last[2], confidence=float(boxes[last[0], 4]))
            last = None
        last = (line, int(row["start"]) if last is None else last[1], int(row["end"]))
    if last is not None:
        yield ReadLine(start=last[1], end=last[2], confidence=float(boxes[last[0], 4]))


def _within(lines: Sequence[ReadLine], end: int) -> Iterator[ReadLine]:
    return (replace(line, end=min(line.end, end)) for line in lines if line.start < end)


def _may_go_on(block: Block) -> bool:
    """Whether a paragraph ends as if its column or page had ended first."""
    if block.kind != "paragraph":
        return False
    last = text_of(block.lines[-1])
    return OPEN_END.search(last) is not None and (len(block.lines) > 1 or len(last) >= LEAST_OPEN)


def _write(passage: Passage, block: Block, spelling: Spelling) -> None:
    if block.kind == "item":
        passage.literal("  " * block.level)
        _write_item(passage, block, spelling)
        return
    if block.kind == "code":
        for index, line in enumerate(block.lines):
            passage.literal("\n" if index else "")
            passage.line(line)
        return
    passage.prose(block.lines, spelling)


def _write_item(passage: Passage, block: Block, spelling: Spelling) -> None:
    """A list item behind its number, or a hyphen where the page has a bullet."""
    first, *rest = block.lines
    if len(first) > 1 and BULLET.match(first[0].text):
        passage.word(first[0], first[0].text if first[0].text[-1] in ".)" else "-")
        first = first[1:]
    else:
        passage.literal(block.marker or "-")
    passage.literal(" ")
    passage.prose([first, *rest], spelling)


def _texts(row: Sequence[list[Line]]) -> list[str]:
    return [" ".join(text_of(line) for line in cell) for cell in row]


def _write_row(passage: Passage, row: Sequence[list[Line]], spelling: Spelling) -> None:
    passage.literal("|")
    for cell in row:
        escaped = [[word._replace(text=word.text.translate(ESCAPED)) for word in line] for line in cell]
        passage.literal(" ")
        if escaped:
            passage.prose(escaped, spelling)
            passage.literal(" ")
        passage.literal("|")
