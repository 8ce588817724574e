"""From the index that is being replaced to the one that is being built: what need not be read or embedded again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from outcrop.core.chunks import DOCUMENT_ID, Point
from outcrop.core.filters import Metadata, equals
from outcrop.core.protocols import Item
from outcrop.core.records import Document
from outcrop.ingest.changes import Fingerprints, Known
from outcrop.ingest.fingerprints import same_chunks, same_vectors, settings_hash, with_attributes
from outcrop.ingest.work import Outcome, Prepared, Work


async def carried(document: Document, outcome: Outcome, known: Known, work: Work) -> Prepared:
    """A document for the new index as the one that is being replaced has it, embedded anew by another model."""
    points = await replaced_points(known.id, work) if known.searchable else []
    version = work.reader.version(document.media_type)
    wanted = settings_hash(version, work.source.chunking, "", work.embedder.model, work.precision)
    remade = replace(document, settings_hash=with_attributes(wanted, document.settings_hash))
    if same_vectors(document.settings_hash, wanted):
        if outcome == "metadata_modified":
            points = [replace(point, metadata=document.metadata) for point in points]
        return Prepared(document=remade, outcome=outcome, known=known, points=points)
    own = _own(points, document) if outcome != "metadata_modified" else {}
    chunks = [point.chunk for point in points]
    return Prepared(document=remade, outcome=outcome, known=known, chunks=chunks, metadata=own)


async def replaced_points(document_id: str, work: Work) -> list[Point]:
    """What the index that is being replaced holds of a document, in order."""
    if work.replaces is None:
        raise RuntimeError("No index is being replaced.")
    found = work.store.scan(work.replaces, equals(DOCUMENT_ID, document_id))
    return sorted([point async for points in found for point in points], key=lambda point: point.chunk.ordinal)


def cut_before(known: Known, now: Fingerprints, work: Work) -> bool:
    """Whether the index that is being replaced has the very chunks of a document, and lacks their vectors alone."""
    return (
        known.replaced
        and known.searchable
        and not known.in_doubt
        and known.prints.content == now.content
        and same_chunks(known.prints.settings, now.settings)
        and work.source.chunking.strategy != "semantic"  # which cuts where the vectors say
    )


async def with_chunks(item: Item, known: Known, work: Work, now: Fingerprints) -> Prepared:
    """A document to be embedded again, which need not be read for it."""
    stored = await work.metadata.get(Document, known.id)
    document = replace(
        stored,
        settings_hash=now.settings,
        metadata=item.metadata,
        metadata_hash=now.metadata,
        source_version=item.version,
        updated_at=work.clock(),
    )
    points = await replaced_points(known.id, work)
    chunks = [point.chunk for point in points]
    return Prepared(document=document, outcome="modified", known=known, chunks=chunks, metadata=_own(points, stored))


def _own(points: Sequence[Point], document: Document) -> dict[str, Metadata]:
    """The metadata of chunks that is not their document's."""
    return {point.chunk.id: point.metadata for point in points if point.metadata != document.metadata}


async def kept(known: Known, work: Work) -> Prepared | None:
    """A document that stays as it is indexed, whatever its source may have."""
    if not known.replaced:
        return None
    stored = await work.metadata.get(Document, known.id)
    # Without a hash of its content it is made again as soon as it can be reached, and not with the whole index.
    return await carried(replace(stored, content_hash="", source_version=None), "kept", known, work)
