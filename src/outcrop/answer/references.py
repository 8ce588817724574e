"""Spans of passages as references: the exact characters of the document, its page, sheet and row, and the rectangles."""

from __future__ import annotations

import re

from outcrop.core.answers import Reference
from outcrop.core.boxes import Region
from outcrop.core.chunks import Chunk, Hit

_RULING = re.compile(r"\s*\|?[\s:|-]*-{2,}[\s:|-]*")


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
        row=_row(chunk, start),
        regions=regions,
    )


def _page(chunk: Chunk, regions: tuple[Region, ...]) -> int | None:
    """The page of the first rectangle; without rectangles the chunk's first page."""
    return regions[0].page if regions else chunk.place.first_page


def _row(chunk: Chunk, start: int) -> int | None:
    """The row that a position stands in: counted where each line of the chunk is a row, else the chunk's first row."""
    first, last = chunk.place.first_row, chunk.place.last_row
    if first is None or last is None:
        return first
    lines = [line for line in chunk.text.split("\n") if line.strip() and not _RULING.fullmatch(line)]
    if len(lines) != last - first + 1:
        return first
    above = chunk.text[:start].split("\n")[:-1]
    return min(last, first + sum(1 for line in above if line.strip() and not _RULING.fullmatch(line)))
