"""Puts the words of a PDF page into its blocks, mends blocks that are not what they seem, and loses no word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

import numpy as np

from outcrop.adapters.parsers.page_layout import Block, arranged, insert
from outcrop.adapters.parsers.page_tables import between_rules, caption_of, is_prose, rule_runs
from outcrop.adapters.parsers.page_words import Box, Line, Word, bounds, lines_of, segments, text_of
from outcrop.adapters.parsers.pdf_blocks import Cell, Outline

MOST_SHARED = 0.3  # of the smaller of two boxes
APART = 1.5  # heights: a wider space sets two words that are in no block apart
NEAR = 4.0  # heights between a word and the block on whose line it stands
LONGEST_HEADING = 160  # characters
SENTENCE = re.compile(r"[^\W\d_]{2}[.!?;]\s+\w|[,;:]$")  # a sentence ends within, or the line ends without an end
LEADER = re.compile(r"(?:\. ?){4,}\s*[\divxlc]+$")
FLOWING = ("paragraph", "heading", "item")
FULL_STOP = re.compile(r"\w{2}[)\"'\u201d]?\.$")
FLUSH = 2.0  # points between edges that count as one
LEAST_SENTENCE = 50  # characters of what may be the first line of a paragraph and not a heading
STOPPED_HEADING = 60  # characters: a longer line that ends with a full stop is a sentence


def composed(words: Sequence[Word], outlines: Sequence[Outline], rules: Sequence[Box] = ()) -> list[Block]:
    """The blocks of a page in reading order; every word is in one of them."""
    if not words:
        return []
    inked = _with_ruled_tables(words, outlines, rules)
    members, strays = _assigned(words, inked)
    placed = [(outline, own) for outline, own in zip(inked, members, strict=True) if own]
    blocks: list[tuple[Block, Box]] = []
    for cluster in _clusters([outline.box for outline, _ in placed]):
        made = _tangled([placed[index] for index in cluster]) if len(cluster) > 1 else _single(placed, cluster[0])
        blocks += [(block, bounds(block.words())) for block in made]
    for block in arranged(strays):
        insert(blocks, block)
    return _merged([block for block, _ in blocks])


def _clusters(boxes: Sequence[Box]) -> list[list[int]]:
    """The indices of boxes, those together that lie over each other, in order of the first of each."""
    clusters: list[list[int]] = []
    for index, box in enumerate(boxes):
        touched = [cluster for cluster in clusters if any(_lies_over(boxes[other], box) for other in cluster)]
        if not touched:
            clusters.append([index])
            continue
        for cluster in touched[1:]:
            touched[0].extend(cluster)
            clusters.remove(cluster)
        touched[0].append(index)
    return clusters


def _lies_over(first: Box, second: Box) -> bool:
    """Whether two boxes share so much of the smaller one that neither can be right."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return width > 0 and height > 0 and width * height > MOST_SHARED * smaller


def _tangled(placed: Sequence[tuple[Outline, list[Word]]]) -> list[Block]:
    """Blocks from the words of outlines that lie over each other: their places say more than the outlines."""
    titles = {id(word): outline.level for outline, own in placed if outline.kind == "heading" for word in own}
    return arranged([word for _, own in placed for word in own], titles)


def _single(placed: Sequence[tuple[Outline, list[Word]]], index: int) -> list[Block]:
    """The block of an outline, which may look different beside its neighbours; a table's caption before it."""
    beside = [bounds(own) for near in (index - 1, index + 1) if 0 <= near < len(placed) for own in [placed[near][1]]]
    block = _block(*placed[index], beside)
    caption = caption_of(block) if block.kind == "table" else []
    return [Block("paragraph", caption), block] if caption else [block]


