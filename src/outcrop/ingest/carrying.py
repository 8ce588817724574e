"""Does the steps of a job, some at once, so that what is done is done once and what was begun can be begun again."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from outcrop.core.errors import Conflict, NotFound
from outcrop.core.protocols import Item, MetadataStore
from outcrop.core.records import Document
from outcrop.core.work import JobStep, StepStatus
from outcrop.ingest.changes import Known
from outcrop.ingest.flow import CHUNKS_IN_FLIGHT, Flow, first_error
from outcrop.ingest.progress import MAX_FAILURES, Meter
from outcrop.ingest.steps import Work, document_id
from outcrop.jobs import items
from outcrop.jobs.items import Listed
from outcrop.jobs.presence import Lost
from outcrop.jobs.steps import Steps

LANES = 3  # steps at once: while one waits for the disk or a model, another is read
IDLE = 0.25  # seconds between two looks for a step, where there is none
DEATHS = 2  # of workers at a step, after which its documents are done one by one, to find the one that ends processes
TRIES = 2  # how often a document may end the process that does no other of its step
# What was spent is counted when it is spent, whatever becomes of the step; the rest once the step is done.
SPENT = ("parsed", "chunks_embedded", "chunks_reused", "tokens_embedded", "retried")
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class InHand:
    """A step that this worker does, as it is kept now; its counts up to here."""

    step: JobStep
    meter: Meter
    before: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.before = dict(self.step.counts)

    async def journal(self, inside: MetadataStore, _: Mapping[str, int]) -> None:
        """Keep what was spent, in the transaction of the documents. Raises Lost where the step was taken over."""
        await self.put(inside, replace(self.step, counts=self._counts(SPENT)))

    async def put(self, store: MetadataStore, step: JobStep) -> None:
        """Keep another state of it. Raises Lost."""
        try:
            self.step = await store.put(step, expect=self.step.version)
        except Conflict as error:
            raise Lost from error

    def ended(self, status: StepStatus) -> JobStep:
        """The step when all is done."""
        return replace(
            self.step,
            status=status,
            holder=None,
            counts=self._counts(tuple(self.meter.counts)),
            failures=tuple(self.meter.failures[:MAX_FAILURES]),
        )

    def _counts(self, names: Sequence[str]) -> dict[str, int]:
        added = {name: self.meter.counts[name] for name in names if self.meter.counts[name]}
        return dict(Counter(self.before) + Counter(added))


class Carrier:
    """Does steps of one job, as its leader or as a hand."""

    def __init__(self, work: Work, steps: Steps, threads: int, known: Mapping[str, Known] | None) -> None:
        """`known` is what the leader knows of every document; a hand looks each of them up."""
        self._work = work
        self._steps = steps
        self._threads = threads
        self._known = known
        self._done: StepStatus = "DONE" if known is not None else "REPORTED"
        self.news = asyncio.Event()  # there is a step more, or one less

    async def run(self, over: Callable[[], Awaitable[bool]]) -> None:
        """Do steps until there is none and `over` says that none will come. Raises what fails a job."""
        with first_error():
            async with asyncio.TaskGroup() as group:
                for _ in range(LANES):
                    group.create_task(self._lane(over))

    async def _lane(self, over: Callable[[], Awaitable[bool]]) -> None:
        while True:
            step = await self._steps.claim()
            if step is not None:
                await self._carry(step)
                self.news.set()
            elif await over():
                return
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.news.wait(), IDLE)
                    self.news.clear()

    async def _carry(self, step: JobStep) -> None:
        """Do one step; what fails or is cancelled gives it back."""
        hand = InHand(step, Meter(above=self._work.meter))
        try:
            await self._do(hand)
            await hand.put(self._work.metadata, hand.ended(self._done))
        except Lost:
            _log.warning("The step %s was taken over by another worker.", step.id)
        except BaseException:
            await asyncio.shield(self._steps.release(hand.step))
            raise

    async def _do(self, hand: InHand) -> None:
        listed = items.loads(hand.step.items)
        known, done = await self._found(hand.step, listed)
        for one in listed:
            if one.item.unlisted:  # a part of the source that cannot be listed
                hand.meter.fail(one.item.name, one.item.fault.message if one.item.fault is not None else "")
        left = [one.item for one in listed if not one.item.unlisted]
        left = [item for item in left if self._id(item) not in done] if done else left
        _count(done, hand.meter)
        work = replace(self._work, meter=hand.meter, journal=hand.journal)
        if hand.step.deaths < DEATHS:
            await self._flow(work, known, left)
            return
        for item in sorted(left, key=lambda one: hand.step.tries.get(one.uri, 0)):
            await self._alone(item, hand, work, known)

    async def _alone(self, item: Item, hand: InHand, work: Work, known: Mapping[str, Known]) -> None:
        """Do a document with no other beside it in the step, so that it is known which one ends the process."""
        tries = hand.step.tries.get(item.uri, 0) + 1
        if tries > TRIES:
            work = replace(work, refused=frozenset({item.uri}))
        await hand.put(work.metadata, replace(hand.step, tries={**hand.step.tries, item.uri: tries}))
        await self._flow(work, known, [item])

    async def _flow(self, work: Work, known: Mapping[str, Known], left: Sequence[Item]) -> None:
        with first_error():
            await Flow(work, known, self._threads, CHUNKS_IN_FLIGHT // LANES).carry(_each(left))

    async def _found(self, step: JobStep, listed: Sequence[Listed]) -> tuple[Mapping[str, Known], dict[str, Document]]:
        """What is stored of the documents of a step, and those that this job has done already."""
        if self._known is not None and step.attempts == 1:
            return self._known, {}
        known: dict[str, Known] = {}
        done: dict[str, Document] = {}
        for one in listed:
            name, doubted = self._id(one.item), one.doubted or step.attempts > 1
            try:
                document = await self._work.metadata.get(Document, name)
            except NotFound:
                if doubted:  # its points may be there
                    known[name] = Known(id=name, uri=one.item.uri, in_doubt=True, recorded=False)
                continue
            if document.job_id == self._work.job_id is not None:
                done[name] = document
            known[name] = Known.of(document, in_doubt=doubted)
        return known, done

    def _id(self, item: Item) -> str:
        return document_id(self._work.source, item)


def _count(done: Mapping[str, Document], meter: Meter) -> None:
    """Count what was recorded before the worker died as it was counted then."""
    for document in done.values():
        if document.outcome == "failed":
            meter.fail(document.name, document.reason or "")
        elif document.outcome is not None:
            meter.add(document.outcome)


async def _each(left: Sequence[Item]) -> AsyncIterator[Item]:
    for item in left:
        yield item
