"""The work of a server in the background: ingestion jobs and deletions, each in a task of its own.

Whoever starts work gets the record back at once and finds out by the record what becomes of it. A durable engine can
take the place of the tasks: all it needs to begin again is in the records.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from outcrop.core.errors import Conflict, NotFound, OutcropError
from outcrop.core.filters import all_of, equals, one_of
from outcrop.core.protocols import MetadataStore, every
from outcrop.core.records import DataSource, IngestionJob, KnowledgeBase
from outcrop.ingest.deletion import Deletion
from outcrop.ingest.knowledge_bases import KnowledgeBases
from outcrop.ingest.sync import RUNNING, Claim, Options, Syncs

_ANY_RUNNING = one_of("status", sorted(RUNNING))
_log = logging.getLogger(__name__)


class Jobs:
    """Runs ingestion jobs and deletions in this process's event loop."""

    def __init__(self, metadata: MetadataStore, bases: KnowledgeBases, syncs: Syncs) -> None:
        self._metadata = metadata
        self._bases = bases
        self._syncs = syncs
        self._tasks: set[asyncio.Task[Any]] = set()
        self._claims: dict[str, Claim] = {}  # the jobs that run here
        self._deleting: set[str] = set()  # the ids of what is being deleted here

    async def start(
        self,
        base: KnowledgeBase,
        source: DataSource,
        options: Options = Options(),  # noqa: B008 # frozen
        *,
        description: str | None = None,
        job_id: str | None = None,
    ) -> IngestionJob:
        """Begin an ingestion job; the record says how far it is. With `job_id` it may be called again: one job.

        Raises:
            Conflict: A job of this data source is running, or it is being deleted.
        """
        if job_id is not None:
            try:
                return await self._metadata.get(IngestionJob, job_id)
            except NotFound:
                pass
        claim = await self._syncs.claim(base, source, options, description=description, job_id=job_id)
        self._claims[claim.job.id] = claim
        self._begin(self._carried_out(claim), f"ingestion job {claim.job.id}")
        return claim.job

    async def get(self, source: DataSource, job_id: str) -> IngestionJob:
        """A job of a data source; one whose process is gone has ended. Raises NotFound."""
        job = await self._metadata.get(IngestionJob, job_id)
        if job.data_source_id != source.id:
            raise NotFound(f"The data source {source.id} has no ingestion job {job_id}.")
        if job.status in RUNNING and await self._settled(source):
            return await self._metadata.get(IngestionJob, job_id)
        return job

    async def of(self, source: DataSource, status: str | None = None) -> list[IngestionJob]:
        """The jobs of a data source, oldest first; of one status where that is given."""
        await self._settled(source)
        where = all_of(equals("data_source_id", source.id), equals("status", status) if status is not None else None)
        return [job async for job in every(self._metadata, IngestionJob, where)]

    async def stop(self, source: DataSource, job_id: str) -> IngestionJob:
        """Ask a job to stop: STOPPING, and soon STOPPED. Raises NotFound, and Conflict where it has ended."""
        job = await self.get(source, job_id)
        job = await self._syncs.stop(job.id)
        if job.id in self._claims:
            self._claims[job.id].stop.set()
        return job

    async def delete(self, base: KnowledgeBase, source: DataSource | None = None) -> None:
        """Begin to delete a knowledge base, or a data source of it, which is DELETING until it is gone.

        Raises:
            Conflict: It is being synced.
        """
        record = source or base
        if record.id not in self._deleting:
            deletion = await self._bases.begin_deletion(base, source)
            self._deleting.add(record.id)
            self._begin(self._finished(deletion, record.id), f"deletion of {record.id}")

    async def recover(self) -> None:
        """End the jobs and finish the deletions that a process which is gone has left; call it when a server starts."""
        for base in await self._bases.list():
            sources = await self._bases.sources(base)
            if base.status == "DELETING":
                await self._delete_again(base)
                continue
            for source in sources:
                if source.status == "DELETING":
                    await self._delete_again(base, source)
                else:
                    await self._settled(source)

    async def close(self) -> None:
        """Stop what runs. Jobs end as STOPPED; deletions are finished by the next `recover`."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for claim in self._claims.values():  # those that had no time to begin
            claim.held.close()
            await self._syncs.end_interrupted(claim.source)
        self._claims.clear()

    async def idle(self) -> None:
        """Return once nothing runs."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _carried_out(self, claim: Claim) -> None:
        try:
            await self._syncs.carry_out(claim)
        finally:
            del self._claims[claim.job.id]

    async def _finished(self, deletion: Deletion, id: str) -> None:
        try:
            await self._bases.finish_deletion(deletion)
        finally:
            self._deleting.discard(id)

    async def _delete_again(self, base: KnowledgeBase, source: DataSource | None = None) -> None:
        try:
            await self.delete(base, source)
        except Conflict:  # another process is at it
            _log.info("The deletion of %s goes on elsewhere.", (source or base).id)

    async def _settled(self, source: DataSource) -> bool:
        """Whether no job of a data source runs; those whose process is gone are ended."""
        where = all_of(equals("data_source_id", source.id), _ANY_RUNNING)
        running = (await self._metadata.page(IngestionJob, where, None, 1)).records
        return not running or await self._syncs.end_interrupted(source)

    def _begin(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """Log an error, which the record tells as well; of those that nobody foresaw, where they come from."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, OutcropError):
            _log.warning("The %s failed: %s", task.get_name(), error.message)
        elif error is not None:
            _log.error("The %s failed.", task.get_name(), exc_info=error)
