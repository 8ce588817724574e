"""A whole Outcrop in memory, everything real but the models: for testing surfaces that make and change things.

Documents are read by a reader of plain text, embedded by hashed words, and kept in memory, so that a test waits for
nothing; knowledge bases, syncs, jobs and sources are the real ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from outcrop.access.links import Links
from outcrop.access.tags import TagStore
from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.answer.service import Answers
from outcrop.app.adapters import LoadedAdapters
from outcrop.core.clock import now
from outcrop.core.ids import new_id
from outcrop.core.protocols import Blobs, MetadataStore, VectorStore
from outcrop.core.settings import Settings
from outcrop.ingest.attachments import Attachments
from outcrop.ingest.direct import Direct
from outcrop.ingest.jobs import Jobs
from outcrop.ingest.knowledge_bases import KnowledgeBases
from outcrop.ingest.store_labels import StoreLabels
from outcrop.ingest.sync import Syncs
from outcrop.ingest.uploads import Uploads
from outcrop.ingest.verify import Verifier
from outcrop.services import Services
from outcrop.store.memory import MemoryMetadata
from outcrop.testing.adapters import GivenAdapters, PlainReader
from outcrop.testing.blobs import MemoryBlobs
from outcrop.testing.fakes import TokenHashEmbedder
from outcrop.testing.small import SmallKeys, SmallTokens

MODEL = "test:token-hash-model"


@dataclass
class Whole:
    """The parts that outlive a server, and the services over them: opened again, they are a restarted server."""

    data: Path
    metadata: MetadataStore = field(default_factory=MemoryMetadata)
    store: VectorStore = field(default_factory=MemoryVectorStore)
    reader: PlainReader = field(default_factory=PlainReader)
    embedder: TokenHashEmbedder = field(default_factory=lambda: TokenHashEmbedder(16))
    blobs: Blobs = field(default_factory=MemoryBlobs)

    def services(self, **settings: Any) -> Services:  # long: one line a service
        """The services, new ones each time."""
        given = {"data": self.data, "threads": 2, "embedding_model": MODEL, **settings}
        configuration = Settings(**given)
        adapters = GivenAdapters(
            {"embedded": self.store}, self.reader, self.embedder, settings=configuration, given_blobs=self.blobs
        )
        models = LoadedAdapters(configuration).models
        bases = KnowledgeBases(self.metadata, adapters, configuration, now, new_id)
        syncs = Syncs(self.metadata, adapters, configuration, now, new_id)
        syncs.heartbeat = 0.05
        direct = Direct(self.metadata, adapters, configuration, now)
        uploads = Uploads(self.metadata, adapters, configuration, now)
        return Services(
            settings=configuration,
            metadata=self.metadata,
            adapters=adapters,
            knowledge_bases=bases,
            syncs=syncs,
            direct=direct,
            uploads=uploads,
            attachments=Attachments(self.metadata, bases, direct, uploads, now),
            store_labels=StoreLabels(self.metadata, bases, now),
            jobs=Jobs(self.metadata, bases, syncs),
            verifier=Verifier(self.metadata, adapters, configuration),
            answers=Answers(self.metadata, adapters, configuration, now, models),
            models=models,
            keys=SmallKeys(),  # type: ignore[arg-type]  # what surfaces use of it
            links=Links(self.data, now),
            tags=TagStore(self.metadata, now),
            console=SmallTokens(),  # type: ignore[arg-type]  # as above
        )