def _with_ruled_tables(words: Sequence[Word], outlines: Sequence[Outline], rules: Sequence[Box]) -> list[Outline]:
    """Outlines in which what stands between rules, in columns, is a table with the rows that the rules show."""
    kept = list(outlines)
    tables = [table for run in rule_runs(rules) for table in between_rules(run, words)] if rules else []
    for table in tables:
        box = bounds(table.words())
        inside = [outline for outline in kept if _within(outline.box, box) or _within(box, outline.box)]
        known = [outline for outline in inside if outline.kind == "table"]
        stray = any(outline.kind != "table" for outline in inside)  # a column, say, that is not in liteparse's table
        if not inside or (any(_is_as_good(outline, table) for outline in known) and not (stray and known)):
            continue
        place = kept.index(inside[0])
        kept = [outline for outline in kept if outline not in inside]
        kept.insert(place, _ruled(table, box))
    return kept


def _is_as_good(outline: Outline, table: Block) -> bool:
    """Whether liteparse's table has the rows that the rules show, or columns that they do not."""
    return len(outline.rows) <= len(table.rows) + 1 or len(outline.rows[-1]) != len(table.rows[0])


def _within(inner: Box, outer: Box) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] - 1 <= x <= outer[2] + 1 and outer[1] - 1 <= y <= outer[3] + 1


def _ruled(table: Block, box: Box) -> Outline:
    """A found table as an outline, so that it takes its words as any other."""
    rows = []
    for row in table.rows:
        texts = [" ".join(text_of(line) for line in cell) for cell in row]
        places = [bounds([word for line in cell for word in line]) if cell else None for cell in row]
        rows.append([Cell(text, place) for text, place in zip(texts, places, strict=True)])
    return Outline("table", box, rows=rows)


def _assigned(words: Sequence[Word], outlines: Sequence[Outline]) -> tuple[list[list[Word]], list[Word]]:
    """The words of each outline, and those of none: by the smallest box around a word's centre, else the nearest."""
    members: list[list[Word]] = [[] for _ in outlines]
    if not outlines:
        return members, list(words)
    owners = owner_of(words, [outline.box for outline in outlines])
    strays: list[Word] = []
    for word, owner in zip(words, owners, strict=True):
        (members[owner] if owner >= 0 else strays).append(word)
    if not strays:
        return members, strays
    boxes = [bounds(own) if own else None for own in members]
    far: list[Word] = []
    for line in lines_of(strays):
        for part in segments(line, APART):
            near = _nearest(part, boxes)
            (far if near is None else members[near]).extend(part)
    return members, far


def owner_of(words: Sequence[Word], boxes: Sequence[Box]) -> list[int]:
    """The index of the smallest box around the centre of each word, or -1."""
    places = np.array([word[1:5] for word in words], dtype=np.float64)
    x, y = (places[:, 0] + places[:, 2]) / 2, (places[:, 1] + places[:, 3]) / 2
    around = np.array(boxes, dtype=np.float64)
    inside = (
        (x[:, None] >= around[:, 0] - 0.5)
        & (x[:, None] <= around[:, 2] + 0.5)
        & (y[:, None] >= around[:, 1] - 0.5)
        & (y[:, None] <= around[:, 3] + 0.5)
    )
    areas = (around[:, 2] - around[:, 0]) * (around[:, 3] - around[:, 1])
    owners = np.where(inside, areas, np.inf).argmin(axis=1)
    found: list[int] = np.where(inside.any(axis=1), owners, -1).tolist()
    return found


def _nearest(part: Line, boxes: Sequence[Box | None]) -> int | None:
    """The block at whose side, on the same line, a part of a line stands."""
    left, top, right, bottom = bounds(part)
    reach = NEAR * (bottom - top)
    for index, box in enumerate(boxes):
        if box is None or not box[1] <= (top + bottom) / 2 <= box[3]:
            continue
        if left <= box[2] + reach and right >= box[0] - reach:
            return index
    return None


