"""`/v1/vector_stores`: knowledge bases, as OpenAI's clients know them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outcrop.core.records import KnowledgeBase, StoreLabel
from outcrop.ingest.attachments import Attached
from outcrop.openai.call import Call, Reply, json_reply
from outcrop.openai.listing import Window, list_object, page, query
from outcrop.openai.parse import json_object, parsed
from outcrop.openai.store_shapes import EXPIRY, AttachIn, StoreChange, StoreIn
from outcrop.openai.vector_store_files import attach_all, counted

SETTLED_WITHIN = 20.0  # seconds that a deletion waits for files that are being ingested


async def create_store(call: Call) -> Reply:
    """Make a knowledge base, and put files into it."""
    asked = parsed(StoreIn, json_object(call.body), EXPIRY)
    files = [AttachIn(file_id=one, chunking_strategy=asked.chunking_strategy) for one in asked.file_ids]
    uploads = [await call.services.uploads.get(one.file_id) for one in files]  # all are there, or nothing is made
    base = await call.services.store_labels.create(asked.name, asked.description, asked.metadata or {})
    await attach_all(call, base, files, uploads)
    return json_reply(await _shown(call, base))


async def list_stores(call: Call) -> Reply:
    """The knowledge bases, newest first."""
    window = query(Window, call.query)
    bases = await call.services.knowledge_bases.list()
    found, more = page(bases, window, lambda one: one.id)
    return json_reply(list_object([await _shown(call, base) for base in found], more=more))


async def get_store(call: Call) -> Reply:
    """One knowledge base."""
    return json_reply(await _shown(call, await store_of(call)))


async def change_store(call: Call) -> Reply:
    """Name or label a vector store anew."""
    asked = parsed(StoreChange, json_object(call.body), EXPIRY)
    base = await store_of(call)
    await call.services.store_labels.put(base, asked.name, asked.metadata)
    return json_reply(await _shown(call, base))


async def delete_store(call: Call) -> Reply:
    """Delete a knowledge base; the files that were uploaded stay."""
    base = await store_of(call)
    await call.services.attachments.settle(base, SETTLED_WITHIN)
    await call.services.knowledge_bases.delete(base.id)
    return json_reply({"id": base.id, "object": "vector_store.deleted", "deleted": True})


async def store_of(call: Call) -> KnowledgeBase:
    """The knowledge base that a path names, by id or name. Raises NotFound."""
    return await call.services.knowledge_bases.get(call.path["store"])


async def _shown(call: Call, base: KnowledgeBase) -> dict[str, Any]:
    label = await call.services.store_labels.get(base)
    return _store(base, label, await call.services.attachments.everything(base))


def _store(base: KnowledgeBase, label: StoreLabel, files: Sequence[Attached]) -> dict[str, Any]:
    counts = counted(files)
    busy = bool(counts["in_progress"]) or base.status in {"CREATING", "UPDATING"}
    return {
        "id": base.id,
        "object": "vector_store",
        "created_at": int(base.created_at.timestamp()),
        "last_active_at": int(base.updated_at.timestamp()),
        "name": label.name,
        "description": base.description,
        "metadata": label.labels,
        "status": "in_progress" if busy else "completed",
        "usage_bytes": sum(one.size for one in files),
        "file_counts": counts,
        "expires_after": None,
        "expires_at": None,
        "x_outcrop": {"knowledge_base": base.name, "model": f"kb/{base.id}", "embedding_model": base.embedding_model},
    }
