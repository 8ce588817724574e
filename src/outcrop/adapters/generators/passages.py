"""Plain texts as the hits that the extractive answerer and the reranker read."""

from __future__ import annotations

from collections.abc import Sequence

from outcrop.core.chunks import Chunk, Hit, Point


def as_hits(texts: Sequence[str], names: Sequence[str] = ()) -> tuple[Hit, ...]:
    """A hit for each text, all of the same score; texts of one name are of one document."""
    hits = []
    for number, text in enumerate(texts):
        name = names[number] if names else str(number)
        chunk = Chunk(
            id=f"text-{number}",
            document_id=name,
            ordinal=number,
            text=text,
            start=0,
            end=len(text),
            tokens=len(text.split()),
        )
        hits.append(Hit(point=Point(chunk=chunk, vector=None, uri=f"text:{name}", data_source_id=""), score=1.0))
    return tuple(hits)