def _block(outline: Outline, words: list[Word], beside: Sequence[Box]) -> Block:
    if outline.kind == "table":
        if is_prose(words, beside):
            return Block("paragraph", lines_of(words))
        return _table(outline, words)
    lines = lines_of(words)
    if outline.kind in ("code", "grid_fallback") or _keeps_lines(lines):
        return Block("code", lines)
    if outline.kind == "list_item":
        return Block("item", lines, level=outline.level, marker=outline.marker)
    if outline.kind == "heading" and _is_heading(lines):
        return Block("heading", lines, level=outline.level)
    return Block("paragraph", lines)


def _is_heading(lines: Sequence[Line]) -> bool:
    text = " ".join(text_of(line) for line in lines)
    if len(text) > LONGEST_HEADING or not any(map(str.isalpha, text)):
        return False
    return not (len(text) > STOPPED_HEADING and FULL_STOP.search(text)) and not (
        len(text) > STOPPED_HEADING and SENTENCE.search(text)
    )


def _table(outline: Outline, words: list[Word]) -> Block:
    """A table whose words are put into its cells; a word in no cell goes to one that lacks it, else to the nearest."""
    cells = [cell for row in outline.rows for cell in row]
    if not cells:
        return Block("paragraph", lines_of(words))
    nowhere: Box = (-1e9, -1e9, -1e9, -1e9)
    owned: list[list[Word]] = [[] for _ in cells]
    for word, owner in zip(words, owner_of(words, [cell.box or nowhere for cell in cells]), strict=True):
        owned[owner if owner >= 0 else _cell_for(word, cells)].append(word)
    filled = iter(owned)
    return Block("table", rows=[[lines_of(next(filled)) for _ in row] for row in outline.rows])


def _cell_for(word: Word, cells: Sequence[Cell]) -> int:
    """The cell without a place whose text has a word, else the nearest cell."""
    for index, cell in enumerate(cells):
        if cell.box is None and word.text in cell.text.split():
            return index
    x, y = (word.left + word.right) / 2, (word.top + word.bottom) / 2
    distances = [
        max(cell.box[0] - x, x - cell.box[2], 0) + 10 * max(cell.box[1] - y, y - cell.box[3], 0) if cell.box else 1e9
        for cell in cells
    ]
    return distances.index(min(distances))


def _merged(blocks: list[Block]) -> list[Block]:
    """Blocks in which lines set closely under each other, in one column, are one paragraph or list item."""
    kept: list[Block] = []
    for block in blocks:
        if kept and block.kind == "paragraph" and kept[-1].kind in FLOWING and _follows(kept[-1], block):
            if kept[-1].kind == "heading":
                kept[-1].kind, kept[-1].level = "paragraph", 0
            kept[-1].lines.extend(block.lines)
        else:
            kept.append(block)
    return kept


def _follows(before: Block, block: Block) -> bool:
    """Whether a paragraph's first line stands where the next line of the block before would, after a full line."""
    last, first = before.lines[-1], block.lines[0]
    heights = [word.bottom - word.top for word in (last[0], first[0])]
    gap = min(word.top for word in first) - max(word.bottom for word in last)
    widest = 0.75 if first[0].text[0].islower() else 0.4
    if abs(heights[0] - heights[1]) > 0.1 * max(heights) or not -0.5 * heights[0] < gap < widest * heights[0]:
        return False
    if before.kind == "heading" and sum(len(text_of(line)) for line in before.lines) < LEAST_SENTENCE:
        return False
    left, _, right, _ = bounds([word for line in (*before.lines, *block.lines) for word in line])
    margins = [median(line[0].left for line in before.lines)]
    if before.kind == "item":  # its further lines stand under its text
        margins = [word.left for word in before.lines[0][1:2]]
    begins = any(abs(first[0].left - margin) < FLUSH for margin in margins)
    return begins and last[-1].right > right - 0.15 * (right - left)


def _keeps_lines(lines: Sequence[Line]) -> bool:
    """Whether lines are those of a table of contents, whose leaders run to page numbers."""
    return len(lines) > 1 and all(LEADER.search(text_of(line)) for line in lines)
