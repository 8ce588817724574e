"""Cuts where the meaning changes from one sentence group to the next."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.chunkers.layout import Layout, Unit
from outcrop.adapters.chunkers.records import ChunkMaker
from outcrop.core.chunks import Chunk
from outcrop.core.parsed import ParsedDocument
from outcrop.core.protocols import Embedder
from outcrop.core.records import Chunking


class SemanticChunker:
    """Bedrock's SEMANTIC: each sentence is embedded with `buffer_size` neighbours on both sides.

    A cut is made where the distance to the next is above the `breakpoint_percentile` of the document's distances
    (Kamradt's method, https://docs.aws.amazon.com/bedrock/latest/userguide/kb-chunking.html), and where a chunk
    would pass `max_tokens`.
    """

    def __init__(self, chunking: Chunking, embedder: Embedder) -> None:
        self._chunking = chunking
        self._embedder = embedder

    async def chunk(self, document_id: str, document: ParsedDocument) -> Sequence[Chunk]:
        """Chunks of neighbouring sentences on one subject."""
        layout = Layout(document, self._embedder.tokenizer)
        units = await to_thread(layout.units, self._chunking.max_tokens)
        cuts = await self._cuts(layout, units)
        return await to_thread(self._cut, ChunkMaker(document_id, layout), units, cuts)

    async def _cuts(self, layout: Layout, units: Sequence[Unit]) -> set[int]:
        """The indexes of the units before which the meaning changes."""
        if len(units) < 3:  # noqa: PLR2004 # two distances are the least that a percentile can tell apart
            return set()
        vectors = await self._embedder.embed(self._groups(layout.document.text, units), "document")
        distances = 1 - np.einsum("ij,ij->i", vectors[:-1], vectors[1:])
        return _breaks(distances, self._chunking.breakpoint_percentile)

    def _groups(self, text: str, units: Sequence[Unit]) -> list[str]:
        buffer = self._chunking.buffer_size
        last = len(units) - 1
        return [text[units[max(i - buffer, 0)].start : units[min(i + buffer, last)].end] for i in range(len(units))]

    def _cut(self, maker: ChunkMaker, units: Sequence[Unit], cuts: set[int]) -> list[Chunk]:
        chunks: list[Chunk] = []
        begin, size = 0, 0
        for i, unit in enumerate(units):
            if i > begin and (i in cuts or unit.opens_part or size + unit.tokens > self._chunking.max_tokens):
                chunks.append(maker.make(units[begin].start, units[i - 1].end))
                begin, size = i, 0
            size += unit.tokens
        if units:
            chunks.append(maker.make(units[begin].start, units[-1].end))
        return chunks


def _breaks(distances: NDArray[np.float32], percentile: int) -> set[int]:
    threshold = np.percentile(distances, percentile)
    return {int(i) + 1 for i in np.flatnonzero(distances > threshold)}
