"""Leads one ingestion job: lists the source into steps, has them done, and removes what the source no longer has."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from outcrop.core.errors import NotFound, OutcropError, Unavailable
from outcrop.core.protocols import Item, MayBeEmpty, MetadataStore
from outcrop.core.records import DataSource, Document, IngestionJob, Statistics, SyncOptions
from outcrop.core.work import JobStep
from outcrop.ingest.carrying import Carrier
from outcrop.ingest.changes import Known, vanished
from outcrop.ingest.embedding import embedded
from outcrop.ingest.flow import first_error
from outcrop.ingest.progress import MAX_FAILURES
from outcrop.ingest.reuse import kept
from outcrop.ingest.steps import document_id, id_at
from outcrop.ingest.work import Work
from outcrop.ingest.writing import remove, write
from outcrop.jobs import items
from outcrop.jobs.items import Listed
from outcrop.jobs.steps import Steps

STEP_ITEMS = 64  # at most in a step
STEP_BYTES = 16 * 2**20  # of documents in a step, unless one alone has more
KEPT_AT_ONCE = 8  # steps in one transaction
LONGEST_WAIT = 1.0  # seconds that a listed document waits for its step to be full


class TooManyDeletions(OutcropError):
    """A sync would delete more documents than its data source allows. Look at the source, or allow it."""

    kind = "conflict"


@dataclass(slots=True)
class Seen:
    """What the list has shown so far."""

    ids: set[str] = field(default_factory=set)
    unlisted: list[str] = field(default_factory=list)  # addresses of parts that could not be listed

    def add(self, item: Item, source: DataSource) -> bool:
        """Take an item; False for one that was there before."""
        if item.unlisted:
            if item.uri in self.unlisted:
                return False
            self.unlisted.append(item.uri)
            return True
        name = document_id(source, item)
        if name in self.ids:
            return False
        self.ids.add(name)
        return True


@dataclass(slots=True)
class _Pile:
    """Steps that are being filled."""

    full: list[list[Listed]] = field(default_factory=list)
    filling: list[Listed] = field(default_factory=list)
    size: int = 0
    kept_at: float = field(default_factory=time.monotonic)

    def add(self, listed: Listed) -> None:
        """Take one."""
        if self.filling and (self.size + listed.item.size > STEP_BYTES or len(self.filling) >= STEP_ITEMS):
            self.full.append(self.filling)
            self.filling, self.size = [], 0
        self.filling.append(listed)
        self.size += listed.item.size

    def due(self, kept: int) -> bool:
        """Whether it is time to keep them: soon at first, then more at a time."""
        return len(self.full) >= min(KEPT_AT_ONCE, kept + 1) or time.monotonic() - self.kept_at > LONGEST_WAIT

    def taken(self) -> list[list[Listed]]:
        """All of them; the pile is empty then."""
        some = [*self.full, *([self.filling] if self.filling else [])]
        self.full, self.filling, self.size, self.kept_at = [], [], 0, time.monotonic()
        return some


class Lead:
    """One job, led by this process. `listed` is called once all that the source has is in steps."""

    def __init__(
        self,
        work: Work,
        steps: Steps,
        known: Mapping[str, Known],
        threads: int,
        listed: Callable[[], Awaitable[None]],
    ) -> None:
        self._work = work
        self._steps = steps
        self._known = known
        self._doubts = {one.id for one in known.values() if one.in_doubt}
        self._carrier = Carrier(work, steps, threads, known)
        self._tell_listed = listed
        self._seen = Seen()
        self._listed = False

    async def run(self, job: IngestionJob) -> None:
        """Bring the index in step with the source, from wherever the job is.

        Raises:
            Unavailable: The source cannot be listed, or lists nothing where it had documents before.
            TooManyDeletions: More is gone than the data source allows.
            OutcropError: The embedding model or a store failed.
        """
        async for step in self._steps.all():
            self._recall(step)
        self._listed = job.listed
        with first_error():
            async with asyncio.TaskGroup() as group:
                if not job.listed:
                    group.create_task(self._list(job.options))
                group.create_task(self._carrier.run(self._over))
        await self.count_reported()
        await self._keep_unseen()
        await remove(self._gone(), replace(self._work, journal=self._removed))

    async def _keep_unseen(self) -> None:
        """Take over into a new index what is in parts of the source that could not be listed."""
        for known in list(self._known.values()):
            if known.replaced and known.id not in self._seen.ids and known.uri.startswith(tuple(self._seen.unlisted)):
                prepared = await kept(known, self._work)
                async for batch in embedded([prepared] if prepared is not None else [], self._work):
                    await write(batch, self._work)

    async def count_reported(self) -> None:
        """Count what other workers have done."""
        async for step in self._steps.reported():
            self._absorb(step)

    async def _removed(self, inside: MetadataStore, counts: Mapping[str, int]) -> None:
        """Keep what was deleted as a step of its own, in the transaction that deletes it."""
        await inside.put(self._steps.new(counts=counts, status="DONE"), expect=0)

    def _recall(self, step: JobStep) -> None:
        """Take a step that was made before the job was begun again."""
        self._work.meter.found += step.amount
        for one in items.loads(step.items):
            self._seen.add(one.item, self._work.source)
        if step.status in {"DONE", "REPORTED"}:
            self._absorb(step)

    def _absorb(self, step: JobStep) -> None:
        for name, amount in step.counts.items():
            self._work.meter.note(name, amount)
        self._work.meter.failures.extend(step.failures)

    async def _over(self) -> bool:
        """Whether no step will come any more."""
        await self.count_reported()
        return self._listed and not await self._steps.open()

    async def _list(self, options: SyncOptions) -> None:
        pile, kept = _Pile(), 0
        async for item in self._work.place.list(None):
            if self._seen.add(item, self._work.source):
                self._work.meter.found += 1
                pile.add(Listed(item=item, doubted=self._doubted(item)))
            if pile.due(kept):
                kept += await self._keep(pile)
        self._check_deletions(options)
        await self._keep(pile)
        await self._tell_listed()
        self._listed = True
        self._carrier.news.set()

    async def _keep(self, pile: _Pile) -> int:
        listed = pile.taken()
        if listed:
            await self._steps.add(listed, [_listing_counts(some) for some in listed])
            self._carrier.news.set()
        return len(listed)

    def _doubted(self, item: Item) -> bool:
        return bool(self._doubts) and document_id(self._work.source, item) in self._doubts

    def _gone(self) -> list[Known]:
        return vanished(self._known.values(), self._seen.ids, self._seen.unlisted)

    def _check_deletions(self, options: SyncOptions) -> None:
        """Raise unless what is gone may be gone: a drive may be missing, a folder may have been moved."""
        source, place = self._work.source, self._work.place
        searchable = sum(one.searchable for one in self._known.values())
        allow_empty = options.allow_empty or (isinstance(place, MayBeEmpty) and place.allow_empty)
        if not allow_empty and not self._work.meter.found and searchable:
            raise Unavailable(
                f"The source {source.name} lists nothing now; documents indexed of it: {searchable}. Nothing "
                "was removed: a drive may be missing. If it was emptied on purpose, sync with --allow-empty."
            )
        limit, gone = source.deletion_limit, sum(one.searchable for one in self._gone())
        if limit is not None and not options.allow_deletions and gone * 100 > limit * searchable:
            raise TooManyDeletions(
                f"{gone} of the {searchable} documents indexed of {source.name} are gone from it, which is more than "
                f"its deletion limit of {limit} %. Nothing was removed. If that is right, sync with --allow-deletions, "
                "or raise the limit of the data source."
            )


async def total(steps: Steps, job: IngestionJob, metadata: MetadataStore) -> tuple[Statistics, list[str]]:
    """What the steps of a job count together, and its first failures in a few lines.

    Of a step that is not done those documents count that are recorded.
    """
    counts: Counter[str] = Counter()
    failures: list[str] = []
    async for step in steps.all():
        counts.update({**step.counts, "scanned": step.amount})
        if step.status not in {"DONE", "REPORTED"}:
            counts.update(await _recorded(step, job, metadata))
        failures.extend(step.failures[: MAX_FAILURES - len(failures)])
    more = counts["failed"] - len(failures)
    return Statistics(**counts), [*failures, *([f"... and {more} more."] if more > 0 else [])]


async def _recorded(step: JobStep, job: IngestionJob, metadata: MetadataStore) -> Counter[str]:
    """The documents of a step that its job has done, by what became of them."""
    counts: Counter[str] = Counter()
    for one in items.loads(step.items):
        with suppress(NotFound):
            document = await metadata.get(Document, id_at(job.data_source_id, one.item.uri))
            if document.job_id == job.id and document.outcome is not None:
                counts[document.outcome] += 1
    return counts


def _listing_counts(listed: list[Listed]) -> dict[str, int]:
    described = sum(bool(one.item.metadata) or not one.item.described for one in listed)
    return {"metadata_scanned": described} if described else {}
