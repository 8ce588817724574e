"""One at a time, in whatever process: locks that end with their holder, however that ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from outcrop.core.errors import Conflict
from outcrop.core.records import DataSource

FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.25  # seconds between two attempts


def lock_file(data: Path, source_id: str) -> Path:
    """The file whose lock means that a data source is being worked on."""
    return data / "locks" / f"{source_id}.lock"


@contextmanager
def locked(data: Path, source: DataSource) -> Iterator[None]:
    """Hold a data source.

    Raises:
        Conflict: Someone else does.
    """
    from filelock import FileLock, Timeout

    path = lock_file(data, source.id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(path, blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise Conflict(f"The data source {source.name} is being synced. Try again when that has ended.") from error
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def held(data: Path, name: str) -> AsyncIterator[None]:
    """Hold a lock by name (a data source's id, or a word), waiting for as long as someone else does."""
    from filelock import FileLock, Timeout

    path, pause = lock_file(data, name), FIRST_PAUSE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(path, blocking=False)
    while not lock.is_locked:
        try:
            lock.acquire()
        except Timeout:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    try:
        yield
    finally:
        lock.release()
