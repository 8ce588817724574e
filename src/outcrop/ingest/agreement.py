"""What the index holds of each document, and whether that is what the document's record says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from outcrop.core.chunks import DATA_SOURCE_ID, DOCUMENT_ID, Point
from outcrop.core.errors import IndexMissing, NotFound
from outcrop.core.filters import Filter, Metadata, equals
from outcrop.core.protocols import MetadataStore, VectorStore, every
from outcrop.core.records import DataSource, Document, KnowledgeBase
from outcrop.ingest.changes import SEARCHABLE, Known
from outcrop.ingest.fingerprints import chunks_hash, metadata_hash


@runtime_checkable
class SelfChecking(Protocol):
    """A vector store that can check an index of its own and make anew what it derives from the points."""

    async def check(self, index: str) -> Sequence[str]:
        """What is wrong, in sentences."""
        ...

    async def rebuild(self, index: str) -> None:
        """Make everything that is derived anew."""
        ...


@dataclass(slots=True)
class Held:
    """The points of one document in the index."""

    uri: str
    data_source_id: str
    ids: list[str] = field(default_factory=list)
    metadata_hashes: set[str] = field(default_factory=set)
    without_vector: int = 0

    def add(self, point: Point, hashes: dict[int, tuple[Metadata, str]]) -> None:
        """Take a point; `hashes` remembers those of metadata that many points share."""
        kept = hashes.get(id(point.metadata))
        if kept is None:
            kept = hashes[id(point.metadata)] = (point.metadata, metadata_hash(point.metadata))
        self.ids.append(point.chunk.id)
        self.metadata_hashes.add(kept[1])
        self.without_vector += point.chunk.searchable and point.vector is None


async def held_points(store: VectorStore, index: str, source: DataSource | None = None) -> dict[str, Held]:
    """What an index holds, by document; of one data source, or of all. Nothing where there is no index."""
    return await _held(store, index, equals(DATA_SOURCE_ID, source.id) if source is not None else None)


async def _held(store: VectorStore, index: str, where: Filter | None) -> dict[str, Held]:
    held: dict[str, Held] = {}
    try:
        async for points in store.scan(index, where):
            hashes: dict[int, tuple[Metadata, str]] = {}
            for point in points:
                name = point.chunk.document_id
                held.setdefault(name, Held(point.uri, point.data_source_id)).add(point, hashes)
    except IndexMissing:
        return {}
    return held


def disagreement(document: Document, held: Held | None) -> str | None:  # noqa: PLR0911 # one line a kind
    """A sentence on how the index differs from a record; None where they agree."""
    found = len(held.ids) if held is not None else 0
    if document.status not in SEARCHABLE:
        return f"It is {document.status}, but the index holds {found} chunks of it." if found else None
    if held is None or found != document.chunks:
        return f"The index holds {found} of its {document.chunks} chunks."
    if len(set(held.ids)) != found:
        return "The index holds a chunk of it twice."
    if chunks_hash(held.ids) != document.chunks_hash:
        return "The index holds other chunks than were made of it."
    if held.without_vector:
        return f"{held.without_vector} of its chunks have no vector."
    if document.structure is None and held.metadata_hashes != {document.metadata_hash}:
        return "The index holds other metadata than the document has."
    return None


async def known_documents(
    metadata: MetadataStore, store: VectorStore, base: KnowledgeBase, source: DataSource, *, check: bool
) -> dict[str, Known]:
    """What is stored of the documents of a source, by id.

    The index is compared document by document where `check` says so, or where it has another number of chunks than
    the records: then what disagrees is in doubt, and points without a record are known as such.
    """
    if check and isinstance(store, SelfChecking) and await store.check(base.index):
        await store.rebuild(base.index)
    known: dict[str, Known] = {}
    expected = 0
    async for document in every(metadata, Document, equals("knowledge_base_id", base.id)):
        expected += document.chunks
        if document.data_source_id == source.id:
            known[document.id] = Known.of(document)
    if check or await _count(store, base.index) != expected:
        await _compare(known, metadata, source, await held_points(store, base.index, source))
    return known


async def known_document(id: str, metadata: MetadataStore, store: VectorStore, base: KnowledgeBase) -> Known | None:
    """What is stored of one document, compared with the index; None where there is nothing of it."""
    held = (await _held(store, base.index, equals(DOCUMENT_ID, id))).get(id)
    try:
        document = await metadata.get(Document, id)
    except NotFound:
        return Known(id=id, uri=held.uri, in_doubt=True, recorded=False) if held is not None else None
    return Known.of(document, in_doubt=disagreement(document, held) is not None)


async def _compare(
    known: dict[str, Known], metadata: MetadataStore, source: DataSource, held: Mapping[str, Held]
) -> None:
    """Mark in `known` what disagrees with the index, and add what only the index has."""
    async for document in every(metadata, Document, equals("data_source_id", source.id)):
        if disagreement(document, held.get(document.id)) is not None:
            known[document.id] = Known.of(document, in_doubt=True)
    for name, points in held.items():
        if name not in known:
            known[name] = Known(id=name, uri=points.uri, in_doubt=True, recorded=False)


async def _count(store: VectorStore, index: str) -> int:
    try:
        return await store.count(index)
    except IndexMissing:
        return -1
