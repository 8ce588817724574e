"""Documents that come with a question: read, cut and searched in memory, and forgotten once it is answered."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from outcrop.core.chunks import Chunk, Point
from outcrop.core.clock import Clock
from outcrop.core.errors import Invalid, Unreadable
from outcrop.core.ids import derived_id
from outcrop.core.parsed import Blob
from outcrop.core.protocols import Adapters, Item
from outcrop.core.records import Chunking, DataSource, KnowledgeBase
from outcrop.core.settings import Settings

MAX_SOURCES = 5
MAX_CHUNKS = 2000  # of all sources together: what is embedded within the patience of a client
BASE_ID = "EXTERNAL00"  # sessions over documents of one's own belong to no knowledge base
_STORE = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSource:
    """A document that comes with a question, and the address by which it is cited.

    Without `blob` the address says where it lies: s3://BUCKET/KEY.
    """

    uri: str
    blob: Blob | None = None


@asynccontextmanager
async def knowledge_base_of(
    sources: Sequence[ExternalSource], adapters: Adapters, settings: Settings, clock: Clock
) -> AsyncIterator[KnowledgeBase]:
    """A knowledge base of these documents for as long as the context lasts.

    Raises:
        Invalid: There are none, or too many, or they are too long; one of them cannot be read.
    """
    if not 1 <= len(sources) <= MAX_SOURCES:
        raise Invalid(f"Between 1 and {MAX_SOURCES} documents can come with a question, not {len(sources)}.")
    embedder = adapters.embedder(settings.embedding_model)
    base = KnowledgeBase(
        id=BASE_ID,
        created_at=clock(),
        updated_at=clock(),
        name="external sources",
        embedding_model=settings.embedding_model,
        dimensions=embedder.dimensions,
        index=f"external-{secrets.token_hex(16)}",
        vector_store=_STORE,
    )
    cut = [(source, await _chunks(source, adapters, base)) for source in sources]
    _check_length(chunks for _, chunks in cut)
    store = adapters.vector_store(_STORE)
    await store.create(base.spec())
    try:
        for source, chunks in cut:
            await store.upsert(base.index, await _points(source, chunks, adapters, base))
        yield base
    finally:
        await store.drop(base.index)


async def _chunks(source: ExternalSource, adapters: Adapters, base: KnowledgeBase) -> Sequence[Chunk]:
    try:
        blob = source.blob or await _fetched(source.uri, adapters, base)
        document = await adapters.reader().read(blob)
    except Unreadable as error:
        raise Invalid(f"The document {source.uri[:200]} cannot be read: {error.message}") from error
    chunker = adapters.chunker(Chunking(), adapters.embedder(base.embedding_model))
    chunks = await chunker.chunk(derived_id(base.index, source.uri), document)
    if not any(chunk.searchable for chunk in chunks):
        raise Invalid(f"The document {source.uri[:200]} holds no text.")
    return chunks


async def _fetched(uri: str, adapters: Adapters, base: KnowledgeBase) -> Blob:
    """The object of an address in S3. Raises Unreadable, Unavailable."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    place = DataSource(
        id=BASE_ID,
        created_at=base.created_at,
        updated_at=base.updated_at,
        knowledge_base_id=base.id,
        name=uri,
        kind="s3",
        configuration={"bucket": bucket},
    )
    return await adapters.source(place).fetch(Item(uri=uri, name=key))


def _check_length(found: Iterable[Sequence[Chunk]]) -> None:
    total = sum(map(len, found))
    if total > MAX_CHUNKS:
        raise Invalid(
            f"The documents are too long to be read with each question: {total} chunks, {MAX_CHUNKS} are the most. "
            "Put them in a knowledge base."
        )


async def _points(
    source: ExternalSource, chunks: Sequence[Chunk], adapters: Adapters, base: KnowledgeBase
) -> list[Point]:
    embedder = adapters.embedder(base.embedding_model)
    vectors = await embedder.embed([chunk.embedded_text() for chunk in chunks], "document")
    return [
        Point(chunk=chunk, vector=vector, uri=source.uri, data_source_id=BASE_ID)
        for chunk, vector in zip(chunks, vectors, strict=True)
    ]
