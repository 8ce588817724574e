"""The store in PostgreSQL with pgvector: every change is one transaction, every search sees one moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import asdict

from psycopg import sql
from psycopg.types.json import Jsonb

from outcrop.adapters.vector_stores.pgvector import adopting, nearest, writing
from outcrop.adapters.vector_stores.pgvector.connections import Connection, Connections, rows
from outcrop.adapters.vector_stores.pgvector.filtering import Condition, condition
from outcrop.adapters.vector_stores.pgvector.options import PgvectorOptions
from outcrop.adapters.vector_stores.pgvector.rows import drafted, point_of
from outcrop.adapters.vector_stores.pgvector.schema import Tables, drop_tables, make_tables
from outcrop.adapters.vector_stores.pgvector.searching import Run
from outcrop.adapters.vector_stores.pgvector.text import coded
from outcrop.adapters.vector_stores.pgvector.writing import IndexRow
from outcrop.adapters.vector_stores.scoring import valid_index, valid_points, valid_search
from outcrop.core.chunks import DATA_SOURCE_ID, Adopted, Hit, IndexSpec, Point, Search, Traits
from outcrop.core.errors import Conflict, IndexMissing, Invalid
from outcrop.core.filters import Compare, Filter
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
        """Make an empty index; one with the same dimensions stays as it is, else Conflict.

        Of a table that is adopted, rows that others have written or removed since are read in or forgotten.
        """
        valid_index(index, adopts=True)
        made = sql.SQL(
            "INSERT INTO {} (name, dimensions, adopts) VALUES (%s, %s, %s) ON CONFLICT (name) DO NOTHING RETURNING id"
        )
        adopts = None if index.adopts is None else asdict(index.adopts)
        async with self._connections.writing() as connection:
            given = (index.name, index.dimensions, None if adopts is None else Jsonb(adopts))
            new = await rows(connection, made.format(self._indexes), given)
            if new:
                await make_tables(connection, Tables(self._schema, new[0][0]), index.dimensions)
            kept = await writing.found(connection, self._schema, index.name, lock=True)
            if kept.dimensions != index.dimensions:
                raise Conflict(f"The index {index.name} holds vectors of {kept.dimensions} dimensions.")
            if kept.adopts != adopts:
                raise Conflict(f"The index {index.name} is kept in another place: {kept.adopts}.")
            await self._read_in(connection, kept)

    async def _read_in(self, connection: Connection, index: IndexRow) -> None:
        place, tables = await self._place(connection, index), Tables(self._schema, index.number)
        if place is None:
            return
        removed = await adopting.gone(connection, place, tables)
        await writing.remove(connection, tables, Condition("p.chunk = ANY(%s::text[])", (removed,)))
        async for points in adopting.foreign(connection, place, tables):
            found = await writing.found(connection, self._schema, index.name)
            await writing.put(connection, tables, found, [drafted(point) for point in points], ())

    async def drop(self, index: str) -> None:
        """Remove an index and its tables."""
        gone = sql.SQL("DELETE FROM {} WHERE id = %s").format(self._indexes)
        async with self._connections.writing() as connection:
            try:
                found = await writing.found(connection, self._schema, index, lock=True)
            except IndexMissing:
                return
            tables = Tables(self._schema, found.number)
            await self._remove_own(connection, found, tables)
            await connection.execute(gone, (found.number,))
            await drop_tables(connection, tables)

    async def _remove_own(self, connection: Connection, index: IndexRow, tables: Tables) -> None:
        """Remove what Outcrop wrote into the table that an index adopted."""
        try:
            place = await self._place(connection, index)
        except Invalid:  # the table is gone or was changed: nothing of it is ours any more
            return
        if place is not None:
            own = condition(Compare("notEquals", DATA_SOURCE_ID, adopting.ADOPTED))
            await adopting.remove(connection, place, tables, await writing.chunks(connection, tables, own))

    async def upsert(self, index: str, points: Sequence[Point], *, sweep: Collection[str] = ()) -> None:
        """Put points by chunk id and remove the other points of the documents in `sweep`, in one transaction."""
        drafts = await asyncio.to_thread(lambda: [drafted(point) for point in points])
        async with self._connections.writing() as connection:
            found = await writing.found(connection, self._schema, index, lock=True)
            valid_points(points, found.dimensions)
            tables, place = Tables(self._schema, found.number), await self._place(connection, found)
            if place is not None:
                old = await writing.chunks(connection, tables, writing.replaced(drafts, sweep))
                await adopting.remove(connection, place, tables, old)
                await adopting.write(connection, place, points)
            await writing.put(connection, tables, found, drafts, sweep)
            found = await writing.found(connection, self._schema, index)
        if nearest.wants_index(found, self._options):
            await self._index(index)

    async def delete(self, index: str, where: Filter) -> int:
        """Remove the points that satisfy a filter; how many there were."""
        async with self._connections.writing() as connection:
            found = await writing.found(connection, self._schema, index, lock=True)
            tables, place = Tables(self._schema, found.number), await self._place(connection, found)
            if place is not None:
                old = await writing.chunks(connection, tables, condition(where))
                await adopting.remove(connection, place, tables, old)
            return await writing.remove(connection, tables, condition(where))

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

    async def _place(self, connection: Connection, index: IndexRow) -> adopting.Place | None:
        """The table that an index adopted, None for one of our own. Raises Invalid where it no longer fits."""
        if index.adopts is None:
            return None
        return await adopting.found(connection, Adopted(**index.adopts), index.dimensions)

    async def _index(self, name: str) -> None:
        """Make the index of vectors, unless another process has done so meanwhile. Writers wait, searches go on."""
        async with self._connections.writing() as connection:
            found = await writing.found(connection, self._schema, name, lock=True)
            if nearest.wants_index(found, self._options):
                tables = Tables(self._schema, found.number)
                await nearest.make_index(connection, tables, found, self._options)


def open_store(settings: Settings, store: NamedStore) -> PgvectorStore:  # noqa: ARG001 # every store is given the settings
    """The store that a table of the kind `pgvector` sets up. Raises Invalid where a key is wrong."""
    options = store.options(PgvectorOptions)
    return PgvectorStore(store.name, store.address(options), options)
