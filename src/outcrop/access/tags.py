"""The tags of resources: one store for whatever can be tagged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from outcrop.core.clock import Clock
from outcrop.core.errors import Invalid, NotFound
from outcrop.core.protocols import MetadataStore
from outcrop.core.records import Tags

MAX_TAGS = 50  # of one resource, as AWS's
RESERVED = "aws:"


class TagStore:
    """Keeps tags by resource: its kind and id, as in `knowledge-base/ABCDEFGHIJ`."""

    def __init__(self, metadata: MetadataStore, clock: Clock) -> None:
        self._metadata = metadata
        self._clock = clock

    async def of(self, resource: str) -> Mapping[str, str]:
        """The tags of a resource; none where it was never tagged."""
        try:
            return (await self._metadata.get(Tags, resource)).tags
        except NotFound:
            return {}

    async def add(self, resource: str, tags: Mapping[str, str]) -> None:
        """Give a resource more tags; one of the same key gets the new value. Raises Invalid."""
        check_tags(tags)
        await self._change(resource, {**await self.of(resource), **tags})

    async def remove(self, resource: str, keys: Collection[str]) -> None:
        """Take tags off a resource; keys that it does not have change nothing."""
        kept = await self.of(resource)
        await self._change(resource, {key: value for key, value in kept.items() if key not in keys})

    async def _change(self, resource: str, tags: Mapping[str, str]) -> None:
        if len(tags) > MAX_TAGS:
            raise Invalid(f"A resource has at most {MAX_TAGS} tags; this would be {len(tags)}.")
        now = self._clock()
        try:
            record = replace(await self._metadata.get(Tags, resource), tags=dict(tags), updated_at=now)
        except NotFound:
            record = Tags(id=resource, created_at=now, updated_at=now, tags=dict(tags))
        await self._metadata.put(record)


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise Invalid for tags that no resource may have."""
    if reserved := sorted(key for key in tags if key.lower().startswith(RESERVED)):
        raise Invalid(f"Tags that begin with {RESERVED} are reserved: {', '.join(reserved)}.")
    if len(tags) > MAX_TAGS:
        raise Invalid(f"A resource has at most {MAX_TAGS} tags; these are {len(tags)}.")
