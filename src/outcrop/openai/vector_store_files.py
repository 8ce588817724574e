"""`/v1/vector_stores/{id}/files` and `/file_batches`: uploaded files as documents of a knowledge base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from outcrop.core.ids import new_id
from outcrop.core.records import AttachmentBatch, Chunking, KnowledgeBase, Upload
from outcrop.ingest.attachments import Attached
from outcrop.openai.call import Call, Reply, json_reply
from outcrop.openai.errors import ApiError
from outcrop.openai.listing import Window, list_object, page, query
from outcrop.openai.parse import json_object, parsed
from outcrop.openai.store_shapes import AttachIn, AttachmentChange, BatchIn, chunking_of

FileStatus = Literal["in_progress", "completed", "cancelled", "failed"]
STATUSES: Mapping[str, FileStatus] = {
    "PENDING": "in_progress",
    "IN_PROGRESS": "in_progress",
    "DELETING": "in_progress",
    "DELETE_IN_PROGRESS": "in_progress",
    "INDEXED": "completed",
    "PARTIALLY_INDEXED": "completed",
    "METADATA_UPDATE_FAILED": "completed",
    "FAILED": "failed",
    "IGNORED": "failed",
    "CANCELLED": "cancelled",
}
UNSUPPORTED = frozenset({"unsupported", "missing_dependency"})
FOREIGN = frozenset({"crashed", "unreachable", "out_of_memory", "timeout"})


class FilesWindow(Window):
    """Which files are asked for."""

    filter: FileStatus | None = None


async def attach_file(call: Call) -> Reply:
    """Attach a file; it is ingested in the background."""
    asked = parsed(AttachIn, json_object(call.body))
    base = await _base(call)
    upload = await call.services.uploads.get(asked.file_id)
    attached = (await attach_all(call, base, [asked], [upload]))[0]
    return json_reply(_object(base, attached))


async def attach_all(
    call: Call,
    base: KnowledgeBase,
    files: Sequence[AttachIn],
    uploads: Sequence[Upload],
    batch: AttachmentBatch | None = None,
) -> list[Attached]:
    """Attach files in turn, each as it is asked for."""
    attach = call.services.attachments.attach
    return [
        await attach(base, upload, one.attributes or {}, chunking_of(one.chunking_strategy), batch)
        for one, upload in zip(files, uploads, strict=True)
    ]


async def list_attached(call: Call) -> Reply:
    """The files of a vector store, newest first."""
    base = await _base(call)
    return json_reply(_listed(call, base, await call.services.attachments.everything(base)))


async def get_attached(call: Call) -> Reply:
    """One file, by its own id or by its document's."""
    base = await _base(call)
    return json_reply(_object(base, await call.services.attachments.get(base, call.path["file"])))


async def change_attached(call: Call) -> Reply:
    """Give a file other attributes."""
    asked = parsed(AttachmentChange, json_object(call.body))
    base = await _base(call)
    attached = await call.services.attachments.get(base, call.path["file"])
    return json_reply(_object(base, await call.services.attachments.relabel(base, attached, asked.attributes or {})))


async def detach_file(call: Call) -> Reply:
    """Take a file out of a vector store."""
    base = await _base(call)
    attached = await call.services.attachments.get(base, call.path["file"])
    await call.services.attachments.detach(base, attached)
    return json_reply({"id": attached.id, "object": "vector_store.file.deleted", "deleted": True})


async def attached_content(call: Call) -> Reply:
    """The text that was read from a file, as the passages that it was cut into."""
    base = await _base(call)
    attached = await call.services.attachments.get(base, call.path["file"])
    if attached.document is None:
        raise ApiError(f"The file {attached.id} is {STATUSES[attached.status]}.", status=409, code="conflict")
    points = await call.services.knowledge_bases.chunks(base, attached.document)
    texts = [point.chunk.text for point in points if point.chunk.searchable]
    data = [{"type": "text", "text": text} for text in texts]
    return json_reply({"object": "vector_store.file_content.page", "data": data, "has_more": False, "next_page": None})


