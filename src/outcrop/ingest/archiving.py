"""What goes into the archive of embeddings, and what is taken out of it and put into it as files."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from outcrop.core.archive import Archive, Entry
from outcrop.core.chunks import Chunk, Vector
from outcrop.core.clock import Clock
from outcrop.core.errors import IndexMissing, Invalid
from outcrop.core.filters import Filter
from outcrop.core.protocols import Adapters, VectorStore
from outcrop.core.records import KnowledgeBase
from outcrop.ingest.work import Work

OFF = "No archive is set. Name a folder or s3://bucket/prefix in the setting archive (OUTCROP_ARCHIVE)."
AT_ONCE = 1000  # entries
MAX_LINE = 1 << 20  # bytes of one vector in a file of lines
MAX_DIMENSIONS = 16384


async def note_embedded(chunks: Sequence[Chunk], vectors: Sequence[Vector], work: Work) -> None:
    """Archive what was embedded just now."""
    if work.archive is None:
        return
    at, model = work.clock(), work.base.embedding_model
    entries = [
        Entry(
            event="embedded",
            knowledge_base_id=work.base.id,
            chunk_id=chunk.id,
            document_id=chunk.document_id,
            model=model,
            dimensions=vector.size,
            at=at,
            vector=vector,
        )
        for chunk, vector in zip(chunks, vectors, strict=True)
    ]
    await work.archive.append(entries)


def deleted(base: KnowledgeBase, documents: Mapping[str, str], at: datetime) -> list[Entry]:
    """The marks of chunks that were deleted, given as chunk id to document id."""
    return [
        Entry(
            event="deleted",
            knowledge_base_id=base.id,
            chunk_id=chunk_id,
            document_id=document_id,
            model=base.embedding_model,
            dimensions=base.dimensions,
            at=at,
        )
        for chunk_id, document_id in documents.items()
    ]


async def searched_chunks(store: VectorStore, index: str, where: Filter | None) -> dict[str, str]:
    """The chunks with a vector that an index holds: chunk id to document id."""
    found: dict[str, str] = {}
    try:
        async for points in store.scan(index, where):
            found.update({point.chunk.id: point.chunk.document_id for point in points if point.chunk.searchable})
    except IndexMissing:
        return {}
    return found


class Archiving:
    """Takes the archive of a knowledge base out, and puts vectors into it."""

    def __init__(self, adapters: Adapters, clock: Clock) -> None:
        self._adapters = adapters
        self._clock = clock

    async def living(self, base: KnowledgeBase) -> AsyncIterator[Entry]:
        """The last vector of every chunk that was not deleted, in the order of the archive. Raises Unsupported."""
        archive = self._archive()
        await archive.flush()
        last: dict[str, tuple[datetime, str]] = {}
        async for entries in archive.read(base.id):
            for entry in entries:
                if entry.chunk_id not in last or entry.at >= last[entry.chunk_id][0]:
                    last[entry.chunk_id] = (entry.at, entry.event)
        async for entries in archive.read(base.id):
            for entry in entries:
                if entry.vector is not None and last.get(entry.chunk_id) == (entry.at, entry.event):
                    del last[entry.chunk_id]
                    yield entry

    async def export(self, base: KnowledgeBase, path: Path) -> int:
        """Write the living vectors as lines of JSON, compressed; how many."""
        count = 0
        with gzip.open(path, "wt", encoding="utf-8") as file:
            async for entry in self.living(base):
                await asyncio.to_thread(file.write, _line(entry))
                count += 1
        return count

    async def load(self, base: KnowledgeBase, path: Path, model: str | None = None) -> int:
        """Put the vectors of a gzip file into the archive, one JSON list a line; how many.

        Raises:
            Invalid: The file is not such a file; the message names the line.
        """
        archive, at, count = self._archive(), self._clock(), 0
        some: list[Entry] = []
        for number, vector in _vectors(path):
            some.append(
                Entry(
                    event="imported",
                    knowledge_base_id=base.id,
                    chunk_id=f"{path.name}:{number}",
                    document_id=path.name,
                    model=model or base.embedding_model,
                    dimensions=vector.size,
                    at=at,
                    vector=vector,
                )
            )
            if len(some) == AT_ONCE:
                await archive.append(some)
                count, some = count + len(some), []
        await archive.append(some)
        await archive.flush()
        return count + len(some)

    def _archive(self) -> Archive:
        archive = self._adapters.archive()
        if archive is None:
            raise Invalid(OFF)
        return archive


def _line(entry: Entry) -> str:
    vector = entry.vector.tolist() if entry.vector is not None else None
    return (
        json.dumps(
            {
                "chunkId": entry.chunk_id,
                "documentId": entry.document_id,
                "model": entry.model,
                "dimensions": entry.dimensions,
                "at": entry.at.isoformat(),
                "vector": vector,
            }
        )
        + "\n"
    )


def _vectors(path: Path) -> Iterator[tuple[int, Vector]]:
    """The vectors of a gzip file, and the numbers of their lines. Raises Invalid."""
    dimensions = 0
    try:
        with gzip.open(path, "rb") as file:
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                if not line.strip():
                    continue
                vector = _vector(line, f"{path.name}, line {number}")
                if dimensions not in (0, vector.size):
                    raise Invalid(f"{path.name}, line {number}: {vector.size} numbers, where others have {dimensions}.")
                dimensions = vector.size
                yield number, vector
    except (OSError, EOFError) as error:
        raise Invalid(f"{path} is no gzip file of vectors: {error}") from error


def _vector(line: bytes, place: str) -> Vector:
    """The vector of a line. Raises Invalid."""
    if len(line) > MAX_LINE:
        raise Invalid(f"{place}: the line is longer than {MAX_LINE >> 20} MiB.")
    try:
        given = json.loads(line)
        vector = np.asarray(given, dtype=np.float32)
    except (ValueError, TypeError, RecursionError) as error:
        raise Invalid(f"{place}: not a JSON list of numbers.") from error
    if not isinstance(given, list) or vector.ndim != 1 or not 1 <= vector.size <= MAX_DIMENSIONS:
        raise Invalid(f"{place}: not a JSON list of 1 to {MAX_DIMENSIONS} numbers.")
    if not np.isfinite(vector).all():
        raise Invalid(f"{place}: a number is not finite.")
    return vector
