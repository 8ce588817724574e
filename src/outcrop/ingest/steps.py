"""From an item of a source to chunks that are ready to be embedded: fetch, compare, read, cut."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from outcrop.core.chunks import Chunk
from outcrop.core.errors import OutcropError, Unreadable
from outcrop.core.filters import Metadata
from outcrop.core.ids import derived_id
from outcrop.core.parsed import Blob, ParsedDocument
from outcrop.core.protocols import Describing, Item, Source
from outcrop.core.records import DataSource, Document
from outcrop.ingest.changes import Fingerprints, Known, change_of
from outcrop.ingest.fingerprints import chunks_hash, content_hash, metadata_hash, settings_hash
from outcrop.ingest.quality import quality_of
from outcrop.ingest.retries import reached
from outcrop.ingest.reuse import carried, cut_before, kept, with_chunks
from outcrop.ingest.table_records import record_chunks
from outcrop.ingest.work import Outcome, Prepared, Work

LETHAL = (
    "The process that read it ended without a word, again and again. It is left alone until its content changes; "
    "take it out of the source, or tell us of it."
)
AT_ONCE = 1 << 16  # bytes that are hashed sooner than another thread is asked to
NAMED_PAGES = 10  # how many pages without text a reason names
_log = logging.getLogger(__name__)


async def prepare(item: Item, known: Known | None, work: Work) -> Prepared | None:
    """What has to be written of a document; None where that is nothing."""
    fault = item.fault
    if fault is None and not work.reader.supports(item.name):
        fault = Unreadable("unsupported", "Files of this kind are not read as documents.")
    if fault is not None:
        return await _without_text(item, known, work, fault)
    try:
        return await reached(lambda: _compared(item, known, work), work)
    except Unreadable as error:
        return await _without_text(item, known, work, error)
    except OSError as error:
        fault = Unreadable("unreachable", f"The file cannot be read: {error.strerror}.")
        return await _without_text(item, known, work, fault)


def _as_recorded(item: Item, stored: Document | None) -> Item:
    """The item with what was read of it before, where that is the same."""
    if stored is None:
        return item
    return replace(item, metadata=stored.metadata, embedded=stored.embedded, structure=stored.structure, described=True)


async def _compared(item: Item, known: Known | None, work: Work) -> Prepared | None:
    """What has to be written of a document that can be had. Raises Unreadable and OSError where it cannot.

    Where its source says that it is the version that was read before, it is not fetched.
    """
    same = known is not None and item.version is not None and item.version == known.source_version
    stored = await work.metadata.get(Document, known.id) if same and known is not None else None
    item = await described(_as_recorded(item, stored), work.place)
    content = stored.content_hash if stored is not None else ""
    blob: Blob | None = None
    try:
        if not content:
            blob, content = await _fetched(item, work)
        now = _prints(item, content, known.media_type if known is not None else "", work)
        change = change_of(known, now)
        if known is not None and change == "unchanged":
            return await _unchanged(item, known, work)
        if known is not None and change == "metadata":
            return await _with_metadata(item, known, work)
        if known is not None and cut_before(known, now, work):
            return await with_chunks(item, known, work, now)
        if blob is None:  # other settings, or another attempt
            blob, content = await _fetched(item, work)
        return await _with_text(item, known, work, blob, content)
    finally:
        if blob is not None:
            blob.release()


async def described(item: Item, place: Source) -> Item:
    """The item with its metadata. Raises Unreadable."""
    return await place.describe(item) if not item.described and isinstance(place, Describing) else item


async def _fetched(item: Item, work: Work) -> tuple[Blob, str]:
    """The content and its hash. Raises Unreadable and OSError."""
    blob = await work.place.fetch(item)
    try:
        if blob.data is not None and len(blob.data) <= AT_ONCE:
            return blob, content_hash(blob)
        return blob, await asyncio.to_thread(content_hash, blob)
    except BaseException:
        blob.release()
        raise


async def _unchanged(item: Item, known: Known, work: Work) -> Prepared | None:
    """Count a document that is as it was. One that failed and is as it was fails again, without being read."""
    outcome: Outcome = "failed" if known.status == "FAILED" else "unchanged"
    if known.replaced:
        stored = await work.metadata.get(Document, known.id)
        return await carried(replace(stored, source_version=item.version), outcome, known, work)
    if item.version != known.source_version:  # the same content under another version
        stored = await work.metadata.get(Document, known.id)
        await work.metadata.put(replace(stored, source_version=item.version))
    work.meter.add(outcome)
    return None


async def _with_text(item: Item, known: Known | None, work: Work, blob: Blob, content: str) -> Prepared | None:
    """The chunks of a document that is new or has changed, or the reason why there are none."""
    work.meter.begin(item.name)
    try:
        if item.uri in work.refused:
            raise Unreadable("lethal", LETHAL)  # noqa: TRY301 # as any other reason why there is no text
        parsed = await _parsed(blob, work)
        document = _record(item, known, work, content, parsed.media_type)
        chunks, own = await _cut(document.id, item, parsed, work)
    except Unreadable as error:
        return await _without_text(item, known, work, error, content)
    document = replace(
        document,
        title=parsed.title,
        warnings=parsed.warnings,
        coverage=parsed.coverage(),
        quality=quality_of(chunks, parsed.text),
        chunks=len(chunks),
        chunks_hash=chunks_hash(chunk.id for chunk in chunks),
        **_completeness(parsed),
    )
    outcome: Outcome = "modified" if known is not None and known.searchable else "indexed"
    return Prepared(document=document, outcome=outcome, known=known, chunks=chunks, metadata=own)


async def _cut(
    document_id: str, item: Item, parsed: ParsedDocument, work: Work
) -> tuple[Sequence[Chunk], Mapping[str, Metadata]]:
    """The chunks, and the metadata that some of them have for themselves. Raises Unreadable."""
    if item.structure is None:
        return _with_attributes(item, await _chunked(document_id, parsed, work)), {}
    chunks, own = await asyncio.to_thread(record_chunks, document_id, parsed, item.structure, work.embedder.tokenizer)
    if not chunks:
        raise Unreadable("no_text", "None of its rows has text.")
    named = _with_attributes(item, chunks)
    return named, {new.id: own[old.id] for old, new in zip(chunks, named, strict=True)}


async def _parsed(blob: Blob, work: Work) -> ParsedDocument:
    """The text of a file; whatever goes wrong is Unreadable, for it concerns this file alone."""
    work.meter.note("parsed")
    try:
        return await work.reader.read(blob)
    except Unreadable:
        raise
    except Exception as error:
        _log.exception("The reader failed on %s", blob.name)
        raise Unreadable("crashed", f"The parser failed: {type(error).__name__}: {error}") from error


async def _chunked(document_id: str, parsed: ParsedDocument, work: Work) -> Sequence[Chunk]:
    try:
        chunks = await work.chunker.chunk(document_id, parsed)
    except OutcropError:  # the embedding model, which semantic chunking asks, is not this document's fault
        raise
    except Exception as error:
        _log.exception("The chunker failed on the document %s", document_id)
        raise Unreadable("crashed", f"The chunker failed: {type(error).__name__}: {error}") from error
    if not any(chunk.searchable for chunk in chunks):
        raise Unreadable("no_text", "No text was found in it.")
    return chunks


def _completeness(parsed: ParsedDocument) -> dict[str, Any]:
    """The status, and where pages gave no text the sentence that names them.

    A page without text that the parser does not warn of is blank: nothing of it is missing.
    """
    empty = [str(page.number) for page in parsed.pages if page.method == "empty"]
    if not empty or not parsed.warnings:
        return {"status": "INDEXED"}
    named = ", ".join(empty[:NAMED_PAGES]) + (", ..." if len(empty) > NAMED_PAGES else "")
    reason = f"{len(empty)} of {len(parsed.pages)} pages gave no text: {named}."
    return {"status": "PARTIALLY_INDEXED", "reason": reason, "reason_code": "no_text"}


def _with_attributes(item: Item, chunks: Sequence[Chunk]) -> Sequence[Chunk]:
    """The chunks with the metadata that is to be embedded at the head of their context.

    Their ids follow, because an id stands for a vector too.
    """
    if not item.embedded:
        return chunks
    lines = _embedded(item)

    def named(id: str) -> str:
        return derived_id(id, lines)

    return [
        replace(
            chunk,
            id=named(chunk.id),
            parent_id=named(chunk.parent_id) if chunk.parent_id is not None else None,
            context=f"{lines}\n{chunk.context}" if chunk.context else lines,
        )
        for chunk in chunks
    ]


def _embedded(item: Item) -> str:
    """The metadata that is to be embedded, a line each."""
    values = ((key, item.metadata[key]) for key in item.embedded)
    return "\n".join(f"{key}: {', '.join(one) if isinstance(one, tuple) else one}" for key, one in values)


async def _with_metadata(item: Item, known: Known, work: Work) -> Prepared:
    """A document whose metadata alone changed."""
    stored = await work.metadata.get(Document, known.id)
    document = replace(
        stored,
        metadata=item.metadata,
        metadata_hash=metadata_hash(item.metadata),
        embedded=item.embedded,
        source_version=item.version,
        updated_at=work.clock(),
    )
    if known.replaced:
        return await carried(document, "metadata_modified", known, work)
    return Prepared(document=document, outcome="metadata_modified", known=known)


async def _without_text(
    item: Item, known: Known | None, work: Work, fault: Unreadable, content: str = ""
) -> Prepared | None:
    """What becomes of a document that cannot be had or read.

    One that cannot be reached now stays as it was indexed, since its content may be as it was. In every other case
    nothing of it stays searchable, because an old text would be taken for the present one.
    """
    ignored = content == "" and fault.reason == "unsupported"
    if ignored and known is not None and _ignored_before(item, known):
        if known.replaced:
            return await carried(await work.metadata.get(Document, known.id), "ignored", known, work)
        work.meter.add("ignored")
        return None
    if fault.reason == "unreachable" and known is not None and known.searchable and not known.in_doubt:
        work.meter.fail(item.name, f"{fault.message} It stays searchable as it was.")
        return await kept(known, work)
    document = replace(
        _record(item, known, work, content, ""),
        status="IGNORED" if ignored else "FAILED",
        reason=fault.message,
        reason_code=fault.reason,
    )
    return Prepared(document=document, outcome="ignored" if ignored else "failed", known=known)


def _ignored_before(item: Item, known: Known) -> bool:
    return known.status == "IGNORED" and not known.in_doubt and known.prints.metadata == metadata_hash(item.metadata)


def _record(item: Item, known: Known | None, work: Work, content: str, media_type: str) -> Document:
    """A document of which nothing but its address and fingerprints is known."""
    now, prints = work.clock(), _prints(item, content, media_type, work)
    return Document(
        id=document_id(work.source, item),
        created_at=(known.created_at if known is not None else None) or now,
        updated_at=now,
        knowledge_base_id=work.base.id,
        data_source_id=work.source.id,
        uri=item.uri,
        name=item.name,
        status="INDEXED",
        content_hash=prints.content,
        settings_hash=prints.settings,
        metadata_hash=prints.metadata,
        size=item.size,
        media_type=media_type,
        source_version=item.version,
        metadata=item.metadata,
        embedded=item.embedded,
        structure=item.structure,
    )


def _cutting(item: Item) -> str:
    """What a document's own metadata file says of how it is cut; rows carry its metadata beside their own."""
    said = _embedded(item) if item.embedded else ""
    return said if item.structure is None else f"{said}\n{item.structure}\n{metadata_hash(item.metadata)}"


def _prints(item: Item, content: str, media_type: str, work: Work) -> Fingerprints:
    version = work.reader.version(media_type)
    return Fingerprints(
        content=content,
        settings=settings_hash(version, work.source.chunking, _cutting(item), work.embedder.model, work.precision),
        metadata=metadata_hash(item.metadata),
    )


def document_id(source: DataSource, item: Item) -> str:
    """The id of a document: the same at every sync."""
    return id_at(source.id, item.uri)


def id_at(source_id: str, uri: str) -> str:
    """The id of the document with this address."""
    return derived_id(source_id, uri)
