"""What a server that ended, or was killed, has left behind is brought to an end by the next one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from outcrop.core.errors import Conflict, NotFound
from outcrop.core.records import Chunking, DataSource, Document, IngestionJob, KnowledgeBase
from outcrop.testing.adapters import PlainReader


class EndlessReader(PlainReader):
    async def read(self, blob):
        if blob.read().startswith(b"WAIT"):
            await asyncio.Event().wait()
        return await super().read(blob)


@pytest.fixture
async def services(whole, folder):
    return whole.services(source_folders=(folder,))


@pytest.fixture
async def source(services, folder):
    base = await services.knowledge_bases.create("handbook")
    return await services.knowledge_bases.add_source(
        base, name="docs", kind="folder", configuration={"path": str(folder)}, chunking=Chunking()
    )


async def base_of(services):
    return await services.knowledge_bases.get("handbook")


async def test_a_server_that_ends_leaves_its_jobs_to_the_next(whole, services, source, folder):
    whole.reader = EndlessReader()
    services = whole.services()
    (folder / "a.txt").write_text("WAIT")
    job = await services.jobs.start(await base_of(services), source)
    await asyncio.sleep(0)
    await services.jobs.close()
    assert (await services.metadata.get(IngestionJob, job.id)).finished_at is None
    await services.jobs.close()
    whole.reader = PlainReader()
    again = whole.services()
    await again.jobs.recover()
    await again.jobs.idle()
    assert (await again.metadata.get(IngestionJob, job.id)).status == "COMPLETE"


@pytest.mark.parametrize("status", ["STARTING", "IN_PROGRESS", "STOPPING"])
@pytest.mark.parametrize("how", ["recover", "start", "sync"])
async def test_a_job_whose_process_is_gone_is_brought_to_its_end(services, source, status, how):
    moment = source.created_at
    left = IngestionJob(
        id="LEFTBEHIND",
        created_at=moment,
        updated_at=moment,
        knowledge_base_id=source.knowledge_base_id,
        data_source_id=source.id,
        status=status,
        slot=source.id,
    )
    await services.metadata.put(left)
    if how == "recover":
        await services.jobs.recover()
    elif how == "start":
        with pytest.raises(Conflict, match="being synced"):
            await services.jobs.start(await base_of(services), source)
    else:
        await services.syncs.run(await base_of(services), source)
    await services.jobs.idle()
    ended = await services.metadata.get(IngestionJob, left.id)
    assert (ended.status, ended.slot) == ("STOPPED" if status == "STOPPING" else "COMPLETE", None)


async def test_a_deletion_of_a_knowledge_base_that_was_cut_off_is_finished(whole, services, source, folder):
    (folder / "a.txt").write_text("Pumps need oil.")
    base = await base_of(services)
    await services.jobs.start(base, source)
    await services.jobs.idle()
    await services.metadata.put(replace(base, status="DELETING"))
    again = whole.services()
    await again.jobs.recover()
    await again.jobs.idle()
    for kind in (KnowledgeBase, DataSource, Document, IngestionJob):
        assert (await again.metadata.page(kind, None, None, 10)).records == ()


async def test_a_deletion_of_a_data_source_that_was_cut_off_is_finished(whole, services, source):
    await services.metadata.put(replace(source, status="DELETING"))
    again = whole.services()
    await again.jobs.recover()
    await again.jobs.idle()
    with pytest.raises(NotFound):
        await again.metadata.get(DataSource, source.id)
    assert (await base_of(again)).status == "ACTIVE"


async def test_a_job_that_runs_elsewhere_is_left_alone(whole, services, source, folder):
    whole.reader = EndlessReader()
    first = whole.services()
    (folder / "a.txt").write_text("WAIT")
    job = await first.jobs.start(await base_of(first), source)
    await services.jobs.recover()
    assert (await services.jobs.get(source, job.id)).status in ("STARTING", "IN_PROGRESS")
    await first.jobs.close()


async def test_two_attempts_to_delete_end_as_one(services, source):
    base = await base_of(services)
    await asyncio.gather(services.jobs.delete(base), services.jobs.delete(base))
    await services.jobs.idle()
    assert (await services.metadata.page(KnowledgeBase, None, None, 1)).records == ()
