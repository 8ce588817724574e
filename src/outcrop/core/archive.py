"""The archive of embeddings: what was embedded, and what was deleted, in the order in which it happened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from outcrop.core.chunks import Vector

Event = Literal["embedded", "imported", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """One event of a chunk; `vector` is None where it was deleted. The last one of a chunk counts."""

    event: Event
    knowledge_base_id: str
    chunk_id: str
    document_id: str
    model: str
    dimensions: int
    at: datetime
    vector: Vector | None = None


class Archive(Protocol):
    """Keeps entries for good; nothing is ever changed in it."""

    async def append(self, entries: Sequence[Entry]) -> None:
        """Take entries, which are written soon: a crash may lose those of the last minute. Raises Unavailable."""
        ...

    async def flush(self) -> None:
        """Write what was taken. Raises Unavailable."""
        ...

    def read(self, knowledge_base_id: str) -> AsyncIterator[Sequence[Entry]]:
        """The entries of a knowledge base that were written, oldest first."""
        ...

    async def close(self) -> None:
        """Write what was taken, and let go."""
        ...
