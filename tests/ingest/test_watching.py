"""A folder that changes is synced at once, and again where it changed while a job ran."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from outcrop.adapters.sources.folder import open_source
from outcrop.adapters.sources.folder_watch import changes, state
from outcrop.core.errors import Conflict
from outcrop.core.records import DataSource, IngestionJob, KnowledgeBase
from outcrop.ingest.watching import Pauses, Watcher
from outcrop.store.memory import MemoryMetadata

NOW = datetime(2026, 1, 31, tzinfo=UTC)
STAMPS = {"created_at": NOW, "updated_at": NOW}


class Adapters:
    def source(self, source):
        return open_source(source.configuration)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    return tmp_path / "docs"


@pytest.fixture
async def metadata(folder):
    store = MemoryMetadata()
    await store.put(KnowledgeBase(id="B", name="b", embedding_model="m", dimensions=3, index="i", **STAMPS), expect=0)
    configuration = {"path": str(folder)}
    source = DataSource(
        id="S", knowledge_base_id="B", name="docs", kind="folder", configuration=configuration, **STAMPS
    )
    await store.put(source, expect=0)
    return store


def job():
    return IngestionJob(id="J", knowledge_base_id="B", data_source_id="S", status="COMPLETE", **STAMPS)


@pytest.fixture
async def watched(metadata):
    """A watcher over the data source, and the queue of the jobs that it starts; the first meets one that runs."""
    started, busy = asyncio.Queue(), []

    async def start(base, source):
        if busy:
            busy.pop()
            raise Conflict
        started.put_nowait((base.id, source.id))

    watcher = Watcher(metadata, Adapters(), start, Pauses(look=0.05, again=0.05))
    task = asyncio.create_task(watcher.run())
    yield watcher, started, busy
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 # the watcher tells nobody
            await asyncio.sleep(0.02)


async def change_until(started, path):
    """Write until the watch, which may have begun a moment later, has seen it."""
    async with asyncio.timeout(20):
        while started.empty():
            path.write_text("x" * (len(path.read_text()) + 1 if path.exists() else 1))
            await asyncio.sleep(1.2)
    return started.get_nowait()


async def test_a_change_begins_a_job_and_one_during_a_job_another_when_that_has_ended(metadata, watched, folder):
    watcher, started, busy = watched
    await metadata.put(job(), expect=0)
    await until(lambda: watcher._watched)
    busy.append(True)
    assert await change_until(started, folder / "deep" / "a.txt") == ("B", "S")
    assert not busy


async def test_what_was_never_synced_is_not_watched_and_what_is_gone_no_longer(metadata, watched):
    watcher, _, _ = watched
    await asyncio.sleep(0.2)
    assert not watcher._watched
    await metadata.put(job(), expect=0)
    await until(lambda: watcher._watched)
    await metadata.delete(DataSource, "S")
    await until(lambda: not watcher._watched)


async def test_without_the_package_the_folder_is_looked_at(folder):
    signs = changes(folder, polling=True, pause=0.02)
    waiting = asyncio.ensure_future(anext(signs))
    await asyncio.sleep(0.1)
    (folder / "deep" / "a.txt").write_text("x")
    async with asyncio.timeout(10):
        await waiting
    await signs.aclose()


def test_the_state_of_a_folder_changes_with_anything_below_it(folder):
    seen = {state(folder)}
    (folder / "a.txt").write_text("1")
    seen.add(state(folder))
    (folder / "a.txt").write_text("22")
    seen.add(state(folder))
    (folder / "a.txt").rename(folder / "deep" / "a.txt")
    seen.add(state(folder))
    (folder / "deep" / "a.txt").unlink()
    seen.add(state(folder))
    (folder / "deep").rmdir()
    seen.add(state(folder))
    assert len(seen) >= 5
    assert state(folder / "nothing") not in seen
