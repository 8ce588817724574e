"""The sync of a data source: one ingestion job, from its start to its end, however it ends."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace

from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, OutcropError
from outcrop.core.filters import equals
from outcrop.core.ids import NewId
from outcrop.core.protocols import Adapters, MetadataStore, every
from outcrop.core.records import DataSource, IngestionJob, JobStatus, KnowledgeBase
from outcrop.core.settings import Settings
from outcrop.ingest.agreement import known_documents
from outcrop.ingest.flow import Flow, first_error
from outcrop.ingest.locks import locked
from outcrop.ingest.means import Means
from outcrop.ingest.progress import Meter, Show

HEARTBEAT = 2.0  # seconds between two looks at the job's record
RUNNING: frozenset[JobStatus] = frozenset({"STARTING", "IN_PROGRESS", "STOPPING"})
INTERRUPTED = "The process that ran it was interrupted. What was done stays done; start another job to go on."
_log = logging.getLogger(__name__)


class _Stopped(Exception):
    """Someone asked the job to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a sync is done."""

    allow_empty: bool = False  # a source without documents empties the index
    check: bool = False  # compare the index with the records document by document first


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A data source that is held for one job, from the moment when the job is made to its end."""

    job: IngestionJob
    base: KnowledgeBase
    source: DataSource
    options: Options
    held: ExitStack
    stop: asyncio.Event = field(default_factory=asyncio.Event)  # set to have the job look at its record at once


