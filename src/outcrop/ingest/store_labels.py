"""What knowledge bases are called as vector stores, whose names are free and need not be their own."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace

from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, NotFound
from outcrop.core.protocols import MetadataStore
from outcrop.core.records import KnowledgeBase, StoreLabel
from outcrop.ingest.knowledge_bases import KnowledgeBases

UNNAMED = "vector-store"
LONGEST = 80  # characters of a name, so that there is room to tell it from others
SUFFIX_BYTES = 3


class StoreLabels:
    """Names and labels of vector stores."""

    def __init__(self, metadata: MetadataStore, bases: KnowledgeBases, clock: Clock) -> None:
        self._metadata = metadata
        self._bases = bases
        self._clock = clock

    async def create(self, name: str | None, description: str | None, labels: Mapping[str, str]) -> KnowledgeBase:
        """A knowledge base that is called so as a vector store; its own name is made from that one. Raises Invalid."""
        own = re.sub(r"[^0-9A-Za-z]+", "-", name or "").strip("-")[:LONGEST].strip("-") or UNNAMED
        try:
            base = await self._bases.create(own, description=description)
        except Conflict:
            base = await self._bases.create(f"{own}-{secrets.token_hex(SUFFIX_BYTES)}", description=description)
        await self.put(base, name or base.name, labels)
        return base

    async def get(self, base: KnowledgeBase) -> StoreLabel:
        """The label of a knowledge base; its own name where it was never given one."""
        try:
            return await self._metadata.get(StoreLabel, base.id)
        except NotFound:
            now = self._clock()
            return StoreLabel(id=base.id, created_at=now, updated_at=now, knowledge_base_id=base.id, name=base.name)

    async def put(self, base: KnowledgeBase, name: str | None, labels: Mapping[str, str] | None) -> StoreLabel:
        """Name or label a vector store anew; None leaves it as it is."""
        before = await self.get(base)
        changed = replace(
            before,
            name=before.name if name is None else name,
            labels=before.labels if labels is None else dict(labels),
            updated_at=self._clock(),
        )
        return await self._metadata.put(changed)
