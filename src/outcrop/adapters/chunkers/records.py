"""Chunk records from spans of text: ids, heading paths, places and boxes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from outcrop.adapters.chunkers.layout import Layout, table_at
from outcrop.core.chunks import Chunk, Place
from outcrop.core.ids import derived_id
from outcrop.core.parsed import Heading

PATH_SEPARATOR = " > "
MAX_HEADER = 1000  # characters of a table header that are repeated


class ChunkMaker:
    """Makes the chunks of one document, in order."""

    def __init__(self, document_id: str, layout: Layout) -> None:
        self._document_id = document_id
        self._layout = layout
        self._document = layout.document
        self._made: Counter[tuple[str, str, bool]] = Counter()
        self._ordinal = 0

    def make(self, start: int, end: int, *, parent_id: str | None = None, searchable: bool = True) -> Chunk:
        """The chunk of the characters [start, end)."""
        text, context = self._document.text[start:end], self.context(start)
        searchable = searchable and not self._layout.in_contents(start, end)
        boxes = self._document.boxes
        chunk = Chunk(
            id=self._id(text, context, searchable),
            document_id=self._document_id,
            ordinal=self._ordinal,
            text=text,
            start=start,
            end=end,
            tokens=self._layout.tokens(start, end),
            context=context,
            parent_id=parent_id,
            searchable=searchable,
            place=self.place(start, end),
            boxes=boxes.within(start, end) if boxes is not None else None,
        )
        self._ordinal += 1
        return chunk

    def _id(self, text: str, context: str, searchable: bool) -> str:  # noqa: FBT001 # a part of the identity
        """Named by content, so that an edit elsewhere in the document leaves the id, and its vector, as they are."""
        key = (text, context, searchable)
        self._made[key] += 1
        return derived_id(self._document_id, context, text, str(searchable), str(self._made[key]))

    def context(self, start: int) -> str:
        """The title and the headings above the text at a position; in a table's body its header too."""
        text = self._document.text
        path = [text[heading.start : heading.end] for heading in self._path(start)]
        title = self._document.title
        if title and not self._begins_with_title(start) and (not path or path[0] != title):
            path.insert(0, title)
        lines = [PATH_SEPARATOR.join(" ".join(part.split()) for part in path)] if path else []
        table = table_at(self._document, start)
        if table is not None and table.header_end - table.start <= MAX_HEADER:
            lines.append(text[table.start : table.header_end].split("\n", 1)[0])
        return "\n".join(lines)

    def _begins_with_title(self, start: int) -> bool:
        title = self._document.title or ""
        return self._document.text[start : start + len(title) + 10].lstrip("# ").startswith(title)

    def _path(self, start: int) -> Sequence[Heading]:
        """The headings above a position, highest first; of a heading that begins there, those that it is under."""
        path: list[Heading] = []
        above = bisect_left(self._heading_starts, start)
        for heading in self._document.headings[:above]:
            _descend(path, heading)
            path.append(heading)
        for heading in self._document.headings[above : above + 1]:
            if not self._document.text[start : heading.start].strip("# \t"):
                _descend(path, heading)
        return path

    @cached_property
    def _heading_starts(self) -> list[int]:
        return [heading.start for heading in self._document.headings]

    def place(self, start: int, end: int) -> Place:
        """The pages, or the sheet and rows, of the characters [start, end)."""
        pages = [self._document.pages[i].number for i in _touched(self._page_starts, start, end)]
        rows = [self._document.rows[i] for i in _touched(self._row_starts, start, end)]
        rows = [row for row in rows if row.end > start]
        return Place(
            first_page=pages[0] if pages else None,
            last_page=pages[-1] if pages else None,
            sheet=rows[0].sheet if rows else None,
            first_row=rows[0].number if rows else None,
            last_row=rows[-1].number if rows else None,
            confidence=self._confidence(start, end),
            rows=tuple((row.start - start, row.number) for row in rows if row.start >= start),
            first_line=1 + bisect_left(self._line_ends, start) if self._document.lined else None,
        )

    def _confidence(self, start: int, end: int) -> float | None:
        """The confidence of the least sure line read by OCR that the characters [start, end) touch."""
        pages = [self._document.pages[i] for i in _touched(self._page_starts, start, end)]
        read = [line.confidence for page in pages for line in page.lines if line.start < end and start < line.end]
        return min(read, default=None)

    @cached_property
    def _line_ends(self) -> list[int]:
        return [at for at, character in enumerate(self._document.text) if character == "\n"]

    @cached_property
    def _page_starts(self) -> list[int]:
        return [page.start for page in self._document.pages]

    @cached_property
    def _row_starts(self) -> list[int]:
        return [row.start for row in self._document.rows]


def _descend(path: list[Heading], heading: Heading) -> None:
    """Leave the headings that end where this one begins."""
    while path and path[-1].level >= heading.level:
        path.pop()


def _touched(starts: list[int], start: int, end: int) -> range:
    """Which of the spans that begin at `starts`, each up to the next, the characters [start, end) touch."""
    return range(max(bisect_right(starts, start) - 1, 0), bisect_left(starts, end))
