"""Connections to PostgreSQL: a pool that heals itself, and the server's errors in our words."""

from __future__ import annotations

from asyncio import Lock
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from outcrop.adapters.vector_stores.pgvector.options import PgvectorOptions
from outcrop.adapters.vector_stores.pgvector.schema import Server, prepared
from outcrop.core.errors import (
    Conflict,
    Denied,
    IndexBroken,
    IndexMissing,
    Invalid,
    OutcropError,
    TimedOut,
    Unavailable,
)

Connection = psycopg.AsyncConnection[TupleRow]


class Connections:
    """The connections of one store; opened on first use, in the event loop that uses them."""

    def __init__(self, name: str, address: str, options: PgvectorOptions) -> None:
        self._name = name
        self._address = address
        self._options = options
        self._pool: AsyncConnectionPool[Connection] | None = None
        self._server: Server | None = None
        self._opening = Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection in a transaction that sees one moment and changes nothing but its own settings."""
        async with self._connection() as connection:
            with translated(self._name):
                await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                try:
                    yield connection
                finally:
                    if not connection.closed:
                        await connection.rollback()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """A connection in a transaction: committed at the end, rolled back by an error."""
        async with self._connection() as connection:
            with translated(self._name):
                async with connection.transaction():
                    yield connection

    async def server(self) -> Server:
        """What the server offers; the schema is made, or brought to the newest version, before."""
        with translated(self._name):
            await self._opened()
        assert self._server is not None  # noqa: S101 # set before the pool is
        return self._server

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        with translated(self._name):
            pool = await self._opened()
            connection = await pool.getconn()
        try:
            yield connection
        finally:
            await pool.putconn(connection)

    async def _opened(self) -> AsyncConnectionPool[Connection]:
        async with self._opening:
            if self._pool is None:
                self._server = await self._prepared()
                self._pool = AsyncConnectionPool(
                    self._address,
                    min_size=1,
                    max_size=self._options.connections,
                    open=False,
                    timeout=self._options.connect_timeout,
                    reconnect_timeout=self._options.connect_timeout,
                    kwargs={"autocommit": True, "application_name": "outcrop"},
                    configure=self._configure,
                    check=AsyncConnectionPool.check_connection,  # the server may have restarted meanwhile
                    name=f"outcrop-{self._name}",
                )
                await self._pool.open()
        return self._pool

    async def _prepared(self) -> Server:
        limit = max(1, round(self._options.connect_timeout))
        try:
            connection = await psycopg.AsyncConnection.connect(
                self._address, autocommit=True, connect_timeout=limit, application_name="outcrop"
            )
        except psycopg.ProgrammingError as error:  # the address itself; its text may hold a password
            raise Invalid(f"[vector_stores.{self._name}]: the address is not one of PostgreSQL.") from error
        async with connection:
            return await prepared(connection, self._options.schema_name)

    async def _configure(self, connection: Connection) -> None:
        server = self._server
        path = [self._options.schema_name, *([server.schema] if server else []), "public"]
        names = sql.SQL(", ").join([sql.Identifier(name) for name in dict.fromkeys(path)])
        await connection.execute(sql.SQL("SET search_path TO {}").format(names))
        await connection.execute(
            # What is searched lies in memory or on a disk without moving parts; a query is too short to be compiled.
            """SELECT set_config('statement_timeout', %s, false), set_config('jit', 'off', false),
                set_config('random_page_cost', '1.1', false)""",
            (str(round(self._options.timeout * 1000)),),
        )

    async def close(self) -> None:
        """Close every connection."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()


async def rows(connection: Connection, statement: sql.SQL | sql.Composed, given: Any = ()) -> list[TupleRow]:
    """The rows that a statement gives."""
    return await (await connection.execute(statement, given)).fetchall()


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Tell PostgreSQL's errors in our words."""
    try:
        yield
    except (psycopg.Error, PoolTimeout, PoolClosed) as error:
        raise _translation(name, error) from error


_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[OutcropError], str], ...] = (
    (PoolTimeout, Unavailable, "gives no connection in time"),
    (errors.ConnectionTimeout, TimedOut, "did not answer in time"),
    (errors.QueryCanceled, TimedOut, "took longer than its time-out"),
    (errors.UndefinedTable, IndexMissing, "no longer has the index: it was dropped meanwhile"),
    (
        (errors.InsufficientPrivilege, errors.InvalidPassword, errors.InvalidAuthorizationSpecification),
        Denied,
        "refuses",
    ),
    ((errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable), Conflict, "has another writer"),
    ((errors.DiskFull, errors.OutOfMemory, errors.InsufficientResources), Unavailable, "has no room"),
    ((psycopg.OperationalError, PoolClosed, psycopg.InterfaceError), Unavailable, "cannot be reached"),
)


def _translation(name: str, error: Exception) -> OutcropError:
    for kinds, ours, words in _KINDS:
        if isinstance(error, kinds):
            return ours(f"The vector store {name} (PostgreSQL) {words}: {_said(error)}")
    return IndexBroken(f"The vector store {name} (PostgreSQL) failed: {_said(error)}")


def _said(error: Exception) -> str:
    """The server's own sentence, or the first line that the client gives; never the statement."""
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return (said or str(error).partition("\n")[0])[:300]