async def create_batch(call: Call) -> Reply:
    """Attach several files at once."""
    asked = parsed(BatchIn, json_object(call.body))
    base, files = await _base(call), asked.each()
    if len({one.file_id for one in files}) < len(files):
        raise ApiError("A file is named twice.", param="file_ids" if asked.file_ids else "files")
    uploads = [await call.services.uploads.get(one.file_id) for one in files]
    batch = await call.services.attachments.begin_batch(base, new_id)
    attached = await attach_all(call, base, files, uploads, batch)
    return json_reply(_batch(base, batch, attached))


async def get_batch(call: Call) -> Reply:
    """One batch."""
    base = await _base(call)
    batch = await call.services.attachments.batch(base, call.path["batch"])
    return json_reply(_batch(base, batch, await call.services.attachments.list(base, batch)))


async def cancel_batch(call: Call) -> Reply:
    """Give up the files of a batch that are not done."""
    base = await _base(call)
    batch = await call.services.attachments.batch(base, call.path["batch"])
    batch = await call.services.attachments.cancel(base, batch)
    return json_reply(_batch(base, batch, await call.services.attachments.list(base, batch)))


async def list_batch(call: Call) -> Reply:
    """The files of a batch, newest first."""
    base = await _base(call)
    batch = await call.services.attachments.batch(base, call.path["batch"])
    return json_reply(_listed(call, base, await call.services.attachments.list(base, batch)))


async def _base(call: Call) -> KnowledgeBase:
    return await call.services.knowledge_bases.get(call.path["store"])


def _listed(call: Call, base: KnowledgeBase, files: Sequence[Attached]) -> dict[str, Any]:
    window = query(FilesWindow, call.query)
    wanted = [one for one in files if window.filter in {None, STATUSES[one.status]}]
    found, more = page(wanted, window, lambda one: one.id)
    return list_object([_object(base, one) for one in found], more=more)


def counted(files: Sequence[Attached]) -> Mapping[str, int]:
    """How many files are in which status."""
    found = [STATUSES[one.status] for one in files]
    counts = {status: found.count(status) for status in ("in_progress", "completed", "failed", "cancelled")}
    return {**counts, "total": len(found)}


def _batch(base: KnowledgeBase, batch: AttachmentBatch, files: Sequence[Attached]) -> dict[str, Any]:
    counts = counted(files)
    status = "cancelled" if batch.cancelled else "in_progress" if counts["in_progress"] else "completed"
    return {
        "id": batch.id,
        "object": "vector_store.files_batch",
        "created_at": int(batch.created_at.timestamp()),
        "vector_store_id": base.id,
        "status": status,
        "file_counts": counts,
    }


def _object(base: KnowledgeBase, one: Attached) -> dict[str, Any]:
    """A file of a vector store, with the error that kept it from being read."""
    failed = STATUSES[one.status] == "failed"
    return {
        "id": one.id,
        "object": "vector_store.file",
        "created_at": int(one.created_at.timestamp()),
        "vector_store_id": base.id,
        "status": STATUSES[one.status],
        "last_error": {"code": _code(one), "message": one.reason or "It could not be read."} if failed else None,
        "usage_bytes": one.size,
        "attributes": one.metadata,
        "chunking_strategy": _chunking(one.chunking),
        "x_outcrop": {"document_id": one.document_id, "name": one.name, "status": one.status, "reason": one.reason},
    }


def _code(one: Attached) -> str:
    reason = one.document.reason_code if one.document is not None else None
    if one.status == "IGNORED" or reason in UNSUPPORTED:
        return "unsupported_file"
    return "server_error" if reason is None or reason in FOREIGN else "invalid_file"


def _chunking(chunking: Chunking) -> dict[str, Any]:
    if chunking.strategy != "fixed":
        return {"type": "other"}
    overlap = chunking.max_tokens * chunking.overlap_percentage // 100
    sizes = {"max_chunk_size_tokens": chunking.max_tokens, "chunk_overlap_tokens": overlap}
    return {"type": "static", "static": sizes}
