"""Which data sources are due by their schedules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from outcrop.core.clock import Clock
from outcrop.core.filters import equals
from outcrop.core.ids import derived_resource_id
from outcrop.core.protocols import MetadataStore, every
from outcrop.core.records import CUSTOM, DataSource, IngestionJob, KnowledgeBase
from outcrop.ingest.knowledge_bases import KnowledgeBases
from outcrop.jobs.schedules import due_after

PATIENCE = 20.0  # seconds between two looks at all schedules


class Timetable:
    """The schedules of all data sources."""

    def __init__(self, metadata: MetadataStore, bases: KnowledgeBases, clock: Clock) -> None:
        self._metadata = metadata
        self._bases = bases
        self._clock = clock
        self._looked: datetime | None = None

    async def due(self) -> Sequence[tuple[KnowledgeBase, DataSource, datetime]]:
        """What is due now, and since when; nothing where that was looked up just now."""
        now = self._clock()
        if self._looked is not None and (now - self._looked).total_seconds() < PATIENCE:
            return ()
        self._looked = now
        found = []
        for base in await self._bases.list():
            for source in await self._bases.sources(base) if base.status == "ACTIVE" else ():
                due = await self.next(source)
                if due is not None and due <= now:
                    found.append((base, source, due))
        return found

    async def next(self, source: DataSource) -> datetime | None:
        """When the next sync of a data source is due, counted from the start of its last one; None for never.

        One whose documents are handed over by themselves has nothing to be looked at again.
        """
        if source.kind == CUSTOM or source.status != "AVAILABLE":
            return None
        last = source.created_at
        async for job in every(self._metadata, IngestionJob, equals("data_source_id", source.id)):
            last = job.created_at
        return due_after(source.schedule, last)


def derived_job(source: DataSource, due: datetime) -> str:
    """The id of the job that is due at a moment: the same in every process."""
    return derived_resource_id(source.id, due.isoformat())
