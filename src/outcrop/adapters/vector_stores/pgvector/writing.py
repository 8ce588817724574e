"""Changes to an index within one transaction: its row in `indexes` is locked first, so that writers take turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from outcrop.adapters.vector_stores.pgvector.connections import Connection, rows
from outcrop.adapters.vector_stores.pgvector.filtering import Condition
from outcrop.adapters.vector_stores.pgvector.rows import HEAD, TAIL, Draft, point_rows, vector_rows, word_rows
from outcrop.adapters.vector_stores.pgvector.schema import Tables
from outcrop.adapters.vector_stores.pgvector.text import coded
from outcrop.core.errors import IndexMissing

_FIND = """
    SELECT id, name, dimensions, next_point, points, vectors, searchable, length, method, trained, adopts
    FROM {} WHERE name = %s{}
"""
# What is removed leaves all tables, and the numbers of points that have its terms, in one statement.
_REMOVE = """
    WITH gone AS (DELETE FROM {points} p WHERE {condition} RETURNING p.id),
    unworded AS (DELETE FROM {words} w USING gone WHERE w.id = gone.id RETURNING w.length, w.terms),
    unplaced AS (DELETE FROM {vectors} v USING gone WHERE v.id = gone.id RETURNING v.id),
    fewer AS (SELECT term, count(*) AS points FROM unworded, unnest(terms) AS term GROUP BY term ORDER BY term),
    counted AS (UPDATE {terms} t SET points = t.points - fewer.points FROM fewer WHERE t.term = fewer.term)
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM unplaced),
           (SELECT count(*) FROM unworded), (SELECT coalesce(sum(length), 0)::bigint FROM unworded)
"""
_COUNT = """
    INSERT INTO {terms} AS t (term, points) SELECT * FROM unnest(%s::bigint[], %s::bigint[])
    ON CONFLICT (term) DO UPDATE SET points = t.points + excluded.points
"""
_CHANGE = """
    UPDATE {indexes} SET next_point = next_point + %s, points = points + %s, vectors = vectors + %s,
        searchable = searchable + %s, length = length + %s
    WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """An index as `indexes` has it."""

    number: int
    name: str
    dimensions: int
    next_point: int
    points: int
    vectors: int
    searchable: int
    length: int
    method: str | None  # of the index of vectors, None before there is one
    trained: int  # the vectors that there were when it was made
    adopts: Mapping[str, Any] | None  # the fields of `Adopted`


@dataclass(frozen=True, slots=True)
class Change:
    """By how much the counts of an index change."""

    points: int = 0
    vectors: int = 0
    searchable: int = 0
    length: int = 0


async def found(connection: Connection, schema: str, name: str, *, lock: bool = False) -> IndexRow:
    """The index of a name, locked against other writers where that is asked. Raises IndexMissing."""
    statement = sql.SQL(_FIND).format(sql.Identifier(schema, "indexes"), sql.SQL(" FOR UPDATE" if lock else ""))
    there = await rows(connection, statement, (coded(name),))
    if not there:
        raise IndexMissing(f"There is no vector index called {name!r}. Run a sync of the data source to build it.")
    return IndexRow(*there[0])


async def put(
    connection: Connection, tables: Tables, index: IndexRow, drafts: Sequence[Draft], sweep: Collection[str]
) -> None:
    """Put points, in the place of those with their ids and of the other points of the documents in `sweep`."""
    before = await _removed(connection, tables, replaced(drafts, sweep))
    names, first = tables.names(), index.next_point
    await _copy(connection, names["points"], point_rows(drafts, first))
    await _copy(connection, names["words"], word_rows(drafts, first))
    await _copy(connection, names["vectors"], vector_rows(drafts, first))
    having = Counter(term for draft in drafts if draft.counts is not None for term in draft.counts)
    terms = sorted(having)
    await connection.execute(sql.SQL(_COUNT).format(**names), (terms, [having[term] for term in terms]))
    after = _counts(drafts)
    change = (
        len(drafts),
        after.points - before.points,
        after.vectors - before.vectors,
        after.searchable - before.searchable,
        after.length - before.length,
    )
    await _change(connection, tables, change)


def replaced(drafts: Sequence[Draft], sweep: Collection[str]) -> Condition:
    """The points that an upsert removes first."""
    ids, swept = [draft.chunk for draft in drafts], [coded(document) for document in sweep]
    return Condition("p.chunk = ANY(%s::text[]) OR p.document = ANY(%s::text[])", (ids, swept))


async def chunks(connection: Connection, tables: Tables, condition: Condition) -> list[str]:
    """The ids, as they are kept, of the chunks that satisfy a condition."""
    statement = sql.SQL("SELECT p.chunk FROM {points} p WHERE {condition}")
    named = statement.format(**tables.names(), condition=sql.SQL(condition.sql))
    return [row[0] for row in await rows(connection, named, condition.parameters)]


async def remove(connection: Connection, tables: Tables, condition: Condition) -> int:
    """Remove the points that satisfy a condition; how many there were."""
    gone = await _removed(connection, tables, condition)
    await _change(connection, tables, (0, -gone.points, -gone.vectors, -gone.searchable, -gone.length))
    return gone.points


def _counts(drafts: Sequence[Draft]) -> Change:
    words = [draft.counts for draft in drafts if draft.counts is not None]
    vectors = sum(draft.vector is not None for draft in drafts)
    return Change(len(drafts), vectors, len(words), sum(counts.total() for counts in words))


async def _removed(connection: Connection, tables: Tables, condition: Condition) -> Change:
    statement = sql.SQL(_REMOVE).format(**tables.names(), condition=sql.SQL(condition.sql))
    (gone,) = await rows(connection, statement, condition.parameters)
    return Change(*gone)


async def _change(connection: Connection, tables: Tables, change: tuple[Any, ...]) -> None:
    statement = sql.SQL(_CHANGE).format(indexes=sql.Identifier(tables.schema, "indexes"))
    await connection.execute(statement, (*change, tables.number))


async def _copy(connection: Connection, table: sql.Composable, data: Iterable[bytes]) -> None:
    cursor = connection.cursor()
    async with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(table)) as copy:
        await copy.write(HEAD)
        for row in data:
            await copy.write(row)
        await copy.write(TAIL)
