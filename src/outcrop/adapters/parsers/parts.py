"""Documents that are read in parts, and how their parts become one again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from outcrop.core.parsed import Blob, ParsedDocument, Row, Table


@runtime_checkable
class Streaming(Protocol):
    """A parser that gives long files in parts, and never holds one whole."""

    def parts(self, blob: Blob) -> Iterator[ParsedDocument]:
        """The document in parts: the last table of each goes on in the next. Raises Unreadable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart(ParsedDocument):
    """Stands for no text: the parts before it are to be forgotten."""


def joined(parts: Sequence[ParsedDocument]) -> ParsedDocument:
    """One document from its parts, in order; there is at least one that is no Restart."""
    last = max((index for index, part in enumerate(parts) if isinstance(part, Restart)), default=-1)
    parts = parts[last + 1 :]
    if len(parts) == 1:
        return parts[0]
    text = "".join(part.text for part in parts)
    rows: list[Row] = []
    start = 0
    for part in parts:
        rows += (
            [replace(row, start=row.start + start, end=row.end + start) for row in part.rows] if start else part.rows
        )
        start += len(part.text)
    if not parts[0].tables:  # parts are what a parse process says, which may be anything
        return replace(parts[0], text=text, rows=tuple(rows))
    *before, table = parts[0].tables
    whole = Table(start=table.start, end=len(text), header_end=table.header_end)
    return replace(parts[0], text=text, rows=tuple(rows), tables=(*before, whole))
