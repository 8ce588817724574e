"""A document measured in tokens and cut into units that are never torn apart without need."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.chunkers.contents import contents_spans
from outcrop.adapters.chunkers.formulas import formula_spans
from outcrop.core.parsed import Heading, ParsedDocument, Table
from outcrop.core.protocols import Tokenizer
from outcrop.core.sentences import sentence_spans

MOST_FORMULA = 4  # times the limit of a unit, for a formula that is not cut
PIECE = 200_000  # characters that are tokenized at a time, so that memory does not grow with the document


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, table row or heading at the characters [start, end), and its tokens.

    `opens_part`: a new slide or sheet begins here; no chunk reaches over it, so that each has one number or name.
    """

    start: int
    end: int
    tokens: int
    opens_section: bool = False
    opens_part: bool = False


class Layout:
    """The units and tokens of one document; every offset counts characters of its text."""

    def __init__(self, document: ParsedDocument, tokenizer: Tokenizer) -> None:
        self.document = document
        self._tokenizer = tokenizer

    @cached_property
    def spans(self) -> NDArray[np.int32]:
        """The characters of every token of the text: shape (n, 2), int32."""
        text = self.document.text
        found = [self._tokenizer.spans(text[start:end]) + start for start, end in _pieces(text)]
        return np.concatenate(found) if found else np.empty((0, 2), dtype=np.int32)

    @cached_property
    def starts(self) -> NDArray[np.int32]:
        """Where each token starts, contiguous: searched for every unit."""
        return np.ascontiguousarray(self.spans[:, 0])

    def tokens(self, start: int, end: int) -> int:
        """How many tokens start within the characters [start, end)."""
        first, last = np.searchsorted(self.starts, (start, end))
        return int(last - first)

    def units(self, limit: int) -> list[Unit]:
        """The units in order; one of more than `limit` tokens is cut, at white space where there is some."""
        openings = {_heading_lines(self.document.text, heading)[0] for heading in self.document.headings}
        parts = self._part_starts()
        units: list[Unit] = []
        for start, end in self._whole(self._unit_spans()):
            opens_part = bool(parts) and start >= parts[0]
            while parts and start >= parts[0]:
                parts.pop(0)
            unit = Unit(start, end, self.tokens(start, end), start in openings, opens_part)
            units.extend([unit] if unit.tokens <= limit else self._split(unit, limit))
        return units

    def pieces(self, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
        """Spans of at most `limit` tokens that together hold all the characters [start, end)."""
        for unit in self._split(Unit(start, end, self.tokens(start, end)), limit):
            yield unit.start, unit.end

    def _part_starts(self) -> list[int]:
        """Where slides begin (pages of a file without boxes), and where the rows, or the headings, of a sheet do."""
        document = self.document
        slides = [page.start for page in document.pages[1:]] if document.boxes is None else []
        headings = [heading.start for heading in document.headings]
        sheets = []
        for before, row in pairwise(document.rows):
            if before.sheet != row.sheet:
                above = bisect_left(headings, before.end)
                named = above < len(headings) and headings[above] <= row.start
                sheets.append(_heading_lines(document.text, document.headings[above])[0] if named else row.start)
        return sorted({*slides, *sheets, *(edge for span in self.contents for edge in span)})

    @cached_property
    def contents(self) -> list[tuple[int, int]]:
        """The tables of contents; no chunk reaches over their beginning or end."""
        return contents_spans(self.document)

    @cached_property
    def formulas(self) -> list[tuple[int, int]]:
        """The formulas; no unit ends within one."""
        return formula_spans(self.document)

    def in_contents(self, start: int, end: int) -> bool:
        """Whether the characters [start, end) are a part of a table of contents, of a document that has more."""
        return any(first <= start and end <= last for first, last in self.contents) and not self._all_contents

    @cached_property
    def _all_contents(self) -> bool:
        held = sum(len(self.document.text[start:end].strip()) for start, end in self.contents)
        return held >= len(self.document.text.strip())

    def formula_at(self, position: int) -> tuple[int, int] | None:
        """The formula that a position is within, and not at an edge of."""
        before = bisect_left(self.formulas, (position,)) - 1
        return self.formulas[before] if before >= 0 and position < self.formulas[before][1] else None

    def _whole(self, spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Units joined where the end of one lies within a formula."""
        held: tuple[int, int] | None = None
        for start, end in spans:
            if held is not None and self.formula_at(start) is None:
                yield held
                held = None
            held = (start, end) if held is None else (held[0], end)
        if held is not None:
            yield held

    def _unit_spans(self) -> Iterator[tuple[int, int]]:
        """Sentences between the tables and headings, rows within the tables, each heading's line by itself."""
        position = 0
        for start, end, is_table in self._islands():
            yield from self._sentences(position, start)
            # The sentences of a table are its rows, with the ruling line kept to its header.
            yield from self._sentences(start, end) if is_table else [(start, end)]
            position = end
        yield from self._sentences(position, len(self.document.text))

    def _islands(self) -> Iterator[tuple[int, int, bool]]:
        """Tables and the lines of headings, in order, never overlapping."""
        text = self.document.text
        found: list[tuple[int, int, bool]] = [(table.start, table.end, True) for table in self.document.tables]
        found.extend((*_heading_lines(text, heading), False) for heading in self.document.headings)
        position = 0
        for start, end, is_table in sorted(found):
            if start >= position and end > start:
                yield start, end, is_table
                position = end

    def _sentences(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        for first, last in sentence_spans(self.document.text[start:end]):
            yield start + first, start + last

    def _split(self, unit: Unit, limit: int) -> Iterator[Unit]:
        """Pieces of a unit of at most `limit` tokens that together hold all its characters."""
        text = self.document.text
        first, last = np.searchsorted(self.starts, (unit.start, unit.end))
        begin = unit.start
        while first < last:
            step = min(limit, last - first)
            if first + step < last:
                step = self._back_to_space(text, int(first), int(step))
                step = self._beside_formula(int(first), int(step), limit)
            end = unit.end if first + step >= last else int(self.starts[first + step])
            trimmed = begin + len(text[begin:end].rstrip())
            first_piece = begin == unit.start
            yield Unit(begin, trimmed, int(step), unit.opens_section and first_piece, unit.opens_part and first_piece)
            begin, first = end, first + step

    def _beside_formula(self, first: int, step: int, limit: int) -> int:
        """The count of tokens that ends before a formula, or else behind one of up to MOST_FORMULA limits."""
        formula = self.formula_at(int(self.starts[first + step]))
        if formula is None:
            return step
        before, behind = (int(bisect_left(self.starts, edge)) - first for edge in formula)
        if before > 0:
            return before
        return behind if behind <= MOST_FORMULA * limit else step

    def _back_to_space(self, text: str, first: int, step: int) -> int:
        """The largest count of tokens up to `step` after which a word begins, if one is near, else `step`."""
        for fewer in range(step, step // 2, -1):
            if text[self.starts[first + fewer] - 1].isspace():
                return fewer
        return step


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Spans of about PIECE characters that end at a line break or space where there is one."""
    start = 0
    while start < len(text):
        end = min(start + PIECE, len(text))
        if end < len(text):
            cut = max(text.rfind("\n", start, end), text.rfind(" ", start, end))
            end = cut + 1 if cut > start else end
        yield start, end
        start = end


def _heading_lines(text: str, heading: Heading) -> tuple[int, int]:
    """The whole line of a heading with its markup, and the underline of one that has one."""
    line = text.rfind("\n", 0, heading.start) + 1
    start = line if not text[line : heading.start].strip("# \t") else heading.start
    end = _line_end(text, heading.end)
    underline = text[end + 1 : _line_end(text, end + 1)].strip()
    if underline and set(underline) in ({"="}, {"-"}):
        end = _line_end(text, end + 1)
    return start, end


def _line_end(text: str, position: int) -> int:
    found = text.find("\n", position)
    return len(text) if found < 0 else found


def table_at(document: ParsedDocument, position: int) -> Table | None:
    """The table that the character at `position` is in the body of, if any."""
    for table in document.tables:
        if table.header_end <= position < table.end:
            return table
        if table.start > position:
            return None
    return None
