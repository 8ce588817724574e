"""PostgreSQL by SQLAlchemy's async engine and psycopg 3."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from outcrop.core.errors import Conflict, Invalid, MissingDependency, Unavailable
from outcrop.store.statements import Parameters


class _Runner:
    """Runs statements on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def __call__(self, sql: str, values: Parameters) -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""
        with _translated():
            result = await self._connection.execute(text(sql), dict(values))
            return [tuple(row) for row in result.fetchall()] if result.returns_rows else []


class PostgresDatabase:
    """A database on a server, through a pool of connections."""

    def __init__(self, url: str) -> None:
        if find_spec("psycopg") is None:
            raise MissingDependency("PostgreSQL needs psycopg. Install it with: pip install 'outcrop[postgres]'")
        try:
            self._engine = create_async_engine(url, pool_pre_ping=True)
        except ArgumentError as error:
            raise Invalid("The database_url is not an SQLAlchemy address of PostgreSQL.") from error

    async def revision(self) -> str | None:
        """The schema's revision; None for a new database."""
        async with self.reading() as run:
            rows = await run("SELECT to_regclass('alembic_version') IS NOT NULL", {})
            found = await run("SELECT version_num FROM alembic_version", {}) if rows[0][0] else []
        return str(found[0][0]) if found else None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[_Runner]:
        """What runs statements that read."""
        with _translated():
            connection = await self._engine.connect()
        try:
            yield _Runner(connection)
        finally:
            await connection.close()

    looking_up = reading

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[_Runner]:
        """What runs statements in a transaction; committed at the end, rolled back by an error."""
        with _translated():
            connection = await self._engine.connect()
        try:
            yield _Runner(connection)
            with _translated():
                await connection.commit()
        finally:
            await connection.close()  # what was not committed is rolled back

    async def close(self) -> None:
        """Close the pool."""
        await self._engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict("Another record has the same name.") from error
    except DBAPIError as error:
        raise Unavailable(f"The database cannot be used now: {error.orig}.") from error
