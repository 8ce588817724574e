"""Who is alive: a worker shows it by a lock where others share its disk, and by a record that it keeps touching."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, NotFound, OutcropError
from outcrop.core.ids import NewId
from outcrop.core.protocols import MetadataStore
from outcrop.core.work import Worker

if TYPE_CHECKING:
    from filelock import BaseFileLock

BEAT = 3.0  # seconds between two signs of life
SILENCE = 20.0  # seconds without one, after which a worker of another machine is taken for dead


class Presence:
    """This process as a worker, and what it knows of the others.

    No two clocks are compared: a worker is dead where its record did not change for `SILENCE` of the observer's own
    seconds, or where its lock, on a disk that both see, is free.
    """

    def __init__(self, metadata: MetadataStore, data: Path, clock: Clock, new_id: NewId) -> None:
        self.id = f"{socket.gethostname()}-{os.getpid()}-{new_id()}"
        self.silence = SILENCE
        self.monotonic: Callable[[], float] = time.monotonic
        self._metadata = metadata
        self._locks = data / "locks"
        self._clock = clock
        self._users = 0
        self._beating: asyncio.Task[None] | None = None
        self._lock: BaseFileLock | None = None
        self._seen: dict[str, tuple[int, float]] = {}  # the version of a worker's record, and when it was first seen

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Be alive for the others for as long as this is open; several may be open at once."""
        self._users += 1
        if self._users == 1:
            await self._appear()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                await asyncio.shield(self._vanish())

    async def dead(self, holder: str | None) -> bool:
        """Whether a worker will not go on with what it holds. That which nobody holds is free."""
        if holder is None:
            return True
        if holder == self.id:
            return False
        lock = self._locks / f"worker-{holder}.lock"
        return _free(lock) if lock.exists() else await self._silent(holder)

    def beside(self, holder: str | None) -> bool:
        """Whether a worker shares this one's disk, as far as can be seen; what nobody holds is beside nobody."""
        return holder is not None and (holder == self.id or (self._locks / f"worker-{holder}.lock").exists())

    async def _silent(self, holder: str) -> bool:
        try:
            version = (await self._metadata.get(Worker, holder)).version
        except NotFound:  # it left in order
            return True
        seen = self._seen.get(holder)
        if seen is None or seen[0] != version:
            self._seen[holder] = (version, self.monotonic())
            return False
        return self.monotonic() - seen[1] > self.silence

    async def _appear(self) -> None:
        from filelock import FileLock

        self._locks.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = FileLock(self._locks / f"worker-{self.id}.lock", blocking=False)
        self._lock.acquire()
        self._sweep()
        await self._touch()
        self._beating = asyncio.create_task(self._beat(), name="signs of life")

    async def _vanish(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
            with suppress(asyncio.CancelledError):
                await self._beating
        with suppress(OutcropError):  # the lock tells too, or the silence will
            await self._metadata.delete(Worker, self.id)
        if self._lock is not None:
            self._lock.release()
            (self._locks / f"worker-{self.id}.lock").unlink(missing_ok=True)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            with suppress(OutcropError):  # the database is away; the next beat may find it
                await self._touch()

    async def _touch(self) -> None:
        now = self._clock()
        await self._metadata.put(
            Worker(id=self.id, created_at=now, updated_at=now, host=socket.gethostname(), process=os.getpid())
        )

    def _sweep(self) -> None:
        """Remove the locks that dead workers left long ago."""
        for path in self._locks.glob("worker-*.lock"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > 7 * 86_400 and _free(path):
                    path.unlink()


def _free(path: Path) -> bool:
    """Whether nobody holds a lock."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        return False
    lock.release()
    return True


class Lost(Conflict):
    """Another worker took over what this one was doing, because it seemed to be dead."""
