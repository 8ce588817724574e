"""Inference profiles: the system's are made of the models, those of one's own are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from outcrop.access.tags import check_tags
from outcrop.bedrock.arns import arn
from outcrop.bedrock.model_ids import APPLICATION, PROFILE, REGION, card_of, without_region
from outcrop.bedrock.model_views import application_profile, system_profile
from outcrop.bedrock.ops.model_tags import by_key
from outcrop.bedrock.paging import next_token, offset_of
from outcrop.bedrock.table import Call, op
from outcrop.core.clock import now
from outcrop.core.errors import Conflict, Invalid, NotFound
from outcrop.core.filters import equals
from outcrop.core.ids import derived_id, new_id
from outcrop.core.protocols import every
from outcrop.core.records import InferenceProfile, Tags

BEDROCK = "bedrock"
USUAL_PAGE = 100
ID_LENGTH = 12


@op(BEDROCK, "ListInferenceProfiles")
async def list_inference_profiles(
    call: Call, *, maxResults: int = USUAL_PAGE, nextToken: str | None = None, typeEquals: str | None = None
) -> dict[str, Any]:
    """The profiles of the system, then those of one's own in the order in which they were made."""
    profiles = []
    if typeEquals != "APPLICATION":
        profiles += [shown for card in await call.services.models.cards() if (shown := system_profile(card))]
    if typeEquals != "SYSTEM_DEFINED":
        profiles += [application_profile(one) async for one in every(call.services.metadata, InferenceProfile, None)]
    start = offset_of(nextToken, typeEquals)
    end = start + maxResults
    more = next_token(end, typeEquals) if end < len(profiles) else None
    return {"inferenceProfileSummaries": profiles[start:end], "nextToken": more}


@op(BEDROCK, "GetInferenceProfile")
async def get_inference_profile(call: Call, *, inferenceProfileIdentifier: str) -> dict[str, Any]:
    """One profile, of the system or of one's own."""
    if own := PROFILE.fullmatch(inferenceProfileIdentifier):
        return application_profile(await call.services.metadata.get(InferenceProfile, own["id"]))
    return await _system(call, inferenceProfileIdentifier)


@op(BEDROCK, "CreateInferenceProfile", accepts=("modelSource.copyFrom", "tags.**"))
async def create_inference_profile(
    call: Call,
    *,
    inferenceProfileName: str,
    modelSource: Mapping[str, Any],
    description: str | None = None,
    tags: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """A profile of one's own for a model, or for the model of another profile."""
    card, name = await card_of(call, modelSource["copyFrom"]), _id(call)
    check_tags(by_key(tags))
    same = await call.services.metadata.page(InferenceProfile, equals("name", inferenceProfileName), None, 1)
    if any(one.id != name for one in same.records):
        raise Conflict(f"There is an inference profile called {inferenceProfileName} already.")
    moment = now()
    record = InferenceProfile(
        id=name,
        created_at=moment,
        updated_at=moment,
        name=inferenceProfileName,
        model_id=card.id,
        description=description,
    )
    await call.services.metadata.put(record)  # a second attempt finds what the first one made
    if tags:
        await call.services.tags.add(f"{APPLICATION}/{record.id}", by_key(tags))
    return {"inferenceProfileArn": arn(APPLICATION, record.id), "status": "ACTIVE"}


@op(BEDROCK, "DeleteInferenceProfile")
async def delete_inference_profile(call: Call, *, inferenceProfileIdentifier: str) -> dict[str, Any]:
    """Remove a profile of one's own; the model stays."""
    own = PROFILE.fullmatch(inferenceProfileIdentifier)
    if own is None:
        await _system(call, inferenceProfileIdentifier)
        raise Invalid(f"{inferenceProfileIdentifier} is the system's: only profiles of one's own can be deleted.")
    record = await call.services.metadata.get(InferenceProfile, own["id"])
    await call.services.metadata.delete(Tags, f"{APPLICATION}/{record.id}")
    await call.services.metadata.delete(InferenceProfile, record.id)
    return {}


async def _system(call: Call, reference: str) -> dict[str, Any]:
    """A profile of the system, for any of the regions. Raises NotFound."""
    name = reference.rpartition("/")[2]
    region = REGION.match(name)
    profile = system_profile(await card_of(call, without_region(name)), region[0]) if region else None
    if profile is None:
        raise NotFound(f"There is no inference profile {reference}.")
    return profile


def _id(call: Call) -> str:
    """Twelve letters or digits; the same for a second attempt with the same client token."""
    return derived_id(call.resource_id or new_id())[:ID_LENGTH]
