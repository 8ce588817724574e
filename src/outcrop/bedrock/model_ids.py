"""Which model a `modelId` names: an id, an ARN, a system inference profile (`us.` before an id) or one of one's own."""

from __future__ import annotations

from outcrop.bedrock.table import Call
from outcrop.core.cards import ModelCard
from outcrop.core.errors import Unsupported
from outcrop.models.catalog import PROFILE, REGION

__all__ = ["APPLICATION", "GLOBAL", "PROFILE", "REGION", "SYSTEM", "card_of", "without_region"]

GLOBAL = "global."  # the region of the system profiles that are listed: a server is wherever it is asked
SYSTEM, APPLICATION = "inference-profile", "application-inference-profile"  # in ARNs


async def card_of(call: Call, reference: str) -> ModelCard:
    """The model that a reference names. Raises NotFound, or Unsupported for a prompt."""
    if ":prompt/" in reference:
        raise Unsupported("modelId must name a model: Outcrop does not keep prompts.")
    return await call.services.models.card(reference)


def without_region(name: str) -> str:
    """A model's id without the region that a system inference profile puts before it."""
    return REGION.sub("", name, count=1)
