"""Where something stands in a document, in words."""

from __future__ import annotations

from outcrop.core.answers import Reference
from outcrop.core.chunks import Point


def name_of(point: Point) -> str:
    """The document's address without its scheme, percent-encoding undone."""
    from urllib.parse import unquote

    return unquote(point.uri.removeprefix("file://"))


def place_of(point: Point) -> str:
    """The pages or the sheet and rows of a chunk, or its characters where the format has neither."""
    place = point.chunk.place
    if place.sheet is not None or place.first_row is not None:
        sheet = f"sheet {place.sheet}, " if place.sheet else ""
        return f"{sheet}{_range('row', place.first_row, place.last_row)}"
    if place.first_page is not None:
        return _range("page", place.first_page, place.last_page)
    if place.first_line is not None:
        return _range("line", place.first_line, point.chunk.line_at(len(point.chunk.text)))
    return f"characters {point.chunk.start}–{point.chunk.end}"


def place_of_reference(reference: Reference) -> str:
    """The page, or the sheet and row, that a quote begins on, or its characters."""
    if reference.row is not None:
        return (f"sheet {reference.sheet}, " if reference.sheet else "") + f"row {reference.row}"
    if reference.page is not None:
        return f"page {reference.page}"
    return f"characters {reference.start}–{reference.end}"


def cited_point(point: Point) -> str:
    """A chunk's document and place: `path:line` for source code."""
    line = point.chunk.place.first_line
    return f"{name_of(point)}:{line}" if line is not None else f"{name_of(point)} · {place_of(point)}"


def cited_reference(reference: Reference) -> str:
    """A quote's document and place: `path:line` for source code."""
    name = name_of(reference.hit.point)
    return f"{name}:{reference.line}" if reference.line is not None else f"{name} · {place_of_reference(reference)}"


def _range(what: str, first: int | None, last: int | None) -> str:
    return f"{what} {first}" if last is None or first == last else f"{what}s {first}–{last}"
