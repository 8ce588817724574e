"""The work of a server in the background: ingestion jobs and deletions, each in a task of its own.

Whoever starts work gets the record back at once and finds out by the record what becomes of it. All that is needed to
go on is in the records: any process that watches takes over what another one left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from outcrop.core.errors import Conflict, NotFound, OutcropError
from outcrop.core.filters import all_of, equals
from outcrop.core.protocols import MetadataStore, every
from outcrop.core.records import DataSource, IngestionJob, KnowledgeBase
from outcrop.core.work import JobStep
from outcrop.ingest.deletion import Deletion
from outcrop.ingest.knowledge_bases import KnowledgeBases
from outcrop.ingest.reach import Reach
from outcrop.ingest.sync import ANY_RUNNING, Claim, Options, Syncs
from outcrop.ingest.timetable import Timetable, derived_job

LOOK = 1.0  # seconds between two looks at what there is to do
WATCH = "watch over jobs"
_log = logging.getLogger(__name__)


class Jobs:
    """Runs ingestion jobs and deletions in this process's event loop."""

    def __init__(self, metadata: MetadataStore, bases: KnowledgeBases, syncs: Syncs) -> None:
        means = syncs.means()
        self._metadata = metadata
        self._bases = bases
        self._syncs = syncs
        self._reach = Reach(means, syncs.presence)
        self._timetable = Timetable(metadata, bases, means.clock)
        self._work_here = means.settings.work_here  # else jobs wait for a worker
        self._assisted: set[str] = set()  # the jobs of others that are worked on here
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
            Conflict: A job of this data source is running (one that was left is begun again), or it is being deleted.
        """
        if job_id is not None:
            try:
                return await self._metadata.get(IngestionJob, job_id)
            except NotFound:
                pass
        left = await self._syncs.running(source)
        if left is not None and await self._syncs.presence.dead(left.holder):
            await self._adopt(left)  # and it is told that it runs
        if not self._work_here:
            return await self._syncs.begin(source, options, description=description, job_id=job_id)
        claim = await self._syncs.claim(base, source, options, description=description, job_id=job_id)
        self._claims[claim.job.id] = claim
        self._begin(self._carried_out(claim), f"ingestion job {claim.job.id}")
        return claim.job

    async def get(self, source: DataSource, job_id: str) -> IngestionJob:
        """A job of a data source. Raises NotFound."""
        job = await self._metadata.get(IngestionJob, job_id)
        if job.data_source_id != source.id:
            raise NotFound(f"The data source {source.id} has no ingestion job {job_id}.")
        return job

    async def of(self, source: DataSource, status: str | None = None) -> list[IngestionJob]:
        """The jobs of a data source, oldest first; of one status where that is given."""
        where = all_of(equals("data_source_id", source.id), equals("status", status) if status is not None else None)
        return [job async for job in every(self._metadata, IngestionJob, where)]

    async def stop(self, source: DataSource, job_id: str) -> IngestionJob:
        """Ask a job to stop: STOPPING, and soon STOPPED. Raises NotFound, and Conflict where it has ended."""
        job = await self.get(source, job_id)
        job = await self._syncs.stop(job.id)
        if job.id in self._claims:
            self._claims[job.id].stop.set()
        elif await self._syncs.presence.dead(job.holder):
            await self._adopt(job)
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
        """Finish the deletions and go on with the jobs that a process which is gone has left: for when one starts."""
        for base in await self._bases.list():
            sources = await self._bases.sources(base)
            if base.status == "DELETING":
                await self._delete_again(base)
                continue
            for source in sources:
                if source.status == "DELETING":
                    await self._delete_again(base, source)
        await self.look()

    async def watch(self) -> None:
        """From now on take part in all work: what nobody leads, what others lead, and what is due."""
        self._begin(self._watched(), WATCH)

    async def look(self) -> None:
        """Take over the jobs whose process is gone, and assist with the others, where this process can."""
        async for job in every(self._metadata, IngestionJob, ANY_RUNNING):
            if job.id in self._claims or job.id in self._assisted:
                continue
            if not await self._reach.can(job):
                continue
            if await self._syncs.presence.dead(job.holder):
                await self._adopt(job)
            elif job.status == "IN_PROGRESS" and await self._waiting(job):
                self._assisted.add(job.id)
                self._begin(self._assist(job), f"help with the ingestion job {job.id}")

    async def start_due(self) -> None:
        """Start what is due by its schedule, once, whoever sees it first."""
        for base, source, due in await self._timetable.due():
            with suppress(Conflict):
                await self.start(base, source, description="By its schedule.", job_id=derived_job(source, due))

    async def close(self) -> None:
        """Stop what runs; jobs and deletions go on in another process, or when this one is back."""
        for claim in self._claims.values():
            claim.leaving = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for claim in self._claims.values():  # those that had no time to begin
            claim.held.close()
        self._claims.clear()

    async def idle(self) -> None:
        """Return once nothing runs."""
        while tasks := {task for task in self._tasks if task.get_name() != WATCH}:
            await asyncio.wait(tasks)

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

    async def _watched(self) -> None:
        async with self._syncs.presence.shown():
            while True:
                try:
                    await self.start_due()
                    await self.look()
                except OutcropError as error:  # the database is away; it may be back
                    _log.warning("The work that there is cannot be seen: %s", error.message)
                await asyncio.sleep(LOOK)

    async def _adopt(self, job: IngestionJob) -> None:
        """Go on with a job, unless someone else does."""
        with suppress(Conflict, NotFound):
            claim = await self._syncs.adopt(job)
            self._claims[job.id] = claim
            self._begin(self._carried_out(claim), f"ingestion job {job.id}")

    async def _waiting(self, job: IngestionJob) -> bool:
        where = all_of(equals("job_id", job.id), equals("status", "READY"))
        return bool((await self._metadata.page(JobStep, where, None, 1)).records)

    async def _assist(self, job: IngestionJob) -> None:
        try:
            await self._syncs.assist(job)
        finally:
            self._assisted.discard(job.id)

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
