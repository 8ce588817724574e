"""Tables on a page: those found between ruling lines or in rows of cells, and those that are no tables after all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from outcrop.adapters.parsers.page_layout import Block
from outcrop.adapters.parsers.page_words import Box, Line, Word, bounds, lines_of, segments, text_of

WORD_GAP = 1.6  # heights: a wider space sets two cells on one line apart
FLUSH = 3.0  # points between edges that count as one
LEAST_ROWS = 3
SHORT_CELL = 18  # mean characters of a cell: lines of a column of prose are longer
MOST_CELL = 60  # mean characters of a cell of a table that no rules show
CELL_FILL = 0.75  # share of their columns' width that such cells take on the average at most
LEAST_CAPTION = 3  # words of a line that is no header cell
COLUMN_GAP = 0.9  # heights
NUMBERS = 0.4  # share of cells with a digit, in tables whose cells are as full as prose


def column_spans(rows: Sequence[Sequence[Line]], gap: float) -> list[tuple[float, float]]:
    """The columns that parts of lines form: intervals of x with at least `gap` points between them."""
    edges = sorted((part[0].left, max(word.right for word in part)) for row in rows for part in row)
    spans: list[tuple[float, float]] = []
    for left, right in edges:
        if spans and left < spans[-1][1] + gap:
            spans[-1] = (spans[-1][0], max(spans[-1][1], right))
        else:
            spans.append((left, right))
    return spans


def table_of(rows: Sequence[Sequence[Word]]) -> Block | None:
    """A table whose rows are given as words, its columns where no row has ink; None where there is one column."""
    parts = [[part for line in lines_of(row) for part in segments(line, COLUMN_GAP)] for row in rows]
    heights = [word.bottom - word.top for row in rows for word in row]
    spans = column_spans(parts, COLUMN_GAP * sum(heights) / len(heights)) if heights else []
    if len(spans) < 2:  # noqa: PLR2004 # a table has two columns
        return None
    return Block("table", rows=[_cells(row, spans) for row in rows])


def _cells(row: Sequence[Word], spans: list[tuple[float, float]]) -> list[list[Line]]:
    cells: list[list[Word]] = [[] for _ in spans]
    for word in row:
        index = max((i for i, span in enumerate(spans) if span[0] <= word.left + FLUSH), default=0)
        cells[index].append(word)
    return [lines_of(cell) for cell in cells]


def between_rules(rules: Sequence[Box], words: Sequence[Word]) -> list[Block]:
    """Tables whose rows stand between horizontal rules of one extent, given from top to bottom."""
    bands = [_between(above, below, words) for above, below in pairwise(rules)]
    tables: list[list[list[Word]]] = [[]]
    for band in bands:
        if not band or table_of([band]) is None:
            tables.append([])
        elif tables[-1] and table_of([*tables[-1], band]) is None:
            tables.append([band])
        else:
            tables[-1].append(band)
    found = (table_of(rows if len(rows) > 2 else _split(rows)) for rows in tables if len(rows) > 1)  # noqa: PLR2004
    return [table for table in found if table is not None]


def _between(above: Box, below: Box, words: Sequence[Word]) -> list[Word]:
    left, right = above[0] - FLUSH, above[2] + FLUSH
    return [
        word
        for word in words
        if above[1] < (word.top + word.bottom) / 2 < below[3] and left < (word.left + word.right) / 2 < right
    ]


def _split(rows: list[list[Word]]) -> list[list[Word]]:
    """Rows where only the head and the body of a table stand between rules: the lines that fill several columns."""
    lines = [line for row in rows for line in lines_of(row)]
    full = [len(segments(line, COLUMN_GAP)) > 1 for line in lines]
    return lines if sum(full) > len(rows) else rows


def rule_runs(rules: Sequence[Box]) -> list[list[Box]]:
    """Runs of at least three horizontal rules of the same extent, from top to bottom; double rules count once."""
    runs: list[list[Box]] = []
    for rule in sorted(rules, key=lambda box: (round(box[0] / FLUSH), round(box[2] / FLUSH), box[1])):
        if not runs or not _aligned(runs[-1][-1], rule):
            runs.append([rule])
        elif rule[1] - runs[-1][-1][1] > FLUSH:
            runs[-1].append(rule)
    return [run for run in runs if len(run) >= LEAST_ROWS]


def _aligned(first: Box, second: Box) -> bool:
    return abs(first[0] - second[0]) < FLUSH and abs(first[2] - second[2]) < FLUSH


def is_prose(words: Sequence[Word], beside: Sequence[Box]) -> bool:
    """Whether what looks like a table is justified text: flush on both sides, and so is a paragraph next to it."""
    lines = lines_of(words)
    left, top, right, bottom = bounds(words)
    flush = sum(abs(line[0].left - left) < FLUSH and abs(line[-1].right - right) < FLUSH for line in lines)
    if flush < len(lines) - 1 or flush == 0:
        return False
    pitch = (bottom - top) / len(lines)
    return any(
        abs(box[0] - left) < FLUSH and abs(box[2] - right) < FLUSH and _gap((top, bottom), (box[1], box[3])) < pitch
        for box in beside
    )


def _gap(first: tuple[float, float], second: tuple[float, float]) -> float:
    return max(first[0], second[0]) - min(first[1], second[1])


def cell_runs(words: Sequence[Word]) -> list[Block]:
    """Tables that no rules show: runs of at least three lines that share columns of short cells."""
    runs: list[list[list[Line]]] = [[]]
    for line in lines_of(words):
        parts = segments(line, WORD_GAP)
        gap = COLUMN_GAP * (line[0].bottom - line[0].top)
        if len(parts) < 2:  # noqa: PLR2004 # one part is a line of text
            runs.append([])
        elif len(column_spans([*runs[-1], parts], gap)) > 1:
            runs[-1].append(parts)
        else:
            runs.append([parts])
    tables = [table_of([[word for part in row for word in part] for row in run]) for run in runs if _is_table(run)]
    return [table for table in tables if table is not None]


def _is_table(rows: list[list[Line]]) -> bool:
    """Whether rows of parts are cells and not lines of columns of prose, which are long, full and hold few numbers."""
    if len(rows) < LEAST_ROWS:
        return False
    spans = column_spans(rows, 1.0)
    texts = [text_of(part) for row in rows for part in row]
    characters = sum(map(len, texts)) / len(texts)
    if characters > MOST_CELL:
        return False
    widths = sum(part[-1].right - part[0].left for row in rows for part in row)
    columns = sum(right - left for left, right in spans) * len(rows)
    numbers = sum(any(map(str.isdigit, text)) for text in texts)
    return characters < SHORT_CELL or widths < CELL_FILL * columns or numbers > NUMBERS * len(texts)


def caption_of(table: Block) -> list[Line]:
    """The first row of a table, where it is one line of text over several columns; it is taken from the table."""
    first = [line for cell in table.rows[0] for line in cell]
    filled = sum(map(bool, table.rows[0]))
    if len(table.rows) < LEAST_ROWS or not first or filled > len(table.rows[0]) / 2:
        return []
    lines = lines_of([word for line in first for word in line])
    nxt = sum(map(bool, table.rows[1]))
    if len(lines) > 1 or nxt <= filled or len(segments(lines[0], WORD_GAP)) > 1 or len(lines[0]) < LEAST_CAPTION:
        return []
    del table.rows[0]
    return lines
