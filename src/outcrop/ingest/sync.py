"""The sync of a data source: one ingestion job from its start to its end, over as many processes as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from time import monotonic

from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, NotFound, OutcropError
from outcrop.core.filters import AllOf, equals, one_of
from outcrop.core.ids import NewId
from outcrop.core.protocols import Adapters, MetadataStore, every
from outcrop.core.records import DataSource, IngestionJob, JobStatus, KnowledgeBase, Pace, SyncOptions
from outcrop.core.settings import Settings
from outcrop.ingest.agreement import known_documents
from outcrop.ingest.carrying import Carrier
from outcrop.ingest.flow import first_error
from outcrop.ingest.leading import Lead, total
from outcrop.ingest.locks import locked
from outcrop.ingest.means import Means
from outcrop.ingest.progress import Meter, Show
from outcrop.ingest.steps import Pause
from outcrop.jobs.presence import Lost, Presence
from outcrop.jobs.steps import Steps, forget

HEARTBEAT = 2.0  # seconds between two looks at the job's record
TURN = 0.5  # seconds between two looks whether another job of the knowledge base has ended
RUNNING: frozenset[JobStatus] = frozenset({"STARTING", "IN_PROGRESS", "STOPPING"})
ANY_RUNNING = one_of("status", sorted(RUNNING))
Options = SyncOptions
USUAL = SyncOptions()


class _Stopped(Exception):
    """Someone asked the job to stop."""


@dataclass(slots=True, kw_only=True)
class Claim:
    """A data source that is held for one job, from the moment when the job is made or taken over to its end."""

    job: IngestionJob
    base: KnowledgeBase
    source: DataSource
    held: ExitStack
    stop: asyncio.Event = field(default_factory=asyncio.Event)  # set to have the job look at its record at once
    leaving: bool = False  # this process ends, and another one goes on


class Syncs:
    """Runs ingestion jobs; one at a time for each data source and knowledge base, in whatever process."""

    def __init__(
        self, metadata: MetadataStore, adapters: Adapters, settings: Settings, clock: Clock, new_id: NewId
    ) -> None:
        self._metadata = metadata
        self._adapters = adapters
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self.presence = Presence(metadata, settings.data, clock, new_id)
        self.heartbeat = HEARTBEAT
        self.pause: Pause = asyncio.sleep

    async def run(
        self,
        base: KnowledgeBase,
        source: DataSource,
        progress: Show | None = None,
        options: Options = USUAL,
    ) -> IngestionJob:
        """Bring the index in step with a data source; the finished job, COMPLETE or FAILED with its reasons.

        A document that cannot be read never fails the job; the source, the embedding model and the stores can. A job
        that a dead process left is finished first.

        Raises:
            Conflict: A sync of this data source is running, or the knowledge base is being deleted.
        """
        await self.finish_interrupted(source, progress)
        return await self.carry_out(await self.claim(base, source, options), progress)

    async def finish_interrupted(self, source: DataSource, progress: Show | None = None) -> IngestionJob | None:
        """Finish the job that a dead process left of a data source; None where there is none.

        Raises:
            Conflict: It is running.
        """
        job = await self.running(source)
        return await self.carry_out(await self.adopt(job), progress) if job is not None else None

    async def running(self, source: DataSource) -> IngestionJob | None:
        """The job of a data source that has not ended, whether its process lives or not."""
        where = AllOf((equals("data_source_id", source.id), ANY_RUNNING))
        page = await self._metadata.page(IngestionJob, where, None, 1)
        return page.records[0] if page.records else None

    async def claim(
        self,
        base: KnowledgeBase,
        source: DataSource,
        options: Options = USUAL,
        *,
        description: str | None = None,
        job_id: str | None = None,
    ) -> Claim:
        """Hold a data source and make its job, STARTING, for `carry_out`. Raises Conflict as `run` does."""
        with ExitStack() as held:
            held.enter_context(locked(self._settings.data, source))
            base, source = await self._current(base, source)
            options = replace(options, check=options.check or not await self._ended_well(source))
            job = await self.begin(source, options, description=description, job_id=job_id, holder=self.presence.id)
            return Claim(job=job, base=base, source=source, held=held.pop_all())

    async def begin(
        self,
        source: DataSource,
        options: Options,
        *,
        description: str | None = None,
        job_id: str | None = None,
        holder: str | None = None,
    ) -> IngestionJob:
        """Make a job that whoever finds it without a holder leads. Raises Conflict where one is running."""
        now = self._clock()
        job = IngestionJob(
            id=job_id or self._new_id(),
            created_at=now,
            updated_at=now,
            knowledge_base_id=source.knowledge_base_id,
            data_source_id=source.id,
            description=description,
            options=options,
            slot=source.id,
            holder=holder,
        )
        try:
            return await self._metadata.put(job, expect=0)
        except Conflict as error:
            raise Conflict(f"The data source {source.name} is being synced. Try again when that has ended.") from error

    async def adopt(self, job: IngestionJob) -> Claim:
        """Take over a job whose process is gone. Raises Conflict where it is not, and NotFound."""
        source = await self._metadata.get(DataSource, job.data_source_id)
        base = await self._metadata.get(KnowledgeBase, job.knowledge_base_id)
        if not await self.presence.dead(job.holder):
            raise Conflict(f"The data source {source.name} is being synced. Try again when that has ended.")
        with ExitStack() as held:
            held.enter_context(locked(self._settings.data, source))
            resumed = job.resumed + (job.status != "STARTING")
            taken = replace(job, holder=self.presence.id, resumed=resumed, updated_at=self._clock())
            job = await self._metadata.put(taken, expect=job.version)
            return Claim(job=job, base=base, source=source, held=held.pop_all())

    async def carry_out(self, claim: Claim, progress: Show | None = None) -> IngestionJob:
        """Do the job of a claim, which ends with it, however it ends."""
        with claim.held:
            async with self.presence.shown():
                return await self._run(claim, Meter(progress))

    async def assist(self, job: IngestionJob) -> None:
        """Do steps of a job that another worker leads, until there is none. Raises what keeps this one from it."""
        source = await self._metadata.get(DataSource, job.data_source_id)
        base = await self._metadata.get(KnowledgeBase, job.knowledge_base_id)

        async def over() -> bool:
            return True

        async with self.presence.shown():
            work = await self.means().work(base, source, Meter(), job.id)
            steps = Steps(job, self._metadata, self.presence, self._clock)
            await Carrier(work, steps, self._settings.threads, None).run(over)

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

    async def _ended_well(self, source: DataSource) -> bool:
        """Whether the last job of a data source did all that it had to; with none there is nothing to doubt."""
        last: IngestionJob | None = None
        async for job in every(self._metadata, IngestionJob, equals("data_source_id", source.id)):
            last = job
        return last is None or last.status == "COMPLETE"

    async def _run(self, claim: Claim, meter: Meter) -> IngestionJob:
        steps = Steps(claim.job, self._metadata, self.presence, self._clock)
        try:
            with first_error():
                async with asyncio.TaskGroup() as group:
                    beat = group.create_task(self._heartbeat(claim, meter))
                    await self._work(claim, steps, meter)
                    beat.cancel()
        except _Stopped:
            return await self._end(claim, steps, meter, "STOPPED")
        except Lost:  # another process took it for dead, and goes on
            return await self._metadata.get(IngestionJob, claim.job.id)
        except asyncio.CancelledError:
            ending = (
                self._leave(claim) if claim.leaving else self._end(claim, steps, meter, "STOPPED", "It was cancelled.")
            )
            await asyncio.shield(ending)
            raise
        except OutcropError as error:
            return await self._end(claim, steps, meter, "FAILED", error.message)
        except Exception as error:
            await self._end(claim, steps, meter, "FAILED", f"An unexpected error: {type(error).__name__}: {error}")
            raise
        return await self._end(claim, steps, meter, "COMPLETE")

    async def _work(self, claim: Claim, steps: Steps, meter: Meter) -> None:
        """Everything between the start and the end of the job."""
        await self._turn(claim)
        work = await self.means().work(claim.base, claim.source, meter, claim.job.id)
        check = claim.job.options.check or claim.job.resumed > 0
        known = await known_documents(self._metadata, work.store, claim.base, claim.source, check=check)

        async def listed() -> None:
            await self._change(claim, lambda job: replace(job, listed=True))

        await Lead(work, steps, known, self._settings.threads, listed).run(claim.job)

    async def _turn(self, claim: Claim) -> None:
        """Wait until no living worker leads an older job of the same knowledge base."""
        where = AllOf((equals("knowledge_base_id", claim.base.id), ANY_RUNNING))
        mine = (claim.job.created_at, claim.job.id)
        while True:
            running = [job async for job in every(self._metadata, IngestionJob, where)]
            before = [job for job in running if (job.created_at, job.id) < mine]
            if not any([not await self.presence.dead(job.holder) for job in before]):
                return
            await self.pause(TURN)

    def means(self) -> Means:
        """What jobs are done with."""
        return Means(
            metadata=self._metadata,
            adapters=self._adapters,
            settings=self._settings,
            clock=self._clock,
            pause=self.pause,
        )

    async def _heartbeat(self, claim: Claim, meter: Meter) -> None:
        """Keep the job's counts current, and see whether someone asks it to stop."""
        began, before = monotonic(), None
        while True:
            before = meter.done() if before is None and meter.found else before
            pace = _pace(meter, before or 0, monotonic() - began, listed=claim.job.listed)
            statistics = meter.statistics() if meter.found or meter.counts else claim.job.statistics
            await self._change(
                claim,
                lambda job, pace=pace, done=statistics: replace(  # type: ignore[misc]
                    job, status="IN_PROGRESS", statistics=done, pace=pace, updated_at=self._clock()
                ),
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(claim.stop.wait(), self.heartbeat)
                claim.stop.clear()

    async def _change(self, claim: Claim, change: Callable[[IngestionJob], IngestionJob]) -> None:
        """Change the record of a job that this process leads. Raises Lost where it does not, and _Stopped."""
        while True:
            job = await self._held(claim)
            if job.status == "STOPPING":
                raise _Stopped
            with suppress(Conflict):  # someone asks just now to stop it
                claim.job = await self._metadata.put(change(job), expect=job.version)
                return

    async def _held(self, claim: Claim) -> IngestionJob:
        """The record of a job that this process leads. Raises Lost."""
        try:
            job = await self._metadata.get(IngestionJob, claim.job.id)
        except NotFound as error:
            raise Lost from error
        if job.holder != self.presence.id:
            raise Lost
        return job

    async def _leave(self, claim: Claim) -> None:
        """Let another process go on with a job."""
        with suppress(OutcropError):  # else it is seen that this process is gone
            job = await self._held(claim)
            await self._metadata.put(replace(job, holder=None, updated_at=self._clock()), expect=job.version)

    async def _end(self, claim: Claim, steps: Steps, meter: Meter, status: JobStatus, *reasons: str) -> IngestionJob:
        statistics, failures = await total(steps, claim.job, self._metadata)
        meter.tell(last=True)
        while True:
            job = await self._held(claim)
            now = self._clock()
            ended = replace(
                job,
                status=status,
                statistics=statistics if statistics.scanned or statistics.deleted else job.statistics,
                failure_reasons=(*reasons, *failures),
                finished_at=now,
                updated_at=now,
                slot=None,
                holder=None,
                pace=None,
            )
            with suppress(Conflict):  # someone asks just now to stop it
                job = await self._metadata.put(ended, expect=job.version)
                await forget(job.id, self._metadata)
                return job


def _pace(meter: Meter, before: int, seconds: float, *, listed: bool) -> Pace:
    done = meter.done()
    rate = (done - before) / seconds if seconds > 0 else 0.0
    left = (meter.found - done) / rate if listed and rate > 0 else None
    return Pace(
        documents=done,
        documents_per_second=round(rate, 3),
        chunks_per_second=round(meter.counts["chunks_embedded"] / seconds, 3) if seconds > 0 else 0.0,
        seconds_left=round(left, 1) if left is not None else None,
    )
