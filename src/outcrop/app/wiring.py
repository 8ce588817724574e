"""Opens every service of one data directory, and closes them in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from outcrop.access.console import ConsoleTokens
from outcrop.access.keys import Keys
from outcrop.access.links import Links
from outcrop.access.tags import TagStore
from outcrop.answer.service import Answers
from outcrop.app.adapters import LoadedAdapters
from outcrop.core.clock import now
from outcrop.core.ids import new_id
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
from outcrop.store.sql import SqlMetadata, open_metadata

PRIVATE = 0o700  # documents, keys and answers are nobody else's


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """The services over `settings.data`, which is made if it is not there."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
    metadata = await open_metadata(settings.database_url or settings.data / "outcrop.db")
    adapters = LoadedAdapters(settings, metadata)
    services = _services(settings, metadata, adapters)
    try:
        yield services
    finally:
        await services.direct.close()
        await services.jobs.close()
        await adapters.close()
        await metadata.close()


def _services(settings: Settings, metadata: SqlMetadata, adapters: LoadedAdapters) -> Services:
    """Every service over the stores and adapters."""
    bases = KnowledgeBases(metadata, adapters, settings, now, new_id)
    syncs = Syncs(metadata, adapters, settings, now, new_id)
    direct = Direct(metadata, adapters, settings, now)
    uploads = Uploads(metadata, adapters, settings, now)
    return Services(
        settings=settings,
        metadata=metadata,
        adapters=adapters,
        knowledge_bases=bases,
        syncs=syncs,
        jobs=Jobs(metadata, bases, syncs),
        direct=direct,
        uploads=uploads,
        attachments=Attachments(metadata, bases, direct, uploads, now),
        store_labels=StoreLabels(metadata, bases, now),
        verifier=Verifier(metadata, adapters, settings),
        answers=Answers(metadata, adapters, settings, now, adapters.models),
        models=adapters.models,
        keys=Keys(metadata, settings.data, now),
        links=Links(settings.data, now),
        tags=TagStore(metadata, now),
        console=ConsoleTokens(settings.data),
    )
