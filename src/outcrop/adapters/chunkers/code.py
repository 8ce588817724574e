"""Source code by its functions and classes, whole where they fit, else by their members and lines."""

from __future__ import annotations

from asyncio import to_thread
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from outcrop.adapters.chunkers.layout import Layout
from outcrop.adapters.chunkers.records import PATH_SEPARATOR, ChunkMaker
from outcrop.adapters.chunkers.sentences import SentenceChunker
from outcrop.core.chunks import Chunk
from outcrop.core.parsed import Definition, ParsedDocument
from outcrop.core.protocols import Embedder
from outcrop.core.records import Chunking

Span = tuple[int, int]


class CodeChunker:
    """One chunk a definition; what is no code is cut as by default."""

    def __init__(self, chunking: Chunking, embedder: Embedder) -> None:
        self._limit = chunking.max_tokens
        self._tokenizer = embedder.tokenizer
        self._prose = SentenceChunker(chunking, embedder)

    async def chunk(self, document_id: str, document: ParsedDocument) -> Sequence[Chunk]:
        """Chunks that end where a definition, or else a line, ends."""
        if not document.lined:
            return await self._prose.chunk(document_id, document)
        return await to_thread(self._cut, document_id, document)

    def _cut(self, document_id: str, document: ParsedDocument) -> list[Chunk]:
        layout = Layout(document, self._tokenizer)
        maker = CodeChunkMaker(document_id, layout)
        spans = self._pieces(layout, (0, len(document.text)), list(document.definitions))
        return [maker.make(*span) for span in spans]

    def _pieces(self, layout: Layout, whole: Span, inner: Sequence[Definition]) -> Iterator[Span]:
        """The definitions of a span, each whole or in pieces, and what is between them."""
        position, at = whole[0], 0
        while at < len(inner):
            one = inner[at]
            at += 1
            if one.start < position or one.end > whole[1]:
                continue
            members = []
            while at < len(inner) and inner[at].start < one.end:
                members.append(inner[at])
                at += 1
            yield from self._lines(layout, (position, one.start))
            yield from self._definition(layout, (one.start, one.end), members)
            position = one.end
        yield from self._lines(layout, (position, whole[1]))

    def _definition(self, layout: Layout, span: Span, members: Sequence[Definition]) -> Iterator[Span]:
        if layout.tokens(*span) <= self._limit or not members:
            yield from self._lines(layout, span)
        else:
            yield from self._pieces(layout, span, members)

    def _lines(self, layout: Layout, span: Span) -> Iterator[Span]:
        """Whole lines of a span, as many at a time as fit; blank ones at the ends left out."""
        text = layout.document.text
        start = end = -1
        for line in _lines_of(text, span):
            if not text[slice(*line)].strip():
                continue
            if start >= 0 and layout.tokens(start, line[1]) > self._limit:
                yield start, end
                start = -1
            if layout.tokens(*line) > self._limit:  # one line is too much
                yield from layout.pieces(*line, self._limit)
                continue
            start, end = (line[0] if start < 0 else start), line[1]
        if start >= 0:
            yield start, end


def _lines_of(text: str, span: Span) -> Iterator[Span]:
    """The lines of a span, without their ends."""
    start = span[0]
    while start < span[1]:
        end = text.find("\n", start, span[1])
        end = span[1] if end < 0 else end
        yield start, start + len(text[start:end].rstrip())
        start = end + 1


class CodeChunkMaker(ChunkMaker):
    """Makes chunks whose context is the path of definitions that they are in."""

    def context(self, start: int) -> str:
        """The names of the definitions that a position is in, outermost first."""
        around = self._document.definitions[: bisect_right(self._document.definitions, start, key=_start)]
        found = [one.name for one in around if one.end > start]
        return PATH_SEPARATOR.join(found[-1].split(".")) if found else ""


def _start(one: Definition) -> int:
    return one.start
