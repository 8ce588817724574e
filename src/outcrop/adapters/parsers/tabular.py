"""Finds the tables in a grid of cells: titles above them, headers, and where one table ends and the next begins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from outcrop.adapters.parsers.builder import DocumentBuilder

VALUE = re.compile(
    r"[-+(]?\s*(?:[$€£¥₹]|[A-Z]{3}\s)?\s*\d[\d\s.,'\u2019:/-]*(?:[eE][-+]?\d+)?\s*(?:%|[$€£¥₹]|[A-Z]{3})?\)?"
    r"(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[-+]\d\d:?\d\d)?)?|TRUE|FALSE|true|false|True|False"
)
YEAR = re.compile(r"(?:19|20)\d\d")
BODY_SAMPLE = 25  # rows that are compared with the first to know whether it is a header
LONG_NOTE = 40  # characters of a lone last cell that make it a note rather than a row


@dataclass(frozen=True, slots=True)
class Line:
    """A row with its number in the file or sheet, from 1."""

    number: int
    cells: Sequence[str]

    @property
    def filled(self) -> int:
        """How many cells hold something."""
        return sum(1 for cell in self.cells if cell)


def is_value(cell: str) -> bool:
    """Whether a cell is a number, amount, date, time or truth value rather than words."""
    return VALUE.fullmatch(cell) is not None


def has_header(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether a first row names the columns: words above values speak for it, values above values against it."""
    if not any(cell and not is_value(cell) for cell in first):
        return False
    votes = 0
    for column, title in enumerate(first):
        values = [row[column] for row in body[:BODY_SAMPLE] if column < len(row) and row[column]]
        if not title or sum(map(is_value, values)) * 2 <= len(values):
            continue
        names = not is_value(title) or (YEAR.fullmatch(title) and not all(YEAR.fullmatch(value) for value in values))
        votes += 1 if names else -1
    return votes >= 0


def append_grid(builder: DocumentBuilder, lines: Iterable[Line], sheet: str | None) -> None:
    """Append everything that the rows of a sheet hold: lone cells as paragraphs, the rest as tables."""
    before: _Piece | None = None
    for piece in _pieces(lines):
        if before is not None and piece.continues(before):
            before.lines.extend(piece.lines)
            continue
        if before is not None:
            before.append_to(builder, sheet)
        before = piece
    if before is not None:
        before.append_to(builder, sheet)


@dataclass(slots=True)
class _Piece:
    """Rows without an empty one between them, cut to the columns [left, right) that they fill."""

    left: int
    right: int
    lines: list[Line]

    def continues(self, before: _Piece) -> bool:
        """Whether these are further rows of the table before an empty row, and no table of their own."""
        if (self.left, self.right) != (before.left, before.right) or self.right - self.left < 2:  # noqa: PLR2004
            return False
        body = [line.cells for line in before.lines[1:]]
        first = self.lines[0].cells
        return len(body) > 0 and any(map(is_value, first)) and not has_header(first, body)

    def append_to(self, builder: DocumentBuilder, sheet: str | None) -> None:
        titles, table, notes = _parts(self.lines)
        _paragraphs(builder, titles, sheet)
        append_table(builder, table, sheet)
        _paragraphs(builder, notes, sheet)


def _paragraphs(builder: DocumentBuilder, lines: Iterable[Line], sheet: str | None) -> None:
    for line in lines:
        builder.row(line.number, builder.block(" | ".join(cell for cell in line.cells if cell)), sheet)


def append_table(builder: DocumentBuilder, lines: Sequence[Line], sheet: str | None) -> None:
    """Append rows as one table; with an empty header where the first of them names no columns."""
    if not lines:
        return
    named = has_header(lines[0].cells, [line.cells for line in lines[1 : BODY_SAMPLE + 1]])
    width = max(len(line.cells) for line in lines)
    header, body = (lines[0], lines[1:]) if named else (Line(0, [""] * width), lines)
    builder.begin_table(header.cells, width, number=header.number, sheet=sheet)
    for line in body:
        builder.table_row(line.cells, number=line.number, sheet=sheet)
    builder.end_table()


def _parts(lines: list[Line]) -> tuple[list[Line], list[Line], list[Line]]:
    """The lone cells above a table, the table, and the notes below it."""
    if max(line.filled for line in lines) < 2:  # noqa: PLR2004 # lone cells only: no table
        return lines, [], []
    first = next(index for index, line in enumerate(lines) if line.filled > 1)
    last = len(lines)
    while last - 1 > first and lines[last - 1].filled == 1 and len("".join(lines[last - 1].cells)) > LONG_NOTE:
        last -= 1
    if last - first == 1:  # one row of several cells
        return lines, [], []
    return lines[:first], lines[first:last], lines[last:]


def _pieces(lines: Iterable[Line]) -> Iterator[_Piece]:
    """Runs of rows without an empty one, cut where an empty column sets two tables side by side."""
    for run in _runs(lines):
        width = max(len(line.cells) for line in run)
        filled = [False] * width
        for line in run:
            for column, cell in enumerate(line.cells):
                if cell:
                    filled[column] = True
        for left, right in _columns(filled):
            cut = [Line(line.number, _slice(line.cells, left, right)) for line in run]
            yield _Piece(left, right, [line for line in cut if line.filled])


def _slice(cells: Sequence[str], left: int, right: int) -> list[str]:
    return [*cells[left:right], *[""] * (right - max(len(cells), left))]


def _runs(lines: Iterable[Line]) -> Iterator[list[Line]]:
    run: list[Line] = []
    for line in lines:
        if line.filled and (not run or line.number == run[-1].number + 1):
            run.append(line)
            continue
        if run:
            yield run
        run = [line] if line.filled else []
    if run:
        yield run


def _columns(filled: Sequence[bool]) -> list[tuple[int, int]]:
    """The spans of filled columns; a gap counts only between spans of two columns and more."""
    spans: list[tuple[int, int]] = []
    start = None
    for column, full in enumerate([*filled, False]):
        if full and start is None:
            start = column
        elif not full and start is not None:
            spans.append((start, column))
            start = None
    if all(right - left > 1 for left, right in spans):
        return spans
    return [(spans[0][0], spans[-1][1])]
