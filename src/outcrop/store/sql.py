"""The metadata store on SQLite or PostgreSQL, one schema for both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import unquote

from outcrop.core.errors import Conflict, Invalid, NotFound, Unsupported
from outcrop.core.filters import Filter
from outcrop.core.protocols import MetadataStore, Page
from outcrop.core.records import Record
from outcrop.store import codec, statements
from outcrop.store.statements import Run

R = TypeVar("R", bound=Record)
HEAD = "0001"  # the newest revision in migrations/versions; Alembic is loaded only where the database is not there


class Database(Protocol):
    """What the store needs of a database."""

    async def revision(self) -> str | None:
        """The schema's revision; None for a new database."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Run]:
        """For statements that read."""
        ...

    def looking_up(self) -> AbstractAsyncContextManager[Run]:
        """For one row by its id, which every request asks for."""
        ...

    def writing(self) -> AbstractAsyncContextManager[Run]:
        """For a transaction."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class SqlMetadata:
    """Keeps records in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, kind: type[R], id: str) -> R:
        """The record. Raises NotFound."""
        async with self._database.looking_up() as run:
            return await _get(run, kind, id)

    async def put(self, record: R, expect: int | None = None) -> R:
        """Keep a record; `expect` 0 means that it is not there yet."""
        async with self._database.writing() as run:
            return await _put(run, record, expect)

    async def delete(self, kind: type[R], id: str) -> None:
        """Remove a record."""
        async with self._database.writing() as run:
            await run(statements.delete(kind), {"id": id})

    async def page(self, kind: type[R], where: Filter | None, after: str | None, limit: int) -> Page[R]:
        """Records in order of creation, then id."""
        async with self._database.reading() as run:
            return await _page(run, kind, where, after, limit)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MetadataStore]:
        """All or nothing: changes become visible together when the context ends without an error."""
        async with self._database.writing() as run:
            inner = _Transaction(run)
            try:
                yield inner
            finally:
                inner.ended = True

    async def close(self) -> None:
        """Let go of files and connections."""
        await self._database.close()


class _Transaction:
    """The store inside of a transaction."""

    def __init__(self, run: Run, depth: int = 0) -> None:
        self._connection = run
        self._depth = depth
        self.ended = False

    @property
    def _run(self) -> Run:
        if self.ended:
            raise RuntimeError("The transaction of this store has ended.")
        return self._connection

    async def get(self, kind: type[R], id: str) -> R:
        return await _get(self._run, kind, id)

    async def put(self, record: R, expect: int | None = None) -> R:
        return await _put(self._run, record, expect)

    async def delete(self, kind: type[R], id: str) -> None:
        await self._run(statements.delete(kind), {"id": id})

    async def page(self, kind: type[R], where: Filter | None, after: str | None, limit: int) -> Page[R]:
        return await _page(self._run, kind, where, after, limit)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MetadataStore]:
        """A part that can fail alone: its error undoes only what it did."""
        name = f"inner_{self._depth}"
        await self._run(f"SAVEPOINT {name}", {})
        inner = _Transaction(self._connection, self._depth + 1)
        try:
            yield inner
        except BaseException:
            await self._run(f"ROLLBACK TO SAVEPOINT {name}", {})
            raise
        finally:
            inner.ended = True
            await self._run(f"RELEASE SAVEPOINT {name}", {})


async def _get(run: Run, kind: type[R], id: str) -> R:
    rows = await run(statements.select(kind), {"id": id})
    if not rows:
        raise NotFound(f"There is no {kind.__name__} with the id {id!r}.")
    return codec.loads(kind, rows[0][1], rows[0][0])


async def _put(run: Run, record: R, expect: int | None) -> R:
    kind, values = type(record), statements.values_of(record)
    if expect is None:
        rows = await run(statements.upsert(kind), values)
    elif expect == 0:
        rows = await run(statements.create(kind), values)
    else:
        rows = await run(statements.replace(kind), {**values, "expect": expect})
    if not rows:
        raise Conflict(f"The {kind.__name__} {record.id} changed since it was read. Read it and try again.")
    return replace(record, version=int(rows[0][0]))


async def _page(run: Run, kind: type[R], where: Filter | None, after: str | None, limit: int) -> Page[R]:
    sql, values = statements.page(kind, where, after, limit)
    rows = await run(sql, values)
    records = tuple(codec.loads(kind, body, version) for version, body in rows[:limit])
    return Page(records, statements.token(records[-1]) if len(rows) > limit else None)


async def open_metadata(address: str | Path) -> SqlMetadata:
    """The metadata store at the path of an SQLite file, or at an SQLAlchemy address (sqlite: or postgresql:).

    The schema is made or brought up to date first.

    Raises:
        Invalid: The address is of neither database.
        Unsupported: A newer Outcrop wrote the database.
    """
    database, url = _database(address)
    try:
        revision = await database.revision()
        if revision != HEAD:
            await _upgrade(url, revision)
    except BaseException:
        await database.close()
        raise
    return SqlMetadata(database)


def _database(address: str | Path) -> tuple[Database, str]:
    """The database and its address for Alembic, which works without an event loop."""
    scheme, colon, rest = str(address).partition("://")
    if not colon:
        return _sqlite(Path(address))
    if scheme in ("sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"):
        path = unquote(rest.removeprefix("/"))
        if not path or path.startswith((":memory:", "file:")):
            raise Invalid("Metadata must outlive the process: name a file, such as sqlite:////var/lib/outcrop.db.")
        return _sqlite(Path(path))
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        from outcrop.store.postgres import PostgresDatabase

        url = f"postgresql+psycopg://{rest}"
        return PostgresDatabase(url), url
    raise Invalid(f"Metadata is kept in SQLite or PostgreSQL; database_url begins with {scheme!r}.")


def _sqlite(path: Path) -> tuple[Database, str]:
    from outcrop.store.sqlite import SqliteDatabase

    return SqliteDatabase(path), f"sqlite:///{path}"


async def _upgrade(url: str, revision: str | None) -> None:
    from outcrop.store.migrations import UnknownRevision, upgrade

    try:
        await asyncio.to_thread(upgrade, url)
    except UnknownRevision as error:
        message = f"The database is of revision {revision}, which this version does not know. Update Outcrop."
        raise Unsupported(message) from error
