"""Hits made of plain texts, for testing what reads them."""

from __future__ import annotations

from outcrop.core.boxes import Boxes
from outcrop.core.chunks import Chunk, Hit, Place, Point


def passage(
    text: str, *, context: str = "", name: str = "handbook.md", place: Place | None = None, boxes: Boxes | None = None
) -> Hit:
    """A hit whose chunk has this text and begins at character 100 of its document."""
    chunk = Chunk(
        id=f"{name}:{text[:40]}",
        document_id=name,
        ordinal=0,
        text=text,
        start=100,
        end=100 + len(text),
        tokens=len(text.split()),
        context=context,
        place=place or Place(),
        boxes=boxes,
    )
    return Hit(point=Point(chunk=chunk, vector=None, uri=f"file:///{name}", data_source_id="SOURCE0001"), score=0.9)
