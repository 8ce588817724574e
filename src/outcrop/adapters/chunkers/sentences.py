"""Whole sentences up to a number of tokens, under their headings: the default, and one chunk a section."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Iterator, Sequence

from outcrop.adapters.chunkers.layout import Layout, Unit
from outcrop.adapters.chunkers.records import ChunkMaker
from outcrop.core.chunks import Chunk
from outcrop.core.parsed import ParsedDocument
from outcrop.core.protocols import Embedder
from outcrop.core.records import Chunking

SMALL = 5  # a section of less than 1/SMALL of a chunk is joined with the one after it


class SentenceChunker:
    """`default` joins small sections with what follows; `section` ends a chunk at every heading."""

    def __init__(self, chunking: Chunking, embedder: Embedder) -> None:
        self._limit = chunking.max_tokens
        self._small = 1 if chunking.strategy == "section" else max(1, chunking.max_tokens // SMALL)
        self._tokenizer = embedder.tokenizer

    async def chunk(self, document_id: str, document: ParsedDocument) -> Sequence[Chunk]:
        """Chunks that end where a sentence, row or section ends."""
        return await to_thread(self._cut, document_id, document)

    def _cut(self, document_id: str, document: ParsedDocument) -> list[Chunk]:
        layout = Layout(document, self._tokenizer)
        maker = ChunkMaker(document_id, layout)
        groups = pack(layout.units(self._limit), self._limit, self._small)
        return [maker.make(group[0].start, group[-1].end) for group in groups]


def pack(units: Sequence[Unit], limit: int, small: int) -> Iterator[list[Unit]]:
    """Neighbouring units in groups of at most `limit` tokens.

    A slide or sheet ends a group; so does a heading where the group has `small` tokens or more.
    A group never ends with a heading that its text follows: the heading goes with its text.
    """
    group: list[Unit] = []
    size = 0
    for unit in units:
        if group and (size + unit.tokens > limit or unit.opens_part or (unit.opens_section and size >= small)):
            kept, group = (group, []) if unit.opens_part else _hold_back_headings(group, unit)
            if kept:
                yield kept
            size = sum(one.tokens for one in group)
            if size + unit.tokens > limit and group:
                yield group
                group, size = [], 0
        group.append(unit)
        size += unit.tokens
    if group:
        yield group


def _hold_back_headings(group: list[Unit], unit: Unit) -> tuple[list[Unit], list[Unit]]:
    """The group without the headings at its end, and those headings, unless the next unit is a heading too."""
    cut = len(group)
    while cut and group[cut - 1].opens_section and not unit.opens_section:
        cut -= 1
    return group[:cut], group[cut:]
