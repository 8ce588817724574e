"""ListFoundationModels and GetFoundationModel."""

from __future__ import annotations

from typing import Any

from outcrop.bedrock.model_ids import card_of
from outcrop.bedrock.model_views import details, listed
from outcrop.bedrock.table import Call, op
from outcrop.core.cards import ModelCard

BEDROCK = "bedrock"


@op(BEDROCK, "ListFoundationModels")
async def list_foundation_models(
    call: Call,
    *,
    byProvider: str | None = None,
    byCustomizationType: str | None = None,
    byOutputModality: str | None = None,
    byInferenceType: str | None = None,
) -> dict[str, Any]:
    """Every model of the server, or those that filters let through; none can be customised or provisioned."""

    def wanted(card: ModelCard) -> bool:
        return (
            (byProvider is None or byProvider.lower() == card.provider.lower())
            and (byOutputModality is None or byOutputModality in card.outputs)
            and byCustomizationType is None
            and byInferenceType in (None, "ON_DEMAND")
        )

    cards = [card for card in await call.services.models.cards() if listed(card)]
    return {"modelSummaries": [details(card) for card in cards if wanted(card)]}


@op(BEDROCK, "GetFoundationModel")
async def get_foundation_model(call: Call, *, modelIdentifier: str) -> dict[str, Any]:
    """One model."""
    return {"modelDetails": details(await card_of(call, modelIdentifier))}
