"""The steps of a job, as a queue that outlives every process: made, claimed, begun again after a death, done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict
from outcrop.core.filters import AllOf, Filter, equals
from outcrop.core.protocols import MetadataStore, every
from outcrop.core.records import IngestionJob
from outcrop.core.work import JobStep, StepStatus
from outcrop.jobs import items
from outcrop.jobs.items import Listed
from outcrop.jobs.presence import Presence

LOOKED_AT = 8  # steps at once, so that workers who look at the same moment find one each


class Steps:
    """The steps of one job, as one worker sees them."""

    def __init__(self, job: IngestionJob, metadata: MetadataStore, presence: Presence, clock: Clock) -> None:
        self._job = job
        self._metadata = metadata
        self._presence = presence
        self._clock = clock
        self._made = 0

    async def add(self, listed: Sequence[Sequence[Listed]], counts: Sequence[Mapping[str, int]]) -> None:
        """Put steps of documents behind the others, with what is counted of them already; all of them or none."""
        async with self._metadata.transaction() as inside:
            for some, counted in zip(listed, counts, strict=True):
                step = self.new(items=items.dumps(some), amount=len(some), counts=dict(counted))
                await inside.put(step, expect=0)

    def new(
        self, *, items: str = "[]", amount: int = 0, counts: Mapping[str, int], status: StepStatus = "READY"
    ) -> JobStep:
        """A step that is not kept yet."""
        now = self._clock()
        self._made += 1
        return JobStep(
            id=f"{self._job.id}-{self._presence.id}-{self._made:08}",
            created_at=now,
            updated_at=now,
            knowledge_base_id=self._job.knowledge_base_id,
            data_source_id=self._job.data_source_id,
            job_id=self._job.id,
            items=items,
            amount=amount,
            counts=dict(counts),
            status=status,
        )

    async def claim(self) -> JobStep | None:
        """A step to do, held by this worker: one that nobody began, else one whose worker died. None where none is."""
        page = await self._metadata.page(JobStep, self._where("READY"), None, LOOKED_AT)
        for step in page.records:
            if (held := await self._held(step)) is not None:
                return held
        async for step in every(self._metadata, JobStep, self._where("RUNNING")):
            if await self._presence.dead(step.holder) and (held := await self._held(step)) is not None:
                return held
        return None

    async def release(self, step: JobStep) -> None:
        """Give a step back that is not done."""
        try:
            await self._metadata.put(replace(step, status="READY", holder=None), expect=step.version)
        except Conflict:  # it was taken over
            return

    async def open(self) -> bool:
        """Whether there is a step that is not done."""
        return any([(await self._metadata.page(JobStep, self._where(one), None, 1)).records for one in _OPEN])

    async def reported(self) -> AsyncIterator[JobStep]:
        """The steps that others did, once each; they are DONE when they are given."""
        async for step in every(self._metadata, JobStep, self._where("REPORTED")):
            try:
                counted = await self._metadata.put(replace(step, status="DONE"), expect=step.version)
            except Conflict:  # another task of this process counts it
                continue
            yield counted

    async def all(self) -> AsyncIterator[JobStep]:
        """Every step, in the order in which they were made."""
        async for step in every(self._metadata, JobStep, equals("job_id", self._job.id)):
            yield step

    async def _held(self, step: JobStep) -> JobStep | None:
        """The step, held by this worker; None where another one was faster."""
        held = replace(
            step,
            status="RUNNING",
            holder=self._presence.id,
            attempts=step.attempts + 1,
            deaths=step.deaths + (step.status == "RUNNING"),
            updated_at=self._clock(),
        )
        try:
            return await self._metadata.put(held, expect=step.version)
        except Conflict:
            return None

    def _where(self, status: StepStatus) -> Filter:
        return AllOf((equals("job_id", self._job.id), equals("status", status)))


_OPEN: tuple[StepStatus, ...] = ("READY", "RUNNING", "REPORTED")


async def forget(job_id: str, metadata: MetadataStore) -> None:
    """Remove the steps of a job that has ended."""
    while True:
        page = await metadata.page(JobStep, equals("job_id", job_id), None, 500)
        async with metadata.transaction() as inside:
            for step in page.records:
                await inside.delete(JobStep, step.id)
        if page.after is None:
            return
