"""A worker is dead where its lock is free, or where it was silent for long enough."""

from __future__ import annotations

import pytest

from outcrop.core.clock import now
from outcrop.core.ids import new_id
from outcrop.core.work import Worker
from outcrop.jobs.presence import Presence
from outcrop.store.memory import MemoryMetadata


@pytest.fixture
def metadata():
    return MemoryMetadata()


def presence(metadata, path):
    return Presence(metadata, path, now, new_id)


async def test_a_worker_on_the_same_disk_is_alive_while_it_is_shown(metadata, tmp_path):
    one, other = presence(metadata, tmp_path), presence(metadata, tmp_path)
    async with one.shown():
        assert not await other.dead(one.id)
        assert other.beside(one.id)
    assert await other.dead(one.id)
    assert not other.beside(one.id)


async def test_a_worker_that_is_shown_twice_is_alive_until_both_end(metadata, tmp_path):
    one, other = presence(metadata, tmp_path), presence(metadata, tmp_path)
    async with one.shown():
        async with one.shown():
            pass
        assert not await other.dead(one.id)


async def test_the_lock_of_a_process_that_died_is_free_at_once(metadata, tmp_path):
    one, other = presence(metadata, tmp_path), presence(metadata, tmp_path)
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / f"worker-{one.id}.lock").touch()
    await metadata.put(worker(one.id))
    assert await other.dead(one.id)


async def test_a_worker_of_another_machine_is_dead_after_a_silence(metadata, tmp_path):
    seconds = [0.0]
    other = presence(metadata, tmp_path)
    other.monotonic = lambda: seconds[0]
    await metadata.put(worker("far-1-A"))
    assert not await other.dead("far-1-A")
    seconds[0] = other.silence
    assert not await other.dead("far-1-A")
    seconds[0] = other.silence + 1
    assert await other.dead("far-1-A")


async def test_a_sign_of_life_ends_a_silence(metadata, tmp_path):
    seconds = [0.0]
    other = presence(metadata, tmp_path)
    other.monotonic = lambda: seconds[0]
    await metadata.put(worker("far-1-A"))
    await other.dead("far-1-A")
    seconds[0] = other.silence + 1
    await metadata.put(worker("far-1-A"))
    assert not await other.dead("far-1-A")


async def test_what_nobody_holds_is_free_and_oneself_is_alive(metadata, tmp_path):
    one = presence(metadata, tmp_path)
    assert await one.dead(None)
    assert not await one.dead(one.id)


def worker(name):
    return Worker(id=name, created_at=now(), updated_at=now(), host="far", process=1)
