"""What stands on a page in reading order: blocks of lines, found by geometry where nothing better is known."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.parsers.page_words import Box, Line, Word, bounds, lines_of, text_of
from outcrop.core.parsed import PageMethod

Place = Callable[[NDArray[np.float64]], NDArray[np.float64]]  # from boxes (n, 4) to boxes on the page as displayed
Span = tuple[float, float]  # from left to right
BlockKind = Literal["heading", "paragraph", "item", "code", "table"]
BULLET = re.compile(r"(?:[\u2022\u2023\u25a0-\u25ff\u2013\u2014*\uf0b7\uf0a7-]|\(?\d{1,3}[.)]|\(?[a-z]\))$")
SENTENCE_END = re.compile("[.!?:;\u2026\u3002\uff01\uff1f\uff1a][)\"'\u00bb\u201d\u201c\u2019]?$")

GUTTER = 0.5  # heights: the least width of the space between two columns
NARROW = 0.5  # of the usual space between two columns: a line with less goes on over it
COLUMN_LINES = 5  # lines that a column has at least, so that spaces between words hardly stand below each other
COLUMN_CHARACTERS = 12  # mean characters of a line of a column of prose: shorter ones are labels or cells
COLUMN_FILL = 0.6  # mean share of its column's width that a line of prose takes
MOST_CROSSING = 0.2  # share of lines that may cross a gutter, as titles do
PARAGRAPH_GAP = 0.75  # heights between two lines of one paragraph
HEADING_HEIGHT = 1.25  # of the median height
HEADING_CHARACTERS = 120
SHORT = 0.3  # of its column's width that a line leaves empty
NUMBERED = re.compile(r"\d{1,2}(?:\.\d{1,2})*\.?\s+[^\W\d_a-z][^.!?]{1,60}$")


@dataclass(slots=True)
class Block:
    """One thing to read: a heading (level 1 to 6), paragraph, list item, code, or a table of cells of lines.

    `marker` is what a list item begins with in the text where its first word is no bullet or number.
    """

    kind: BlockKind
    lines: list[Line] = field(default_factory=list)
    level: int = 0
    marker: str = ""
    rows: list[list[list[Line]]] = field(default_factory=list)

    def words(self) -> list[Word]:
        """All its words."""
        cells = [line for row in self.rows for cell in row for line in cell]
        return [word for line in (*self.lines, *cells) for word in line]


@dataclass(slots=True)
class PageLayout:
    """A page: its size in points as displayed, and its blocks in reading order.

    Where its text is turned, the blocks stand upright, and `place` gives their boxes on the page as displayed.
    """

    number: int
    width: float
    height: float
    blocks: list[Block] = field(default_factory=list)
    method: PageMethod = "text"
    confidence: float | None = None
    place: Place | None = None
    scores: Sequence[tuple[float, float, float, float, float]] = ()  # boxes of lines that OCR read, and its scores


def arranged(words: Sequence[Word], titles: Mapping[int, int] = MappingProxyType({})) -> list[Block]:
    """Blocks from words alone: columns, paragraphs, list items and headings, in reading order.

    `titles` has the levels of headings that are known already, by the `id` of each of their words.
    """
    return paragraphs(reading_order(words), titles)


def reading_order(words: Sequence[Word]) -> list[Line]:
    """Lines column by column; a line that crosses the space between columns parts what is above from below."""
    lines = lines_of(words)
    gutter = _gutter(lines)
    if gutter is None:
        return lines
    sides = [_sides(line, gutter) for line in lines]
    usual = median(after[0].left for _, after in sides if after) - median(
        before[-1].right for before, _ in sides if before
    )
    ordered: list[Line] = []
    left: list[Word] = []
    right: list[Word] = []
    for line, (before, after) in zip(lines, sides, strict=True):
        narrow = before and after and after[0].left - before[-1].right < NARROW * usual
        if narrow or len(before) + len(after) != len(line):
            ordered += [*reading_order(left), *reading_order(right), line]
            left, right = [], []
        else:
            left += before
            right += after
    return [*ordered, *reading_order(left), *reading_order(right)]


def _sides(line: Line, gutter: Span) -> tuple[Line, Line]:
    """The words of a line that stand before and after a gutter."""
    return [word for word in line if word.right <= gutter[1]], [word for word in line if word.left >= gutter[0]]


def _gutter(lines: list[Line]) -> Span | None:
    """The widest upright space that hardly any line crosses, if prose stands on both sides of it."""
    if len(lines) < COLUMN_LINES:
        return None
    words = [word for line in lines for word in line]
    low, crossing = _crossings(words)
    width = GUTTER * median(word.bottom - word.top for word in words)
    for first, last in _quiet(crossing, MOST_CROSSING * len(lines), width):
        gutter = (low + first, low + last)
        before, after = zip(*(_sides(line, gutter) for line in lines), strict=True)
        if _is_prose(before) and _is_prose(after):
            return gutter
    return None


def _crossings(words: Sequence[Word]) -> tuple[float, NDArray[np.int64]]:
    """The leftmost edge of words, and how many of them stand at each point from there on."""
    lefts, rights = np.array([(word.left, word.right) for word in words]).T
    low = float(lefts.min())
    size = math.ceil(rights.max() - low) + 1
    begun = np.bincount((lefts - low).astype(np.int64), minlength=size + 1)
    ended = np.bincount(np.ceil(rights - low).astype(np.int64), minlength=size + 1)
    return low, (begun[:size] - ended[:size]).cumsum()


def _quiet(crossing: NDArray[np.int64], most: float, width: float) -> list[tuple[int, int]]:
    """Runs of positions, at least so wide, that at most so many words cross; the widest of the quietest first."""
    runs: list[tuple[int, int, int]] = []
    for level in np.unique(crossing[crossing <= most]).tolist():
        edges = np.flatnonzero(np.diff(np.concatenate(([0], (crossing <= level).astype(np.int8), [0]))))
        runs += [(level, int(start - end), int(start)) for start, end in edges.reshape(-1, 2) if end - start >= width]
    return [(start, start - negative) for _, negative, start in sorted(runs)[:8]]


def _is_prose(column: Sequence[Line]) -> bool:
    """Whether lines, some of them without words, read as a column of prose."""
    column = [line for line in column if line]
    if len(column) < COLUMN_LINES:
        return False
    width = max(line[-1].right for line in column) - min(line[0].left for line in column)
    fill = sum(line[-1].right - line[0].left for line in column) / (len(column) * max(width, 1))
    characters = sum(len(text_of(line)) for line in column) / len(column)
    return fill >= COLUMN_FILL and characters >= COLUMN_CHARACTERS


def paragraphs(lines: list[Line], titles: Mapping[int, int]) -> list[Block]:
    """Lines in reading order, joined to paragraphs, list items and headings."""
    if not lines:
        return []
    blocks: list[Block] = []
    typical = median(_height(line) for line in lines)
    right = max(line[-1].right for line in lines)
    for line in lines:
        level = titles.get(id(line[0]), 0)
        if blocks and blocks[-1].level == level and _goes_on(blocks[-1].lines, line, right):
            blocks[-1].lines.append(line)
        else:
            blocks.append(Block("heading" if level else "paragraph", [line], level))
    for index, block in enumerate(blocks):
        if not block.level:
            _classify(block, typical, blocks[index + 1 :][:1])
    return blocks


def _height(line: Line) -> float:
    _, top, _, bottom = bounds(line)
    return bottom - top


def _goes_on(lines: Sequence[Line], line: Line, right: float) -> bool:
    """Whether a line belongs to the paragraph of the lines before it."""
    before = lines[-1]
    above, below = bounds(before), bounds(line)
    heights = sorted((above[3] - above[1], below[3] - below[1]))
    if heights[1] > HEADING_HEIGHT * heights[0] or not 0 < below[3] - above[3] < heights[1] * (1 + PARAGRAPH_GAP):
        return False
    if below[0] > above[2] or below[2] < above[0] or _is_item(line):
        return False
    short = above[2] < right - SHORT * (right - min(above[0], below[0]))
    if short and len(lines) == 1 and NUMBERED.match(text_of(before)) and not line[0].text[0].islower():
        return False
    return not (short and SENTENCE_END.search(before[-1].text))


def _is_item(line: Line) -> bool:
    return len(line) > 1 and BULLET.match(line[0].text) is not None


def _in_list(line: Line, after: Line) -> bool:
    """Whether a numbered line is followed closely by another list item, and so is one itself."""
    return _is_item(after) and bounds(after)[1] - bounds(line)[3] < 1.5 * _height(line)


def _classify(block: Block, typical: float, after: Sequence[Block]) -> None:
    """Say whether a block is a heading, by its size or its number and what comes after it, or a list item."""
    text = " ".join(text_of(line) for line in block.lines)
    height = median(_height(line) for line in block.lines)
    titled = len(text) <= HEADING_CHARACTERS and any(map(str.isalpha, text)) and after
    if titled and height > HEADING_HEIGHT * typical:
        block.kind, block.level = "heading", 1 if height > HEADING_HEIGHT**2 * typical else 2
    elif (
        titled
        and NUMBERED.fullmatch(text)
        and len(block.lines) == 1
        and not _in_list(block.lines[0], after[0].lines[0])
    ):
        block.kind, block.level = "heading", min(2 + text.split()[0].rstrip(".").count("."), 6)
    elif _is_item(block.lines[0]):
        block.kind = "item"


def insert(blocks: list[tuple[Block, Box]], block: Block) -> None:
    """Put a block before the first one below it that shares its columns, else at the end."""
    box = bounds(block.words())
    for index, (_, other) in enumerate(blocks):
        if other[1] >= box[3] - 1 and other[0] < box[2] and box[0] < other[2]:
            blocks.insert(index, (block, box))
            return
    blocks.append((block, box))
