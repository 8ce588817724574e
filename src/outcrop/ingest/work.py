"""What a sync works with, and what it makes of a document."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from outcrop.core.archive import Archive
from outcrop.core.chunks import Chunk, Point
from outcrop.core.clock import Clock
from outcrop.core.filters import Metadata
from outcrop.core.protocols import Chunker, Embedder, MetadataStore, Reader, Source, VectorStore
from outcrop.core.records import DataSource, Document, KnowledgeBase
from outcrop.ingest.changes import Known
from outcrop.ingest.progress import Meter

Journal = Callable[[MetadataStore, Mapping[str, int]], Awaitable[None]]
Pause = Callable[[float], Awaitable[None]]
Outcome = Literal["indexed", "modified", "failed", "ignored", "metadata_modified", "unchanged", "kept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a sync works with.

    While an index is built that is to replace `replaces`, `base` names the new one.
    """

    base: KnowledgeBase
    source: DataSource
    metadata: MetadataStore
    place: Source
    reader: Reader
    chunker: Chunker
    embedder: Embedder
    store: VectorStore
    clock: Clock
    meter: Meter
    precision: str  # of the model: vectors of another one are never reused
    replaces: str | None = None
    archive: Archive | None = None
    job_id: str | None = None
    journal: Journal | None = None  # writes down how far a job is, in the transaction of what was done
    refused: frozenset[str] = frozenset()  # the addresses of documents that are not read: they ended the process
    pause: Pause = asyncio.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document as it will be recorded, and its chunks; without chunks, what the index holds of it goes.

    `points` are taken as they are from the index that is being replaced.
    """

    document: Document
    outcome: Outcome
    known: Known | None
    chunks: Sequence[Chunk] = ()
    points: Sequence[Point] = ()
    metadata: Mapping[str, Metadata] = field(default_factory=dict)  # of chunks that have some of their own, by id

    @property
    def weight(self) -> int:
        """How many points it will be."""
        return len(self.chunks) + len(self.points)

    @property
    def in_place(self) -> bool:
        """Whether the points that are there are to be written anew with the document's metadata."""
        return self.outcome == "metadata_modified" and not (self.known is not None and self.known.replaced)