class Syncs:
    """Runs ingestion jobs; one at a time for each data source, in whatever process."""

    def __init__(
        self, metadata: MetadataStore, adapters: Adapters, settings: Settings, clock: Clock, new_id: NewId
    ) -> None:
        self._metadata = metadata
        self._adapters = adapters
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self.heartbeat = HEARTBEAT

    async def run(
        self,
        base: KnowledgeBase,
        source: DataSource,
        progress: Show | None = None,
        options: Options = Options(),  # frozen
    ) -> IngestionJob:
        """Bring the index in step with a data source; the finished job, COMPLETE or FAILED with its reasons.

        A document that cannot be read never fails the job; the source, the embedding model and the stores can.

        Raises:
            Conflict: A sync of this data source is running, or the knowledge base is being deleted.
        """
        return await self.carry_out(await self.claim(base, source, options), progress)

    async def claim(
        self,
        base: KnowledgeBase,
        source: DataSource,
        options: Options = Options(),  # frozen
        *,
        description: str | None = None,
        job_id: str | None = None,
    ) -> Claim:
        """Hold a data source and make its job, STARTING, for `carry_out`. Raises Conflict as `run` does."""
        with ExitStack() as held:
            held.enter_context(locked(self._settings.data, source))
            base, source = await self._current(base, source)
            check = await self._end_interrupted(source) or options.check
            job = await self._begin(source, job_id or self._new_id(), description)
            options = replace(options, check=check)
            return Claim(job=job, base=base, source=source, options=options, held=held.pop_all())

    async def carry_out(self, claim: Claim, progress: Show | None = None) -> IngestionJob:
        """Do the job of a claim, which ends with it, however it ends."""
        with claim.held:
            return await self._run(claim, Meter(progress))

    async def stop(self, job_id: str) -> IngestionJob:
        """Ask a running job, in whatever process, to stop soon. Raises NotFound, and Conflict where it has ended."""
        while True:
            job = await self._metadata.get(IngestionJob, job_id)
            if job.status not in RUNNING:
                raise Conflict(f"The job {job_id} has ended: it is {job.status}.")
            if job.status == "STOPPING":
                return job
            with suppress(Conflict):  # its counts were written at the same moment
                asked = replace(job, status="STOPPING", updated_at=self._clock())
                return await self._metadata.put(asked, expect=job.version)

    async def _current(self, base: KnowledgeBase, source: DataSource) -> tuple[KnowledgeBase, DataSource]:
        """The records as they are now that nobody else may change them."""
        base = await self._metadata.get(KnowledgeBase, base.id)
        source = await self._metadata.get(DataSource, source.id)
        if base.status != "ACTIVE" or source.status != "AVAILABLE":
            raise Conflict(f"{base.name} is {base.status} and its data source {source.name} {source.status}.")
        return base, source

    async def end_interrupted(self, source: DataSource) -> bool:
        """End the jobs of a data source whose process died; False where one is running."""
        try:
            with locked(self._settings.data, source):
                await self._end_interrupted(source)
        except Conflict:
            return False
        return True

    async def _end_interrupted(self, source: DataSource) -> bool:
        """End the jobs whose process died; whether the last job ended in any other way than well."""
        last: IngestionJob | None = None
        async for job in every(self._metadata, IngestionJob, equals("data_source_id", source.id)):
            last = job
            if job.status in RUNNING:
                await self._end(job, Meter(), "STOPPED" if job.status == "STOPPING" else "FAILED", INTERRUPTED)
        return last is not None and last.status != "COMPLETE"

    async def _begin(self, source: DataSource, job_id: str, description: str | None) -> IngestionJob:
        now = self._clock()
        job = IngestionJob(
            id=job_id,
            created_at=now,
            updated_at=now,
            knowledge_base_id=source.knowledge_base_id,
            data_source_id=source.id,
            description=description,
        )
        return await self._metadata.put(job, expect=0)

    async def _run(self, claim: Claim, meter: Meter) -> IngestionJob:
        job = claim.job
        try:
            with first_error():
                async with asyncio.TaskGroup() as group:
                    beat = group.create_task(self._heartbeat(claim, meter))
                    await self._work(claim.base, claim.source, meter, claim.options)
                    beat.cancel()
        except _Stopped:
            return await self._end(job, meter, "STOPPED")
        except asyncio.CancelledError:
            await asyncio.shield(self._end(job, meter, "STOPPED", "It was cancelled."))
            raise
        except OutcropError as error:
            return await self._end(job, meter, "FAILED", error.message)
        except Exception as error:
            await self._end(job, meter, "FAILED", f"An unexpected error: {type(error).__name__}: {error}")
            raise
        return await self._end(job, meter, "COMPLETE")

    async def _work(self, base: KnowledgeBase, source: DataSource, meter: Meter, options: Options) -> None:
        """Everything between the start and the end of the job."""
        means = Means(metadata=self._metadata, adapters=self._adapters, settings=self._settings, clock=self._clock)
        work = await means.work(base, source, meter)
        known = await known_documents(self._metadata, work.store, base, source, check=options.check)
        rebuilding = means.rebuilding()
        work, current = await rebuilding.opened(work, known)
        await Flow(work, current, self._settings.threads).run(allow_empty=options.allow_empty)
        await rebuilding.closed(work)

    async def _heartbeat(self, claim: Claim, meter: Meter) -> None:
        """Keep the job's counts current, and see whether someone asks it to stop."""
        while True:
            current = await self._metadata.get(IngestionJob, claim.job.id)
            if current.status == "STOPPING":
                raise _Stopped
            with suppress(Conflict):  # someone asks just now; the next beat sees it
                counted = replace(
                    current, status="IN_PROGRESS", statistics=meter.statistics(), updated_at=self._clock()
                )
                await self._metadata.put(counted, expect=current.version)
            with suppress(TimeoutError):
                await asyncio.wait_for(claim.stop.wait(), self.heartbeat)
                claim.stop.clear()

    async def _end(self, job: IngestionJob, meter: Meter, status: JobStatus, *reasons: str) -> IngestionJob:
        now = self._clock()
        statistics = meter.statistics() if meter.found or meter.counts else job.statistics
        meter.tell(last=True)
        ended = replace(
            job,
            status=status,
            statistics=statistics,
            failure_reasons=(*reasons, *meter.reasons()),
            finished_at=now,
            updated_at=now,
        )
        return await self._metadata.put(ended)
