"""TagResource, UntagResource and ListTagsForResource of the service bedrock: for inference profiles of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from outcrop.bedrock.arns import resource_of
from outcrop.bedrock.model_ids import APPLICATION
from outcrop.bedrock.table import Call, op
from outcrop.core.errors import Invalid, NotFound
from outcrop.core.records import InferenceProfile

BEDROCK = "bedrock"


@op(BEDROCK, "TagResource", accepts=("tags.**",))
async def tag_resource(call: Call, *, resourceARN: str, tags: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Give a resource more tags."""
    await call.services.tags.add(await _resource(call, resourceARN), by_key(tags))
    return {}


@op(BEDROCK, "UntagResource")
async def untag_resource(call: Call, *, resourceARN: str, tagKeys: Sequence[str]) -> dict[str, Any]:
    """Take tags off a resource."""
    await call.services.tags.remove(await _resource(call, resourceARN), tagKeys)
    return {}


@op(BEDROCK, "ListTagsForResource")
async def list_tags_for_resource(call: Call, *, resourceARN: str) -> dict[str, Any]:
    """The tags of a resource."""
    tags = await call.services.tags.of(await _resource(call, resourceARN))
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


def by_key(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """A list of tags by their keys. Raises Invalid where a key comes twice."""
    made = {tag["key"]: tag["value"] for tag in tags}
    if len(made) < len(tags):
        raise Invalid("tags has a key twice.")
    return made


async def _resource(call: Call, arn: str) -> str:
    """What an ARN names, which must be there. Raises NotFound."""
    resource = resource_of(arn)
    kind, _, named = resource.partition("/")
    if kind != APPLICATION:
        raise NotFound(f"There is no resource {arn} that can be tagged.")
    await call.services.metadata.get(InferenceProfile, named)
    return resource
