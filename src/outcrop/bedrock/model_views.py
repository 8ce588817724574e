"""Models and inference profiles as Bedrock shows them."""

from __future__ import annotations

import re
from typing import Any

from outcrop.bedrock.arns import arn, model_arn
from outcrop.bedrock.model_ids import APPLICATION, GLOBAL, REGION, SYSTEM, without_region
from outcrop.core.cards import ModelCard
from outcrop.core.records import InferenceProfile

MAX_NAME = 20  # characters of a model's or a provider's name
MAX_PROFILE_NAME = 64
MAX_PROFILE_ID = 64
# What Bedrock's service model allows as a foundation model's id.
MODEL_ID = re.compile(r"[a-z0-9-]{1,63}[.]([a-z0-9-]{1,63}[.]){0,2}[a-z0-9-]{1,63}([:][a-z0-9-]{1,63}){0,2}")


def listed(card: ModelCard) -> bool:
    """Whether Bedrock's lists can show a model; one with a longer id is asked for by it all the same."""
    return MODEL_ID.fullmatch(card.id) is not None


def details(card: ModelCard) -> dict[str, Any]:
    """A FoundationModelDetails, or a FoundationModelSummary: the two have the same members."""
    return {
        "modelArn": model_arn(card.id),
        "modelId": card.id,
        "modelName": card.name[:MAX_NAME] or None,
        "providerName": card.provider[:MAX_NAME] or None,
        "inputModalities": [one for one in card.inputs if one != "DOCUMENT"],  # Bedrock has no word for it
        "outputModalities": [one for one in card.outputs if one != "DOCUMENT"],
        "responseStreamingSupported": card.streaming,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND"],
        "modelLifecycle": {"status": "ACTIVE"},
    }


def system_profile(card: ModelCard, region: str = GLOBAL) -> dict[str, Any] | None:
    """The profile under which a region asks for a model that talks; None where it can have none."""
    name = f"{region}{card.id}"
    if card.kind != "chat" or not listed(card) or REGION.match(card.id) or len(name) > MAX_PROFILE_ID:
        return None
    return _profile(name, SYSTEM, f"{region.removesuffix('.').upper()} {card.name}", card.id)


def application_profile(record: InferenceProfile) -> dict[str, Any]:
    """A profile of one's own."""
    return {
        **_profile(record.id, APPLICATION, record.name, record.model_id),
        "description": record.description,
        "createdAt": record.created_at,
        "updatedAt": record.updated_at,
    }


def _profile(id: str, kind: str, name: str, model_id: str) -> dict[str, Any]:
    return {
        "inferenceProfileName": re.sub(r"[^0-9a-zA-Z]+", " ", name).strip()[:MAX_PROFILE_NAME].strip() or "unnamed",
        "inferenceProfileArn": arn(kind, id),
        "inferenceProfileId": id,
        "models": [{"modelArn": model_arn(without_region(model_id))}],
        "status": "ACTIVE",
        "type": "APPLICATION" if kind == APPLICATION else "SYSTEM_DEFINED",
    }
