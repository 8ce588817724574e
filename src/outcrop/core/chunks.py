"""Chunks, the points that a vector store keeps of them, and the hits that a search gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from outcrop.core.boxes import Boxes
from outcrop.core.filters import Filter, Metadata

Vectors = NDArray[np.float32]
"""Embeddings as rows: shape (n, dimensions), float32, each of unit length."""

Vector = NDArray[np.float32]
"""One embedding: shape (dimensions,), float32, unit length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a chunk stands in its file: pages, or sheet and rows, first to last, counted from 1.

    `rows` has the position in the chunk's text and the number of every row that begins in it.
    """

    first_page: int | None = None
    last_page: int | None = None
    sheet: str | None = None
    first_row: int | None = None
    last_row: int | None = None
    rows: tuple[tuple[int, int], ...] = ()

    def row_at(self, position: int) -> int | None:
        """The number of the row that a position of the chunk's text is in."""
        above = [number for begins, number in self.rows if begins <= position]
        return above[-1] if above else self.first_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a document: `text` is exactly the document's characters [start, end).

    `context` is what a reader needs besides: the title and heading path ("Travel > Limits"), and for the later
    chunks of a table its header; it is embedded and given to models, never cited. A chunk with
    `searchable=False` is a parent: kept for reading, not for search.
    """

    id: str
    document_id: str
    ordinal: int
    text: str
    start: int
    end: int
    tokens: int
    context: str = ""
    parent_id: str | None = None
    searchable: bool = True
    place: Place = field(default_factory=Place)
    boxes: Boxes | None = None  # offsets count from the chunk's start

    def embedded_text(self) -> str:
        """What is embedded and indexed for keywords: the context, then the text."""
        return f"{self.context}\n{self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What a vector store keeps of a chunk: the chunk, its document's address and metadata, and its vector.

    `vector` is None for a parent chunk, which is never searched.
    """

    chunk: Chunk
    vector: Vector | None
    uri: str
    data_source_id: str
    metadata: Metadata = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """What filters see: the document's metadata and the reserved fields."""
        place = self.chunk.place
        return {
            **self.metadata,
            CHUNK_ID: self.chunk.id,
            DOCUMENT_ID: self.chunk.document_id,
            DATA_SOURCE_ID: self.data_source_id,
            SOURCE_URI: self.uri,
            **({PAGE: place.first_page} if place.first_page is not None else {}),
        }


# Bedrock's reserved metadata keys, which filters may use; document_id is ours.
CHUNK_ID = "x-amz-bedrock-kb-chunk-id"
DATA_SOURCE_ID = "x-amz-bedrock-kb-data-source-id"
SOURCE_URI = "x-amz-bedrock-kb-source-uri"
PAGE = "x-amz-bedrock-kb-document-page-number"
DOCUMENT_ID = "x-outcrop-document-id"

SearchMode = Literal["hybrid", "semantic", "keyword"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A table or index that someone else made, and which of its fields hold what; Bedrock's fieldMapping.

    `place` is the table or index; `key` the primary key, where there is one to name; `text` and `vector` of a chunk,
    `metadata` as JSON, and `custom_metadata` a further JSON field for what filters see.
    """

    place: str
    text: str
    metadata: str
    vector: str | None = None
    key: str | None = None
    custom_metadata: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSpec:
    """What an index is made for: its name, the length of its vectors, and what is adopted where nothing is made.

    A store that cannot adopt raises Unsupported. It remembers what an index adopted: other verbs only name the index.
    """

    name: str
    dimensions: int
    adopts: Adopted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search: `text` for keywords, `vector` for meaning, both for hybrid; at most `limit` hits (1 to 1000).

    `semantic_weight` (0 to 1) is the share of the cosine in the hybrid score; the keyword score has the
    rest. A store whose traits say `embeds` may be given `embed` in place of the vector: it computes the vector, which
    takes milliseconds, so that it is called in the thread that searches. Raises ValueError where the mode lacks its
    vector.
    """

    text: str = ""
    vector: Vector | None = None
    mode: SearchMode = "hybrid"
    limit: int = 10
    where: Filter | None = None
    semantic_weight: float = 0.5
    embed: Callable[[], Vector] | None = None

    def __post_init__(self) -> None:
        if self.mode != "keyword" and self.vector is None and self.embed is None:
            raise ValueError(f"A {self.mode} search needs a vector.")

    def embedded(self) -> Search:
        """The same with its vector."""
        return self if self.embed is None else replace(self, vector=self.embed(), embed=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A found chunk, with a `score` from 0 to 1, higher is better.

    What it means depends on the mode. semantic: the cosine similarity, negative ones as 0; keyword: s / (s + 10)
    of the BM25 score s; hybrid: the weighted sum of the cosine and the scaled keyword score (`core.ranking`).
    `similarity` (cosine) and `keyword_score` (BM25) are given where known; of a semantic search the cosine alone.
    """

    point: Point
    score: float
    similarity: float | None = None
    keyword_score: float | None = None

    @property
    def chunk(self) -> Chunk:
        """The chunk that was found."""
        return self.point.chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a vector store can do by itself; a caller asks here first, never by failing."""

    modes: frozenset[SearchMode]
    filters: bool = True
    transactional: bool = False  # an upsert with its sweep becomes visible at once or not at all
    embeds: bool = False  # takes a search without its vector, with what computes it
    shared: bool = False  # several machines may use it at once
    details: Mapping[str, str] = field(default_factory=dict)
