"""CreateKnowledgeBase, GetKnowledgeBase, ListKnowledgeBases, UpdateKnowledgeBase, DeleteKnowledgeBase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from outcrop.access.tags import check_tags
from outcrop.bedrock import resources, storage
from outcrop.bedrock.table import Call, op
from outcrop.core.errors import Invalid, NotFound, Unsupported
from outcrop.core.records import KnowledgeBase

AGENT = "bedrock-agent"
DEFAULT_PAGE = 100
_VECTOR = "knowledgeBaseConfiguration.vectorKnowledgeBaseConfiguration."
_MODEL = f"{_VECTOR}embeddingModelConfiguration.bedrockEmbeddingModelConfiguration."
_FORM = (
    "knowledgeBaseConfiguration.type",
    f"{_VECTOR}embeddingModelArn",
    f"{_MODEL}dimensions",
    f"{_MODEL}embeddingDataType",
    "storageConfiguration.**",
)
_OWN = {"KnowledgeBaseStorageType": storage.OWN_TYPES}
_IGNORED = {"roleArn": "Outcrop reaches stores and sources with the server's own credentials; it is given back."}


@op(AGENT, "CreateKnowledgeBase", accepts=_FORM, ignores=_IGNORED, extends=_OWN)
async def create_knowledge_base(
    call: Call,
    *,
    name: str,
    roleArn: str,
    knowledgeBaseConfiguration: Mapping[str, Any],
    storageConfiguration: Mapping[str, Any] | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Make a knowledge base; it is ACTIVE when the reply comes."""
    model, dimensions = await _embedding(call, knowledgeBaseConfiguration)
    place = storage.place(storageConfiguration, call.services.settings)
    check_tags(tags or {})
    base = await call.services.knowledge_bases.create(
        name,
        description=description,
        embedding_model=model,
        dimensions=dimensions,
        vector_store=place.store,
        adopts=place.adopts,
        declared={"roleArn": roleArn, "knowledgeBaseConfiguration": knowledgeBaseConfiguration, **place.declared},
        base_id=call.resource_id,
    )
    if tags:
        await call.services.tags.add(f"{resources.KNOWLEDGE_BASE}/{base.id}", tags)
    return {"knowledgeBase": resources.knowledge_base(base)}


@op(AGENT, "GetKnowledgeBase", extends=_OWN)
async def get_knowledge_base(call: Call, *, knowledgeBaseId: str) -> dict[str, Any]:
    """One knowledge base."""
    return {"knowledgeBase": resources.knowledge_base(await call.services.metadata.get(KnowledgeBase, knowledgeBaseId))}


@op(AGENT, "ListKnowledgeBases")
async def list_knowledge_bases(
    call: Call, *, maxResults: int = DEFAULT_PAGE, nextToken: str | None = None
) -> dict[str, Any]:
    """The knowledge bases, oldest first."""
    page = await call.services.metadata.page(KnowledgeBase, None, nextToken, maxResults)
    return {
        "knowledgeBaseSummaries": [resources.knowledge_base_summary(base) for base in page.records],
        "nextToken": page.after,
    }


@op(AGENT, "UpdateKnowledgeBase", accepts=_FORM, ignores=_IGNORED, extends=_OWN)
async def update_knowledge_base(
    call: Call,
    *,
    knowledgeBaseId: str,
    name: str,
    roleArn: str,
    knowledgeBaseConfiguration: Mapping[str, Any],
    storageConfiguration: Mapping[str, Any] | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    """Another name, description or role; the configurations must be those that the knowledge base has."""
    base = await call.services.metadata.get(KnowledgeBase, knowledgeBaseId)
    model, dimensions = await _embedding(call, knowledgeBaseConfiguration)
    if model != base.embedding_model or dimensions not in (None, base.dimensions):
        raise Invalid("knowledgeBaseConfiguration cannot be changed; give the one that GetKnowledgeBase gives.")
    if storageConfiguration is not None:
        place = storage.place(storageConfiguration, call.services.settings)
        if (place.store, place.adopts) != (base.vector_store, base.adopts):
            raise Invalid("storageConfiguration cannot be changed; give the one that GetKnowledgeBase gives.")
    declared = {**base.declared, "roleArn": roleArn}
    unchanged = base.name if name == resources.name(base.name) else name
    changed = replace(base, name=unchanged, description=description, declared=declared)
    return {"knowledgeBase": resources.knowledge_base(await call.services.knowledge_bases.change(changed))}


@op(AGENT, "DeleteKnowledgeBase")
async def delete_knowledge_base(call: Call, *, knowledgeBaseId: str) -> dict[str, Any]:
    """Begin to delete a knowledge base with its data sources; it is DELETING until it is gone."""
    base = await call.services.metadata.get(KnowledgeBase, knowledgeBaseId)
    await call.services.jobs.delete(base)
    return {"knowledgeBaseId": base.id, "status": "DELETING"}


async def _embedding(call: Call, configuration: Mapping[str, Any]) -> tuple[str, int | None]:
    """The embedding model, and how long its vectors are to be."""
    kind, member = configuration["type"], "vectorKnowledgeBaseConfiguration"
    if kind != "VECTOR":
        raise Unsupported(f"knowledgeBaseConfiguration.type {kind} is not supported by Outcrop; it has: VECTOR.")
    if member not in configuration:
        raise Invalid(f"knowledgeBaseConfiguration.{member} is required for the type VECTOR.")
    vector = configuration[member]
    form = vector.get("embeddingModelConfiguration", {}).get("bedrockEmbeddingModelConfiguration", {})
    if form.get("embeddingDataType", "FLOAT32") != "FLOAT32":
        raise Unsupported(f"{_MODEL}embeddingDataType {form['embeddingDataType']} is not supported; it is FLOAT32.")
    return await _model(call, vector["embeddingModelArn"]), form.get("dimensions")


async def _model(call: Call, reference: str) -> str:
    """An embedding model as knowledge bases name it: by its id where that is a table's, else by what it stands for."""
    try:
        card = await call.services.models.card(reference)
    except NotFound as error:
        raise Invalid(error.message) from error
    if card.kind != "embedding":
        raise Invalid(f"{_VECTOR}embeddingModelArn must name an embedding model; {reference} is none.")
    return card.id if card.id in call.services.settings.models else card.target
