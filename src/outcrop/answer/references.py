"""Spans of passages as references: the exact characters of the document, its page, sheet, row and rectangles."""

from __future__ import annotations

from outcrop.core.answers import Reference
from outcrop.core.boxes import Region
from outcrop.core.chunks import Chunk, Hit


def reference(hit: Hit, start: int, end: int) -> Reference:
    """The reference to the characters [start, end) of a hit's chunk."""
    chunk = hit.chunk
    regions = chunk.boxes.regions(start, end) if chunk.boxes is not None else ()
    return Reference(
        hit=hit,
        quote=chunk.text[start:end],
        start=chunk.start + start,
        end=chunk.start + end,
        page=_page(chunk, regions),
        sheet=chunk.place.sheet,
        row=chunk.place.row_at(start),
        line=chunk.line_at(start),
        regions=regions,
    )


def _page(chunk: Chunk, regions: tuple[Region, ...]) -> int | None:
    """The page of the first rectangle; without rectangles the chunk's first page."""
    return regions[0].page if regions else chunk.place.first_page
