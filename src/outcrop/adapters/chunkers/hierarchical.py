"""Small children that are searched, inside large parents that are read."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Iterator, Sequence

from outcrop.adapters.chunkers.layout import Layout, Unit
from outcrop.adapters.chunkers.records import ChunkMaker
from outcrop.adapters.chunkers.sentences import SMALL, pack
from outcrop.core.chunks import Chunk
from outcrop.core.parsed import ParsedDocument
from outcrop.core.protocols import Embedder
from outcrop.core.records import Chunking


class HierarchicalChunker:
    """Bedrock's HIERARCHICAL: parents and children end at sentences; neighbouring children of a parent overlap."""

    def __init__(self, chunking: Chunking, embedder: Embedder) -> None:
        self._parent = chunking.parent_max_tokens
        self._child = min(chunking.child_max_tokens, chunking.parent_max_tokens)
        self._overlap = min(chunking.overlap_tokens, self._child // 2)
        self._tokenizer = embedder.tokenizer

    async def chunk(self, document_id: str, document: ParsedDocument) -> Sequence[Chunk]:
        """Each parent, then its children."""
        return await to_thread(self._cut, document_id, document)

    def _cut(self, document_id: str, document: ParsedDocument) -> list[Chunk]:
        layout = Layout(document, self._tokenizer)
        maker = ChunkMaker(document_id, layout)
        chunks: list[Chunk] = []
        for group in pack(layout.units(self._child), self._parent, max(1, self._parent // SMALL)):
            parent = maker.make(group[0].start, group[-1].end, searchable=False)
            chunks.append(parent)
            chunks.extend(maker.make(start, end, parent_id=parent.id) for start, end in self._children(group))
        return chunks

    def _children(self, units: Sequence[Unit]) -> Iterator[tuple[int, int]]:
        """Spans of at most `_child` tokens; each begins up to `_overlap` tokens before the end of the last."""
        begin = 0
        while begin < len(units):
            end, size = begin, 0
            while end < len(units) and (end == begin or size + units[end].tokens <= self._child):
                size += units[end].tokens
                end += 1
            yield units[begin].start, units[end - 1].end
            begin = self._next(units, begin, end)

    def _next(self, units: Sequence[Unit], begin: int, end: int) -> int:
        if end >= len(units):
            return end
        shared = 0
        # The overlap must leave room for the unit after it, else the next child would add nothing.
        room = min(self._overlap, self._child - units[end].tokens)
        while end - 1 > begin and shared + units[end - 1].tokens <= room:
            end -= 1
            shared += units[end].tokens
        return end
