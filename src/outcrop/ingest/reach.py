"""Whether this process can do the work of a job: what the job reads and writes may be on another machine's disk."""

from __future__ import annotations

import asyncio
from pathlib import Path

from outcrop.core.errors import NotFound, OutcropError
from outcrop.core.records import CUSTOM, DataSource, IngestionJob, KnowledgeBase
from outcrop.ingest.means import Means
from outcrop.jobs.presence import Presence

EMBEDDED = "embedded"  # the vector store that is on the disk of its machine


class Reach:
    """What a process sees of the places that jobs work on."""

    def __init__(self, means: Means, presence: Presence) -> None:
        self._means = means
        self._presence = presence

    async def can(self, job: IngestionJob) -> bool:
        """Whether the documents and the index of a job are within reach."""
        try:
            base = await self._means.metadata.get(KnowledgeBase, job.knowledge_base_id)
            source = await self._means.metadata.get(DataSource, job.data_source_id)
            return await self._documents(source, job) and await self._index(base, job)
        except NotFound:
            return False

    async def _documents(self, source: DataSource, job: IngestionJob) -> bool:
        if source.kind == CUSTOM:
            return self._presence.beside(job.holder)
        place = source.configuration.get("path", source.configuration.get("file"))
        if place is None:  # on the network
            return True
        # The leader lists: that a folder is gone for it too is for it to say.
        return self._presence.beside(job.holder) or await asyncio.to_thread(Path(str(place)).exists)

    async def _index(self, base: KnowledgeBase, job: IngestionJob) -> bool:
        if base.vector_store != EMBEDDED or self._presence.beside(job.holder):
            return True
        try:
            await self._means.adapters.vector_store(base.vector_store).count(base.index)
        except OutcropError:
            return False
        return True
