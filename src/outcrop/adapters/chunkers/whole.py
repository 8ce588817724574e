"""No chunking: a document is one chunk."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Sequence

from outcrop.adapters.chunkers.layout import Layout
from outcrop.adapters.chunkers.records import ChunkMaker
from outcrop.core.chunks import Chunk
from outcrop.core.parsed import ParsedDocument
from outcrop.core.protocols import Embedder
from outcrop.core.records import Chunking


class WholeChunker:
    """Bedrock's NONE; a text longer than the model reads in one piece is embedded as the mean of its windows."""

    def __init__(self, chunking: Chunking, embedder: Embedder) -> None:
        del chunking  # there is nothing to set
        self._tokenizer = embedder.tokenizer

    async def chunk(self, document_id: str, document: ParsedDocument) -> Sequence[Chunk]:
        """The one chunk, or none where the document is blank."""
        return await to_thread(self._cut, document_id, document)

    def _cut(self, document_id: str, document: ParsedDocument) -> list[Chunk]:
        text = document.text
        start = len(text) - len(text.lstrip())
        maker = ChunkMaker(document_id, Layout(document, self._tokenizer))
        return [maker.make(start, len(text.rstrip()))] if start < len(text) else []
