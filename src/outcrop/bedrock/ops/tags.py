"""TagResource, UntagResource, ListTagsForResource. Two services share their paths; requests come here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from outcrop.bedrock.arns import resource_of
from outcrop.bedrock.ops.knowledge_bases import AGENT
from outcrop.bedrock.resources import KNOWLEDGE_BASE
from outcrop.bedrock.table import Call, op
from outcrop.core.errors import NotFound
from outcrop.core.records import KnowledgeBase


@op(AGENT, "TagResource", accepts=("tags",))
async def tag_resource(call: Call, *, resourceArn: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Give a resource more tags."""
    await call.services.tags.add(await _resource(call, resourceArn), tags)
    return {}


@op(AGENT, "UntagResource")
async def untag_resource(call: Call, *, resourceArn: str, tagKeys: Sequence[str]) -> dict[str, Any]:
    """Take tags off a resource."""
    await call.services.tags.remove(await _resource(call, resourceArn), tagKeys)
    return {}


@op(AGENT, "ListTagsForResource")
async def list_tags_for_resource(call: Call, *, resourceArn: str) -> dict[str, Any]:
    """The tags of a resource."""
    return {"tags": dict(await call.services.tags.of(await _resource(call, resourceArn)))}


async def _resource(call: Call, arn: str) -> str:
    """What an ARN names, which must be there. Raises NotFound."""
    resource = resource_of(arn)
    kind, _, named = resource.partition("/")
    if kind != KNOWLEDGE_BASE:
        raise NotFound(f"There is no resource {arn}.")
    await call.services.metadata.get(KnowledgeBase, named)
    return resource
