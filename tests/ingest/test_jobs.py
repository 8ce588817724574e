"""Ingestion jobs in the background: taken over from the dead, in turn, by schedule, and never for ever."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.core.errors import Conflict, Throttled, Unavailable, Unreadable
from outcrop.core.filters import equals
from outcrop.core.protocols import every
from outcrop.core.records import DataSource, IngestionJob
from outcrop.core.work import JobStep
from outcrop.ingest import retries
from outcrop.ingest.carrying import TRIES
from outcrop.ingest.jobs import Jobs
from outcrop.ingest.leading import STEP_ITEMS
from outcrop.ingest.sync import Options, Syncs
from outcrop.jobs.steps import Steps
from outcrop.testing.fakes import TokenHashEmbedder


@pytest.fixture
async def jobs(house):
    house.syncs.heartbeat = house_pause = 0.01
    house.syncs.pause = lambda _: asyncio.sleep(house_pause)
    jobs = Jobs(house.metadata, house.bases, house.syncs)
    yield jobs
    await jobs.close()


async def all_jobs(house):
    return [one async for one in every(house.metadata, IngestionJob, None)]


class Gate(TokenHashEmbedder):
    """Waits in the middle of a sync until the test lets it go on."""

    def __init__(self):
        super().__init__(16)
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    async def embed(self, texts, purpose):
        self.reached.set()
        await self.open.wait()
        return await super().embed(texts, purpose)


async def left(house, **fields):
    """A job as a process that died left it."""
    job = await house.syncs.begin(house.source, Options())
    return await house.metadata.put(replace(job, status="IN_PROGRESS", holder=None, **fields))


async def test_a_job_that_a_process_left_is_finished_by_the_one_that_looks(house, jobs):
    house.write("a.txt", "Pumps need oil.")
    job = await left(house)
    await jobs.look()
    await jobs.idle()
    ended = await jobs.get(house.source, job.id)
    assert (ended.status, ended.resumed, ended.statistics.indexed) == ("COMPLETE", 1, 1)


async def test_a_job_of_a_closed_process_goes_on_and_counts_everything_once(house, jobs):
    for number in range(STEP_ITEMS + 5):
        house.write(f"{number:03}.txt", f"Pump {number} needs oil.")
    gate = house.adapters.given_embedder = Gate()
    job = await jobs.start(house.base, house.source)
    await gate.reached.wait()
    await jobs.close()
    paused = await jobs.get(house.source, job.id)
    assert (paused.status, paused.holder) == ("IN_PROGRESS", None)
    gate.open.set()
    await jobs.look()
    await jobs.idle()
    ended = await jobs.get(house.source, job.id)
    assert (ended.status, ended.statistics.indexed, ended.statistics.scanned) == ("COMPLETE", 69, 69)
    assert (await house.verify()).ok


async def test_the_steps_of_a_job_that_has_ended_are_gone(house, jobs):
    house.write("a.txt", "Pumps need oil.")
    await jobs.start(house.base, house.source)
    await jobs.idle()
    assert [one async for one in every(house.metadata, JobStep, None)] == []


async def test_a_living_job_is_not_taken_over_and_not_begun_twice(house, jobs):
    house.write("a.txt", "Pumps need oil.")
    gate = house.adapters.given_embedder = Gate()
    await jobs.start(house.base, house.source)
    await gate.reached.wait()
    with pytest.raises(Conflict, match="being synced"):
        await jobs.start(house.base, house.source)
    await jobs.look()
    assert [one.resumed for one in await all_jobs(house)] == [0]
    gate.open.set()
    await jobs.idle()


async def test_a_job_that_nobody_leads_is_stopped_when_asked(house, jobs):
    house.write("a.txt", "Pumps need oil.")
    job = await left(house)
    await jobs.stop(house.source, job.id)
    await jobs.idle()
    assert (await jobs.get(house.source, job.id)).status == "STOPPED"


async def test_two_data_sources_of_a_knowledge_base_are_synced_one_after_the_other(house, jobs, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.txt").write_text("Valves need none.")
    house.write("a.txt", "Pumps need oil.")
    gate = house.adapters.given_embedder = Gate()
    more = await house.bases.add_source(
        house.base, name="more", kind="folder", configuration={"path": str(tmp_path / "more")}
    )
    first = await jobs.start(house.base, house.source)
    await gate.reached.wait()
    second = await jobs.start(house.base, more)
    assert (await jobs.get(house.source, first.id)).status == "IN_PROGRESS"
    gate.open.set()
    await jobs.idle()
    ended = [await jobs.get(house.source, first.id), await jobs.get(more, second.id)]
    assert [one.status for one in ended] == ["COMPLETE", "COMPLETE"]
    assert ended[0].finished_at < ended[1].finished_at


async def test_two_knowledge_bases_are_synced_at_the_same_time(house, jobs, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.txt").write_text("Valves need none.")
    other = await house.bases.create("other")
    configuration = {"path": str(tmp_path / "more")}
    more = await house.bases.add_source(other, name="more", kind="folder", configuration=configuration)
    house.write("a.txt", "Pumps need oil.")
    gates = [Gate(), Gate()]
    house.adapters.given_embedder = gates[0]
    await jobs.start(house.base, house.source)
    await gates[0].reached.wait()
    house.adapters.given_embedder = gates[1]
    await jobs.start(other, more)
    await gates[1].reached.wait()  # though the first is not done
    for gate in gates:
        gate.open.set()
    await jobs.idle()
    assert [one.status for one in await all_jobs(house)] == ["COMPLETE", "COMPLETE"]


async def test_a_document_that_ends_every_process_fails_with_the_reason(house, jobs):
    house.write("a.txt", "Pumps need oil.")
    house.write("b.txt", "Valves need none.")
    job = await left(house, listed=False)
    claim = await house.syncs.adopt(job)
    claim.held.close()
    steps = Steps(claim.job, house.metadata, house.syncs.presence, house.syncs.means().clock)
    await house.sync_listing(steps)
    (step,) = [one async for one in steps.all()]
    lethal = (house.folder / "b.txt").as_uri()
    await house.metadata.put(
        replace(step, status="RUNNING", holder="gone-1-A", attempts=4, deaths=4, tries={lethal: TRIES})
    )
    await house.metadata.put(replace(claim.job, holder=None, listed=True, version=0))
    await jobs.look()
    await jobs.idle()
    ended = await jobs.get(house.source, job.id)
    documents = await house.documents()
    assert (ended.statistics.indexed, ended.statistics.failed) == (1, 1)
    assert (documents["b.txt"].status, documents["b.txt"].reason_code) == ("FAILED", "lethal")
    again = await house.sync()
    assert (again.statistics.failed, again.statistics.parsed) == (1, 0)  # not begun again while it is the same
    house.write("b.txt", "Valves need none now.")
    assert (await house.sync()).statistics.indexed == 1


async def test_more_deletions_than_the_limit_stop_the_sync_and_ask(house):
    for number in range(4):
        house.write(f"{number}.txt", f"Pump {number} needs oil.")
    house.source = await house.bases.change_source(house.base, replace(house.source, deletion_limit=25))
    await house.sync()
    house.remove("0.txt")
    house.remove("1.txt")
    job = await house.sync()
    assert job.status == "FAILED"
    assert "2 of the 4 documents" in job.failure_reasons[0]
    assert "--allow-deletions" in job.failure_reasons[0]
    assert len(await house.documents()) == 4
    assert (await house.sync(allow_deletions=True)).statistics.deleted == 2


async def test_as_many_deletions_as_the_limit_are_done(house):
    for number in range(4):
        house.write(f"{number}.txt", f"Pump {number} needs oil.")
    house.source = await house.bases.change_source(house.base, replace(house.source, deletion_limit=25))
    await house.sync()
    house.remove("0.txt")
    assert (await house.sync()).statistics.deleted == 1


class Busy(TokenHashEmbedder):
    """Refuses so many times."""

    def __init__(self, times):
        super().__init__(16)
        self.left = times

    async def embed(self, texts, purpose):
        if self.left:
            self.left -= 1
            raise Throttled("Too many requests.", 3.0)
        return await super().embed(texts, purpose)


async def test_a_throttled_model_is_asked_again_after_as_long_as_it_says(house):
    waits = []

    async def pause(seconds):
        waits.append(seconds)

    house.syncs.pause = pause
    house.write("a.txt", "Pumps need oil.")
    house.adapters.given_embedder = Busy(2)
    job = await house.sync()
    assert (job.status, job.statistics.retried) == ("COMPLETE", 2)
    assert [one >= 3.0 for one in waits] == [True, True]


async def test_a_model_that_stays_throttled_fails_the_job_after_a_bounded_time(house):
    waits = []

    async def pause(seconds):
        waits.append(seconds)

    house.syncs.pause = pause
    house.write("a.txt", "Pumps need oil.")
    house.adapters.given_embedder = Busy(1000)
    job = await house.sync()
    assert (job.status, job.failure_reasons) == ("FAILED", ("Too many requests.",))
    assert len(waits) == retries.EMBEDDINGS - 1


class _Shaky:
    """A source over a network that gives a document at the third attempt."""

    def __init__(self, inner):
        self.inner, self.failures = inner, 2

    def list(self, since):
        return self.inner.list(since)

    async def fetch(self, item):
        if self.failures:
            self.failures -= 1
            raise Unreadable("unreachable", "The source does not answer.")
        return await self.inner.fetch(item)


async def test_a_document_that_its_source_cannot_give_now_is_asked_for_again(house):
    async def pause(_):
        return

    house.syncs.pause = pause
    house.write("a.txt", "Pumps need oil.")
    shaky, made = _Shaky(house.adapters.source(house.source)), house.adapters.source
    house.adapters.source = lambda source: shaky if source.kind == "far" else made(source)
    await house.metadata.put(replace(house.source, kind="far"))
    job = await house.sync()
    assert (job.status, job.statistics.indexed, job.statistics.retried) == ("COMPLETE", 1, 2)


async def test_what_is_due_is_synced_once_and_then_not_until_it_is_due_again(house, jobs):
    house.write("a.txt", "Pumps need oil.")
    old = house.source.created_at - timedelta(hours=2)
    await house.metadata.put(replace(house.source, created_at=old))
    await jobs.start_due()
    await jobs.idle()
    assert [one.description for one in await all_jobs(house)] == ["By its schedule."]
    await jobs.start_due()
    await jobs.idle()
    assert len(await all_jobs(house)) == 1


async def test_a_data_source_without_a_schedule_is_never_due(house, jobs):
    old = house.source.created_at - timedelta(days=200)
    await house.metadata.put(replace(house.source, created_at=old, schedule="never"))
    await jobs.start_due()
    await jobs.idle()
    assert await all_jobs(house) == []


async def test_a_job_whose_index_is_on_another_machine_is_left_to_that(house, jobs):
    house.write("a.txt", "Pumps need oil.")
    job = await left(house)
    await house.store.drop(house.base.index)
    await jobs.look()
    await jobs.idle()
    assert (await jobs.get(house.source, job.id)).status == "IN_PROGRESS"


async def test_the_pace_of_a_job_is_kept_while_it_runs(house, jobs):
    for number in range(3):
        house.write(f"{number}.txt", f"Pump {number} needs oil.")
    gate = house.adapters.given_embedder = Gate()
    job = await jobs.start(house.base, house.source)
    await gate.reached.wait()
    while (seen := await jobs.get(house.source, job.id)).pace is None or not seen.listed:  # noqa: ASYNC110 # a record
        await asyncio.sleep(0)
    assert seen.pace.documents == 0
    gate.open.set()
    await jobs.idle()
    assert (await jobs.get(house.source, job.id)).pace is None


async def test_the_jobs_of_two_processes_share_the_steps(house, jobs):
    """One leads, the other assists; together they do each document once."""
    for number in range(STEP_ITEMS * 5):
        house.write(f"{number:03}.txt", f"Pump {number} needs oil.")
    gate = house.adapters.given_embedder = Gate()
    job = await jobs.start(house.base, house.source)
    await gate.reached.wait()
    parts = (house.metadata, house.adapters, house.settings, house.syncs.means().clock)
    other = Syncs(*parts, lambda: "OTHER")
    while not (await jobs.get(house.source, job.id)).listed:  # noqa: ASYNC110 # a record
        await asyncio.sleep(0)
    assisting = asyncio.create_task(other.assist(await jobs.get(house.source, job.id)))
    while not await held_by(house, other):  # noqa: ASYNC110 # a record
        await asyncio.sleep(0)
    gate.open.set()
    await asyncio.gather(assisting, jobs.idle())
    ended = await jobs.get(house.source, job.id)
    assert (ended.status, ended.statistics.indexed, ended.statistics.chunks_embedded) == ("COMPLETE", 320, 320)
    assert (await house.verify()).ok


async def held_by(house, syncs):
    running = [one async for one in every(house.metadata, JobStep, equals("status", "RUNNING"))]
    return [one for one in running if one.holder == syncs.presence.id]


class _Away(MemoryVectorStore):
    async def upsert(self, index, points, *, sweep=()):
        raise Unavailable("The store is away.")


async def test_a_store_that_fails_ends_the_job_with_its_reason(tmp_path, make_house):
    house = await make_house(tmp_path, _Away()).open()
    house.write("a.txt", "Pumps need oil.")
    job = await house.sync()
    assert (job.status, job.failure_reasons) == ("FAILED", ("The store is away.",))
    assert (await house.metadata.get(DataSource, house.source.id)).status == "AVAILABLE"
