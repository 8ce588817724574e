"""What the jobs of ingestion are done with: put together once for each."""

from __future__ import annotations

from dataclasses import dataclass

from outcrop.core.clock import Clock
from outcrop.core.protocols import Adapters, MetadataStore, Source
from outcrop.core.records import CUSTOM, DataSource, KnowledgeBase
from outcrop.core.settings import Settings
from outcrop.ingest.deposits import DepositSource
from outcrop.ingest.progress import Meter
from outcrop.ingest.steps import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The records, the adapters, the settings and the clock."""

    metadata: MetadataStore
    adapters: Adapters
    settings: Settings
    clock: Clock

    async def work(self, base: KnowledgeBase, source: DataSource, meter: Meter) -> Work:
        """What work on a data source needs; the index is made where it is not there."""
        store = self.adapters.vector_store(base.vector_store)
        await store.create(base.spec())
        embedder = self.adapters.embedder(base.embedding_model)
        return Work(
            base=base,
            source=source,
            metadata=self.metadata,
            place=place_of(source, self.metadata, self.adapters),
            reader=self.adapters.reader(),
            chunker=self.adapters.chunker(source.chunking, embedder),
            embedder=embedder,
            store=store,
            clock=self.clock,
            meter=meter,
            embedding=f"{embedder.model} {self.settings.embedding_precision}",
        )


def place_of(source: DataSource, metadata: MetadataStore, adapters: Adapters) -> Source:
    """Where the documents of a data source are. Raises Invalid where its configuration is wrong."""
    return DepositSource(source, metadata, adapters.blobs()) if source.kind == CUSTOM else adapters.source(source)
