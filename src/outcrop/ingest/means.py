"""What the jobs of ingestion are done with: put together once for each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from outcrop.core.clock import Clock
from outcrop.core.protocols import Adapters, MetadataStore, Source
from outcrop.core.records import CUSTOM, DataSource, KnowledgeBase
from outcrop.core.settings import Settings
from outcrop.ingest.deposits import DepositSource
from outcrop.ingest.progress import Meter
from outcrop.ingest.rebuilding import Rebuilding
from outcrop.ingest.work import Pause, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The records, the adapters, the settings and the clock."""

    metadata: MetadataStore
    adapters: Adapters
    settings: Settings
    clock: Clock
    pause: Pause = asyncio.sleep

    def rebuilding(self) -> Rebuilding:
        """What builds indexes anew."""
        return Rebuilding(self.metadata, self.adapters, self.settings, self.clock)

    async def work(self, base: KnowledgeBase, source: DataSource, meter: Meter, job_id: str | None = None) -> Work:
        """What work on a data source needs, which the caller holds; the index is made where it is not there."""
        await self.rebuilding().finished(base, source)
        store = self.adapters.vector_store(base.vector_store)
        await store.create(base.spec())
        embedder = self.adapters.embedder(base.embedding_model)
        return Work(
            base=base,
            source=source,
            metadata=self.metadata,
            place=place_of(source, self.metadata, self.adapters),
            reader=self.adapters.reader(source.parser),
            chunker=self.adapters.chunker(source.chunking, embedder),
            embedder=embedder,
            store=store,
            clock=self.clock,
            meter=meter,
            archive=self.adapters.archive(),
            precision=self.settings.embedding_precision,
            job_id=job_id,
            pause=self.pause,
        )


def place_of(source: DataSource, metadata: MetadataStore, adapters: Adapters) -> Source:
    """Where the documents of a data source are. Raises Invalid where its configuration is wrong."""
    return DepositSource(source, metadata, adapters.blobs()) if source.kind == CUSTOM else adapters.source(source)
