"""The words and blocks of PDF pages as liteparse sees them, in reading order, on pages turned upright."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from outcrop.adapters.parsers.decode import clean
from outcrop.adapters.parsers.page_words import Box, Word, pieces

BATCH = 100  # pages that are held at a time
LEAST_RULE = 40.0  # points
TOUCHING = 0.08  # heights between two runs of one word
CHECKED, UNCHECKED = "[x]", "[ ]"


class Cell(NamedTuple):
    """A table cell: its text, and where it was read if that is known."""

    text: str
    box: Box | None


@dataclass(slots=True)
class Outline:
    """A block as liteparse classifies it; `kind` is one of its words: heading, paragraph, list_item, table ..."""

    kind: str
    box: Box
    level: int = 0
    marker: str = ""
    rows: list[list[Cell]] = field(default_factory=list)


@dataclass(slots=True)
class PageOutline:
    """The words of a page, its blocks and its ruling lines."""

    number: int
    words: list[Word] = field(default_factory=list)
    outlines: list[Outline] = field(default_factory=list)
    rules: list[Box] = field(default_factory=list)  # horizontal lines


def page_outlines(data: bytes, turns: Mapping[int, int], *, form: bool) -> Iterator[list[PageOutline]]:
    """Pages in batches; `turns` says by how much the text of a page is turned clockwise, where it is.

    A file or batch that liteparse cannot read ends the iteration: the caller has PDFium's text.
    """
    from liteparse import LiteParse

    parser = LiteParse(
        ocr_enabled=False,
        output_format="markdown",
        extract_blocks=True,
        emit_word_boxes=True,
        extract_links=False,
        extract_form_fields=form,
        extract_vector_graphics=True,
        keep_headers_footers=True,  # what repeats is told by page_furniture, which loses nothing else
        continue_on_page_error=True,
        max_pages=1_000_000,
        num_workers=1,
        quiet=True,
        page_orientation_corrections=sorted(turns.items()),
    )
    # The library's own conversion to dataclasses costs half as much again as the parse.
    native = parser._native  # noqa: SLF001 # as above; the version is pinned
    for batch in _batches(native, data):
        yield [_page(page) for page in batch.result.pages]


def _batches(native: Any, data: bytes) -> Iterator[Any]:
    try:
        session = native.open_batch_session_bytes(data, BATCH)
        while (batch := session.next_batch()) is not None:
            yield batch
    except Exception:  # noqa: BLE001 # it raises bare exceptions; PDFium has opened the file
        return


def _page(page: Any) -> PageOutline:
    words = list(_words(page.text_items))
    if page.form_fields:
        words.extend(_filled(page.form_fields, words))
    outlines = [_outline(block) for block in page.blocks or () if block.kind not in ("rule", "figure")]
    return PageOutline(page.page_num, words, outlines, list(_rules(page.vector_graphics)))


def _rules(graphics: Any) -> Iterator[Box]:
    """The horizontal lines that are long enough to rule a table."""
    for line in graphics.lines if graphics else ():
        if abs(line.y1 - line.y2) < 1 and abs(line.x1 - line.x2) > LEAST_RULE:
            yield min(line.x1, line.x2), min(line.y1, line.y2), max(line.x1, line.x2), max(line.y1, line.y2)


def _words(items: Any) -> Iterator[Word]:
    """The words of text items; what touches the piece before it goes on with its word."""
    last = Word("", 0, 0, 0, 0)
    spaced = True
    for item in items:
        whole = item.text
        plain = whole.isascii() and whole.isprintable()
        for native in item.words:
            text = native.text if plain else clean(native.text)
            if not text or text.isspace():
                continue
            left, top = native.x, native.y
            word = Word(text, left, top, left + native.width, top + native.height)
            if not spaced and left - last.right < 1 and _touches(last, word):
                word = word._replace(glued=True)
            last, spaced = word, False
            if plain:
                yield word
            else:
                yield from pieces(word)
        spaced = spaced or whole.endswith(" ")


def _touches(before: Word, word: Word) -> bool:
    height = min(before.bottom - before.top, word.bottom - word.top)
    overlap = min(before.bottom, word.bottom) - max(before.top, word.top)
    return overlap > height / 2 and -height < word.left - before.right < TOUCHING * height


def _box(rect: Any) -> Box:
    return rect.x, rect.y, rect.x + rect.width, rect.y + rect.height


def _outline(block: Any) -> Outline:
    marker = block.marker or ""
    return Outline(
        kind=block.kind,
        box=_box(block.bbox) if block.bbox is not None else (0.0, 0.0, 0.0, 0.0),
        level=block.level or 0,
        marker=(marker if block.ordered else "-") if block.kind == "list_item" else "",
        rows=[[_cell(cell) for cell in row] for row in (block.header or [], *(block.rows or []))]
        if block.kind == "table"
        else [],
    )


def _cell(cell: Any) -> Cell:
    return Cell(cell.text, None if cell.bbox is None else _box(cell.bbox))


def _filled(fields: Any, words: list[Word]) -> Iterator[Word]:
    """What is filled into a form and not drawn as text: ticked boxes, and values without an appearance."""
    for entry in fields:
        if entry.rect is None:
            continue
        box = _box(entry.rect)
        if entry.field_type in ("checkbox", "radiobutton"):
            yield Word(CHECKED if entry.checked else UNCHECKED, *box)
        elif entry.value and entry.field_type != "pushbutton" and not any(_inside(word, box) for word in words):
            yield from _spread(clean(entry.value).split(), box)


def _inside(word: Word, box: Box) -> bool:
    return box[0] <= (word.left + word.right) / 2 <= box[2] and box[1] <= (word.top + word.bottom) / 2 <= box[3]


def _spread(texts: list[str], box: Box) -> Iterator[Word]:
    """Words set side by side in a box, in proportion to their length."""
    left, top, right, bottom = box
    step = (right - left) / max(1, sum(map(len, texts)) + len(texts) - 1)
    for text in texts:
        yield Word(text, left, top, left + step * len(text), bottom)
        left += step * (len(text) + 1)
