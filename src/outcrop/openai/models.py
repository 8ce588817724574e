"""`GET /v1/models`: every model of the gateway, and every knowledge base as `kb/<id>`."""

from __future__ import annotations

from typing import Any

from outcrop.core.cards import ModelCard
from outcrop.core.errors import NotFound
from outcrop.core.records import KnowledgeBase
from outcrop.openai.call import Call, Reply, json_reply
from outcrop.openai.errors import ApiError
from outcrop.services import Services

KNOWLEDGE = "kb/"  # what the id of a knowledge base begins with, where it is used as a model


async def list_models(call: Call) -> Reply:
    """Every model, then every knowledge base."""
    cards = [_card(card) for card in await call.services.models.cards()]
    bases = [_base(base) for base in await call.services.knowledge_bases.list()]
    return json_reply({"object": "list", "data": [*cards, *bases]})


async def get_model(call: Call) -> Reply:
    """One model, or one knowledge base by its id or name."""
    reference = call.path["model"]
    base = await knowledge_base(call.services, reference)
    return json_reply(_base(base) if base is not None else _card(await card(call.services, reference)))


async def knowledge_base(services: Services, model: str) -> KnowledgeBase | None:
    """The knowledge base that a model's name means; None where it means a model. Raises ApiError (404)."""
    if not model.startswith(KNOWLEDGE):
        return None
    try:
        return await services.knowledge_bases.get(model.removeprefix(KNOWLEDGE))
    except NotFound as error:
        raise _missing(error) from None


async def card(services: Services, model: str) -> ModelCard:
    """The model of this name. Raises ApiError (404)."""
    try:
        return await services.models.card(model)
    except NotFound as error:
        raise _missing(error) from None


def _missing(error: NotFound) -> ApiError:
    return ApiError(error.message, status=404, code="model_not_found", param="model")


def _card(found: ModelCard) -> dict[str, Any]:
    """A model as OpenAI shows it; what it can do is our extension."""
    abilities = {
        "kind": found.kind,
        "inputs": found.inputs,
        "tools": found.tools,
        "context_window": found.context_window,
        "max_output_tokens": found.max_output_tokens,
        "dimensions": found.dimensions,
    }
    return {"id": found.id, "object": "model", "created": 0, "owned_by": found.provider, "x_outcrop": abilities}


def _base(base: KnowledgeBase) -> dict[str, Any]:
    return {
        "id": f"{KNOWLEDGE}{base.id}",
        "object": "model",
        "created": int(base.created_at.timestamp()),
        "owned_by": "outcrop",
        "x_outcrop": {"kind": "knowledge_base", "name": base.name, "description": base.description},
    }
