"""What the chunks of a document are like, counted while they are at hand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from outcrop.core.chunks import Chunk
from outcrop.core.languages import language_of
from outcrop.core.parsed import TOKEN_EDGES, Quality


def quality_of(chunks: Sequence[Chunk], text: str) -> Quality:
    """The counts over the chunks that are searched."""
    searched = [chunk for chunk in chunks if chunk.searchable]
    histogram = [0] * (len(TOKEN_EDGES) + 1)
    for chunk in searched:
        histogram[bisect_right(TOKEN_EDGES, chunk.tokens)] += 1
    return Quality(
        tokens=sum(chunk.tokens for chunk in searched),
        histogram=tuple(histogram),
        empty_chunks=sum(not any(map(str.isalnum, chunk.text)) for chunk in searched),
        duplicate_chunks=len(searched) - len({" ".join(chunk.text.split()) for chunk in searched}),
        language=language_of(text),
    )
