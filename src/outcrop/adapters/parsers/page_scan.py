"""Pages that are pictures: their layout from what OCR read on them."""

from __future__ import annotations

from collections.abc import Sequence

from outcrop.adapters.parsers.ocr import Scan
from outcrop.adapters.parsers.page_geometry import rotated, rotation, turned
from outcrop.adapters.parsers.page_layout import Block, Place, arranged, insert
from outcrop.adapters.parsers.page_sheet import Sheet
from outcrop.adapters.parsers.page_tables import cell_runs
from outcrop.adapters.parsers.page_words import Word, bounds


def scan_sheet(scan: Scan, number: int, size: tuple[float, float], pixel: float) -> Sheet:
    """The page of a scan: `size` is its width and height in points as displayed, `pixel` the points of one pixel."""
    width, height = size
    words = [
        Word(word.text, word.left * pixel, word.top * pixel, word.right * pixel, word.bottom * pixel, word.glued)
        for word in scan.words
    ]
    sheet = Sheet(number, width, height, words, scan_blocks, scan.turn, _place(scan, width, height), scan.confidence)
    sheet.scores = [
        (left * pixel, top * pixel, right * pixel, bottom * pixel, s) for left, top, right, bottom, s in scan.lines
    ]
    return sheet


def _place(scan: Scan, width: float, height: float) -> Place | None:
    """The way from boxes on the straightened page to boxes on the page of this size as displayed."""
    if not scan.turn and not scan.skew:
        return None
    size = (height, width) if scan.turn % 180 else (width, height)
    mapping = rotation(scan.skew, *size)
    return lambda boxes: turned(rotated(boxes, mapping), scan.turn, *size)


def scan_blocks(words: Sequence[Word]) -> list[Block]:
    """Blocks from words that OCR read: tables by their columns of cells, the rest by geometry."""
    tables = cell_runs(words)
    taken = {id(word) for table in tables for word in table.words()}
    blocks = [(block, bounds(block.words())) for block in arranged([word for word in words if id(word) not in taken])]
    for table in tables:
        insert(blocks, table)
    return [block for block, _ in blocks]
