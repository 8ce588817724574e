"""What stands on a page in reading order: blocks of lines, found by geometry where nothing better is known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

import numpy as np

from outcrop.adapters.parsers.page_words import Box, Line, Word, bounds, lines_of, segments, text_of
from outcrop.core.parsed import PageMethod

BlockKind = Literal["heading", "paragraph", "item", "code", "table"]
BULLET = re.compile(r"(?:[\u2022\u2023\u25a0-\u25ff\u2013\u2014*\uf0b7\uf0a7-]|\(?\d{1,3}[.)]|\(?[a-z]\))$")
SENTENCE_END = re.compile("[.!?:;\u2026\u3002\uff01\uff1f\uff1a][)\"'\u00bb\u201d\u201c\u2019]?$")

WORD_GAP = 1.6  # heights: a wider space sets two things on one line apart
GUTTER_GAP = 0.8  # heights: the least width of the space between two columns
COLUMN_LINES = 3  # lines that a column has at least
COLUMN_CHARACTERS = 12  # mean characters of a line of a column of prose: shorter ones are labels or cells
COLUMN_FILL = 0.6  # mean share of its column's width that a line of prose takes
MOST_CROSSING = 0.25  # share of lines that may cross a gutter, as titles do
PARAGRAPH_GAP = 0.75  # heights between two lines of one paragraph
HEADING_HEIGHT = 1.25  # of the median height
HEADING_CHARACTERS = 120


@dataclass(slots=True)
class Block:
    """One thing to read: a heading (level 1 to 6), paragraph, list item, code, or a table of cells of lines."""

    kind: BlockKind
    lines: list[Line] = field(default_factory=list)
    level: int = 0
    marker: str = ""  # of a list item, as it is written in the text
    rows: list[list[list[Line]]] = field(default_factory=list)

    def words(self) -> list[Word]:
        """All its words."""
        cells = [line for row in self.rows for cell in row for line in cell]
        return [word for line in (*self.lines, *cells) for word in line]


@dataclass(slots=True)
class PageLayout:
    """A page as it is displayed: its size in points, and its blocks in reading order."""

    number: int
    width: float
    height: float
    blocks: list[Block] = field(default_factory=list)
    method: PageMethod = "text"
    confidence: float | None = None


def arranged(words: Sequence[Word]) -> list[Block]:
    """Blocks from words alone: columns, paragraphs and list items, in reading order."""
    parts = [segment for line in lines_of(words) for segment in segments(line, WORD_GAP)]
    return paragraphs(reading_order(parts))


def reading_order(parts: list[Line]) -> list[Line]:
    """Parts of lines, column by column; what crosses the space between columns parts what is above from below."""
    boxes = [bounds(part) for part in parts]
    gutter = _gutter(parts, boxes)
    if gutter is None:
        return _by_line(parts)
    ordered: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for part, box in sorted(zip(parts, boxes, strict=True), key=lambda pair: pair[1][1]):
        if box[0] < gutter < box[2]:
            ordered += [*reading_order(left), *reading_order(right), part]
            left, right = [], []
        else:
            (left if box[2] <= gutter else right).append(part)
    return [*ordered, *reading_order(left), *reading_order(right)]


def _by_line(parts: list[Line]) -> list[Line]:
    """Parts as one column: what stands at one height is one line again."""
    return lines_of([word for part in parts for word in part])


def _gutter(parts: list[Line], boxes: list[Box]) -> float | None:
    """The middle of the widest upright space that hardly any part crosses, if prose stands on both sides."""
    if len(parts) < 2 * COLUMN_LINES:
        return None
    low = min(box[0] for box in boxes)
    high = max(box[2] for box in boxes)
    crossing = np.zeros(int(high - low) + 2, dtype=np.int32)
    for box in boxes:
        crossing[int(box[0] - low) : int(np.ceil(box[2] - low))] += 1
    height = median(box[3] - box[1] for box in boxes)
    for first, last in _quiet(crossing, MOST_CROSSING * len(parts), GUTTER_GAP * height):
        middle = low + (first + last) / 2
        if _columns(parts, boxes, middle):
            return middle
    return None


def _quiet(crossing: np.ndarray[tuple[int], np.dtype[np.int32]], most: float, width: float) -> list[tuple[int, int]]:
    """Runs of positions that the fewest parts cross, at most `most`, widest first."""
    inner = crossing[: int(np.flatnonzero(crossing)[-1]) + 1]
    runs = []
    for level in sorted({int(count) for count in inner if count <= most}):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], (inner <= level).astype(np.int8), [0]))))
        pairs = edges.reshape(-1, 2)
        runs.extend((int(end - start), int(start), int(end)) for start, end in pairs if end - start >= width)
    return [(start, end) for _, start, end in sorted(runs, reverse=True)[:8]]


def _columns(parts: list[Line], boxes: list[Box], middle: float) -> bool:
    """Whether prose stands left and right of a line, at the same heights."""
    left = [index for index, box in enumerate(boxes) if box[2] <= middle]
    right = [index for index, box in enumerate(boxes) if box[0] >= middle]
    if not (_is_prose(left, parts, boxes) and _is_prose(right, parts, boxes)):
        return False
    top = max(min(boxes[index][1] for index in side) for side in (left, right))
    bottom = min(max(boxes[index][3] for index in side) for side in (left, right))
    return bottom > top


def _is_prose(side: list[int], parts: list[Line], boxes: list[Box]) -> bool:
    if len(side) < COLUMN_LINES:
        return False
    width = max(boxes[index][2] for index in side) - min(boxes[index][0] for index in side)
    fill = sum(boxes[index][2] - boxes[index][0] for index in side) / (len(side) * max(width, 1))
    characters = sum(len(text_of(parts[index])) for index in side) / len(side)
    return fill >= COLUMN_FILL and characters >= COLUMN_CHARACTERS


def paragraphs(lines: list[Line]) -> list[Block]:
    """Lines in reading order, joined to paragraphs, list items and headings."""
    if not lines:
        return []
    blocks: list[Block] = []
    typical = median(_height(line) for line in lines)
    right = max(line[-1].right for line in lines)
    for line in lines:
        if blocks and _goes_on(blocks[-1].lines[-1], line, right):
            blocks[-1].lines.append(line)
        else:
            blocks.append(Block("paragraph", [line]))
    for block in blocks:
        _classify(block, typical)
    return blocks


def _height(line: Line) -> float:
    _, top, _, bottom = bounds(line)
    return bottom - top


def _goes_on(before: Line, line: Line, right: float) -> bool:
    """Whether a line belongs to the paragraph of the line before it."""
    above, below = bounds(before), bounds(line)
    heights = sorted((above[3] - above[1], below[3] - below[1]))
    if heights[1] > HEADING_HEIGHT * heights[0] or not 0 < below[3] - above[3] < heights[1] * (1 + PARAGRAPH_GAP):
        return False
    if below[0] > above[2] or below[2] < above[0] or BULLET.match(line[0].text):
        return False
    short = above[2] < right - 0.3 * (right - min(above[0], below[0]))
    return not (short and SENTENCE_END.search(before[-1].text))


def _classify(block: Block, typical: float) -> None:
    """Say whether a block is a heading, by its height, or a list item, by its bullet."""
    text = " ".join(text_of(line) for line in block.lines)
    first = block.lines[0][0]
    height = median(_height(line) for line in block.lines)
    if height > HEADING_HEIGHT * typical and len(text) <= HEADING_CHARACTERS and any(map(str.isalpha, text)):
        block.kind, block.level = "heading", 1 if height > HEADING_HEIGHT**2 * typical else 2
    elif BULLET.match(first.text) and len(block.lines[0]) > 1:
        block.kind, block.marker = "item", first.text if first.text[-1] in ".)" else "-"
