"""SQLite by the standard library: connections that read and one that writes, each used by one thread.

SQLAlchemy is not loaded here, because importing it takes longer than all that a command does with the database.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from outcrop.core.errors import Conflict, OutcropError, Unavailable
from outcrop.store.statements import Parameters, Run

T = TypeVar("T")
BUSY_SECONDS = 60.0  # how long a writer waits for another process


class _Connection:
    """One connection and the only thread that touches it; opened on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="outcrop-metadata")
        self._opened: sqlite3.Connection | None = None

    async def __call__(self, sql: str, values: Parameters) -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""
        return await self.call(lambda connection: connection.execute(sql, values).fetchall())

    async def call(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """What a function of the connection gives, called on its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._translated, function)

    async def close(self) -> None:
        """Close the connection and end the thread."""
        if self._opened is not None:
            await self.call(lambda connection: connection.close())
        self._thread.shutdown(wait=True)

    async def here(self, sql: str, values: Parameters) -> list[tuple[Any, ...]]:
        """The same on the thread of the event loop: for what takes less time than the way to another thread."""
        return self._translated(lambda connection: connection.execute(sql, values).fetchall())

    def _translated(self, function: Callable[[sqlite3.Connection], T]) -> T:
        with _translated(self._path):
            if self._opened is None:
                self._opened = _connect(self._path)
            return function(self._opened)


class SqliteDatabase:
    """A database file, opened for one event loop; other processes may use the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = _Connection(path)
        self._looker = _Connection(path)
        self._writer = _Connection(path)
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None

    async def revision(self) -> str | None:
        """The schema's revision; None for a new database."""
        if not self.path.exists():
            return None
        found = await self._reader("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'", {})
        rows = await self._reader("SELECT version_num FROM alembic_version", {}) if found else []
        return str(rows[0][0]) if rows else None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[_Connection]:
        """What runs a statement that reads."""
        yield self._reader

    @asynccontextmanager
    async def looking_up(self) -> AsyncIterator[Run]:
        """What finds one row by its id: in WAL mode it waits for no writer, and takes some 20 microseconds."""
        yield self._looker.here

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[_Connection]:
        """What runs statements in a transaction; committed at the end, rolled back by an error."""
        task = asyncio.current_task()
        if self._owner is task:
            raise RuntimeError("This task is in a transaction: write through the store that transaction() gave.")
        async with self._lock:
            self._owner = task
            try:
                await self._writer.call(lambda connection: connection.execute("BEGIN IMMEDIATE"))
                yield self._writer
                await self._writer.call(lambda connection: connection.commit())
            except BaseException:
                await asyncio.shield(self._writer.call(_rolled_back))
                raise
            finally:
                self._owner = None

    async def close(self) -> None:
        """Close the connections."""
        await self._looker.close()
        await self._reader.close()
        await self._writer.close()


def _rolled_back(connection: sqlite3.Connection) -> None:
    """Undo what was not committed; also after a cancelled call, which may have begun a transaction all the same."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.rollback()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # what was said to be kept is kept after a power cut
    return connection


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise Conflict("Another record has the same name.") from error
    except sqlite3.OperationalError as error:
        raise Unavailable(f"The database {path} cannot be used now: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise OutcropError(f"The database {path} is damaged: {error}. Put back a copy of it.") from error
