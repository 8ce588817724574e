"""The store in PostgreSQL with pgvector: every change is one transaction, every search sees one moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence

from psycopg import sql

from outcrop.adapters.vector_stores.pgvector import nearest, writing
from outcrop.adapters.vector_stores.pgvector.connections import Connection, Connections, rows
from outcrop.adapters.vector_stores.pgvector.filtering import condition
from outcrop.adapters.vector_stores.pgvector.options import PgvectorOptions
from outcrop.adapters.vector_stores.pgvector.rows import drafted, point_of
from outcrop.adapters.vector_stores.pgvector.schema import Tables, drop_tables, make_tables
from outcrop.adapters.vector_stores.pgvector.searching import Run
from outcrop.adapters.vector_stores.pgvector.text import coded
from outcrop.adapters.vector_stores.scoring import valid_index, valid_points, valid_search
from outcrop.core.chunks import Hit, IndexSpec, Point, Search, Traits
from outcrop.core.errors import Conflict
from outcrop.core.filters import Filter
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore

_BATCH = 500
_GET = """
    SELECT p.chunk, p.record, vector_send(v.embedding) FROM {points} p LEFT JOIN {vectors} v USING (id)
    WHERE p.chunk = ANY(%s::text[])
"""
_SCAN = """
    SELECT p.record, vector_send(v.embedding) FROM {points} p LEFT JOIN {vectors} v USING (id)
    WHERE {condition} ORDER BY p.id
"""


class PgvectorStore:
    """Indexes in one schema of a database; any number of processes and machines may use them at once."""

    traits = Traits(modes=frozenset({"hybrid", "semantic", "keyword"}), transactional=True, shared=True)

    def __init__(self, name: str, address: str, options: PgvectorOptions) -> None:
        self._options = options
        self._connections = Connections(name, address, options)

    async def create(self, index: IndexSpec) -> None:
        """Make an empty index; one with the same dimensions stays as it is, else Conflict."""
        valid_index(index)
        made = sql.SQL("INSERT INTO {} (name, dimensions) VALUES (%s, %s) ON CONFLICT (name) DO NOTHING RETURNING id")
        async with self._connections.writing() as connection:
            new = await rows(connection, made.format(self._indexes), (index.name, index.dimensions))
            if new:
                await make_tables(connection, Tables(self._schema, new[0][0]), index.dimensions)
                return
            kept = (await writing.found(connection, self._schema, index.name)).dimensions
        if kept != index.dimensions:
            raise Conflict(f"The index {index.name} holds vectors of {kept} dimensions, not {index.dimensions}.")

    async def drop(self, index: str) -> None:
        """Remove an index and its tables."""
        gone = sql.SQL("DELETE FROM {} WHERE name = %s RETURNING id").format(self._indexes)
        async with self._connections.writing() as connection:
            for (number,) in await rows(connection, gone, (coded(index),)):
                await drop_tables(connection, Tables(self._schema, number))

    async def upsert(self, index: str, points: Sequence[Point], *, sweep: Collection[str] = ()) -> None:
        """Put points by chunk id and remove the other points of the documents in `sweep`, in one transaction."""
        drafts = await asyncio.to_thread(lambda: [drafted(point) for point in points])
        async with self._connections.writing() as connection:
            found = await writing.found(connection, self._schema, index, lock=True)
            valid_points(points, found.dimensions)
            await writing.put(connection, Tables(self._schema, found.number), found, drafts, sweep)
            found = await writing.found(connection, self._schema, index)
        if nearest.wants_index(found, await self._connections.server(), self._options):
            await self._index(index)

    async def delete(self, index: str, where: Filter) -> int:
        """Remove the points that satisfy a filter; how many there were."""
        async with self._connections.writing() as connection:
            found = await writing.found(connection, self._schema, index, lock=True)
            return await writing.remove(connection, Tables(self._schema, found.number), condition(where))

    async def search(self, index: str, query: Search) -> Sequence[Hit]:
        """The best hits, best first."""
        server = await self._connections.server()
        async with self._connections.reading() as connection:
            found = await writing.found(connection, self._schema, index)
            query = query.embedded()
            valid_search(query, found.dimensions)
            tables = Tables(self._schema, found.number)
            return await Run(connection, tables, found, server, self._options, query).hits()

    async def get(self, index: str, chunk_ids: Sequence[str]) -> Sequence[Point]:
        """The points with these ids that exist, in the order asked."""
        asked = [coded(name) for name in chunk_ids]
        async with self._connections.reading() as connection:
            tables = await self._tables(connection, index)
            read = await rows(connection, sql.SQL(_GET).format(**tables.names()), (asked,))
        points = {chunk: point_of(record, vector) for chunk, record, vector in read}
        return [points[name] for name in asked if name in points]

    async def scan(self, index: str, where: Filter | None = None) -> AsyncIterator[Sequence[Point]]:
        """The points that are there as this begins, in batches, by a cursor on the server."""
        wanted = condition(where)
        async with self._connections.reading() as connection:
            tables = await self._tables(connection, index)
            statement = sql.SQL(_SCAN).format(**tables.names(), condition=sql.SQL(wanted.sql))
            async with connection.cursor("outcrop_scan") as cursor:
                await cursor.execute(statement, wanted.parameters)
                while read := await cursor.fetchmany(_BATCH):
                    yield [point_of(record, vector) for record, vector in read]

    async def count(self, index: str) -> int:
        """The number of points, parents included."""
        async with self._connections.reading() as connection:
            return (await writing.found(connection, self._schema, index)).points

    async def close(self) -> None:
        """Close every connection."""
        await self._connections.close()

    @property
    def _schema(self) -> str:
        return self._options.schema_name

    @property
    def _indexes(self) -> sql.Identifier:
        return sql.Identifier(self._schema, "indexes")

    async def _tables(self, connection: Connection, index: str) -> Tables:
        return Tables(self._schema, (await writing.found(connection, self._schema, index)).number)

    async def _index(self, name: str) -> None:
        """Make the index of vectors, unless another process has done so meanwhile. Writers wait, searches go on."""
        server = await self._connections.server()
        async with self._connections.writing() as connection:
            found = await writing.found(connection, self._schema, name, lock=True)
            if nearest.wants_index(found, server, self._options):
                tables = Tables(self._schema, found.number)
                await nearest.make_index(connection, tables, found, server, self._options)


def open_store(settings: Settings, store: NamedStore) -> PgvectorStore:  # noqa: ARG001 # every store is given the settings
    """The store that a table of the kind `pgvector` sets up. Raises Invalid where a key is wrong."""
    options = store.options(PgvectorOptions)
    return PgvectorStore(store.name, store.address(options), options)
