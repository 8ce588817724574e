"""IngestKnowledgeBaseDocuments, and Get, List and Delete of single documents; GetDocumentContent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from outcrop.bedrock.content import BYTES, CONTENT, JSON, RUNTIME
from outcrop.bedrock.direct import details, document_of, uri_of
from outcrop.bedrock.ops.data_sources import found
from outcrop.bedrock.ops.knowledge_bases import AGENT, DEFAULT_PAGE
from outcrop.bedrock.table import Call, op

_ACCEPTED = (
    "documents.content.**",
    "documents.metadata.type",
    "documents.metadata.inlineAttributes.**",
    "documents.metadata.s3Location.**",
)


@op(AGENT, "IngestKnowledgeBaseDocuments", accepts=_ACCEPTED)
async def ingest_knowledge_base_documents(
    call: Call, *, knowledgeBaseId: str, dataSourceId: str, documents: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Take documents in; they are ingested in the background."""
    base, source = await found(call, knowledgeBaseId, dataSourceId)
    given = [document_of(source, one, f"documents[{place}]") for place, one in enumerate(documents)]
    taken = await call.services.direct.submit(base, source, given)
    states = await call.services.direct.states(source, [deposit.uri for deposit in taken])
    return {"documentDetails": details(source, states, "STARTING")}


@op(AGENT, "GetKnowledgeBaseDocuments", accepts=("documentIdentifiers.**",))
async def get_knowledge_base_documents(
    call: Call, *, knowledgeBaseId: str, dataSourceId: str, documentIdentifiers: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What became of documents."""
    _, source = await found(call, knowledgeBaseId, dataSourceId)
    states = await call.services.direct.states(source, _uris(source, documentIdentifiers))
    return {"documentDetails": details(source, states)}


@op(AGENT, "ListKnowledgeBaseDocuments")
async def list_knowledge_base_documents(
    call: Call, *, knowledgeBaseId: str, dataSourceId: str, maxResults: int = DEFAULT_PAGE, nextToken: str | None = None
) -> dict[str, Any]:
    """The documents of a data source, those that were handed over by themselves first."""
    _, source = await found(call, knowledgeBaseId, dataSourceId)
    states, after = await call.services.direct.page(source, nextToken, maxResults)
    return {"documentDetails": details(source, states), "nextToken": after}


@op(AGENT, "DeleteKnowledgeBaseDocuments", accepts=("documentIdentifiers.**",))
async def delete_knowledge_base_documents(
    call: Call, *, knowledgeBaseId: str, dataSourceId: str, documentIdentifiers: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Begin to delete documents."""
    base, source = await found(call, knowledgeBaseId, dataSourceId)
    states = await call.services.direct.delete(base, source, _uris(source, documentIdentifiers))
    return {"documentDetails": details(source, states)}


@op(RUNTIME, "GetDocumentContent")
async def get_document_content(
    call: Call, *, knowledgeBaseId: str, dataSourceId: str, documentId: str, outputFormat: str = "RAW"
) -> dict[str, Any]:
    """An address under which a document, or the text that is read of it, can be fetched for five minutes."""
    _, source = await found(call, knowledgeBaseId.rpartition("/")[2], dataSourceId)
    blob = await call.services.direct.content(source, documentId)
    size = await asyncio.to_thread(blob.size)
    blob.release()
    token = call.services.links.token(source.id, documentId, outputFormat)
    raw = outputFormat == "RAW"
    return {
        "presignedUrl": f"{call.address}{CONTENT}{token}",
        "mimeType": (blob.media_type or BYTES) if raw else JSON,
        "documentContentLength": size if raw else None,
    }


def _uris(source: Any, identifiers: Sequence[Mapping[str, Any]]) -> list[str]:
    return [uri_of(source, one, f"documentIdentifiers[{place}]") for place, one in enumerate(identifiers)]
