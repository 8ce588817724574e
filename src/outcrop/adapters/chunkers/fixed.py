"""Windows of exactly so many tokens, each overlapping the one before."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Iterator, Sequence

from outcrop.adapters.chunkers.layout import Layout
from outcrop.adapters.chunkers.records import ChunkMaker
from outcrop.core.chunks import Chunk
from outcrop.core.parsed import ParsedDocument
from outcrop.core.protocols import Embedder
from outcrop.core.records import Chunking


class FixedChunker:
    """Bedrock's FIXED_SIZE: `max_tokens` tokens a chunk, `overlap_percentage` of them shared with the next."""

    def __init__(self, chunking: Chunking, embedder: Embedder) -> None:
        self._size = chunking.max_tokens
        self._step = max(1, self._size - self._size * chunking.overlap_percentage // 100)
        self._tokenizer = embedder.tokenizer

    async def chunk(self, document_id: str, document: ParsedDocument) -> Sequence[Chunk]:
        """Chunks cut between tokens, wherever a sentence ends."""
        return await to_thread(self._cut, document_id, document)

    def _cut(self, document_id: str, document: ParsedDocument) -> list[Chunk]:
        layout = Layout(document, self._tokenizer)
        maker = ChunkMaker(document_id, layout)
        return [maker.make(start, end) for start, end in self._windows(layout)]

    def _windows(self, layout: Layout) -> Iterator[tuple[int, int]]:
        """Each window reaches up to the token after it, so that characters that are no token are kept too."""
        text, starts = layout.document.text, layout.starts
        for first in range(0, len(starts), self._step):
            last = first + self._size
            begin = int(starts[first]) if first else len(text) - len(text.lstrip())
            end = int(starts[last]) if last < len(starts) else len(text)
            yield begin, begin + len(text[begin:end].rstrip())
            if last >= len(starts):
                return
