"""A table that someone else made, adopted by a field mapping as Bedrock's RDS configuration has it.

Outcrop's own tables are the index: the adopted one has no terms, no documents and no place for most of a chunk. Each
change is made to both in one transaction, so that whoever reads the table sees what is searched. Rows that others wrote
are read in when a sync begins; rows that Outcrop wrote bear `x-outcrop-chunk-id` in their metadata.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from uuid import UUID

from psycopg import sql

from outcrop.adapters.vector_stores.pgvector.connections import Connection, rows
from outcrop.adapters.vector_stores.pgvector.rows import vector_of, vector_text
from outcrop.adapters.vector_stores.pgvector.schema import Tables
from outcrop.adapters.vector_stores.pgvector.text import coded, decoded
from outcrop.core.chunks import DATA_SOURCE_ID, SOURCE_URI, Adopted, Chunk, Point
from outcrop.core.errors import Invalid

ADOPTED = "adopted"  # the data source of rows that others wrote
MARK = "x-outcrop-chunk-id"
_BATCH = 500
_KEYS = ("uuid", "text", "character varying")
_TEXTS = ("text", "character varying")
_METADATA = ("json", "jsonb", *_TEXTS)
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, NULL), a.atttypmod FROM pg_attribute a
    WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
"""
_FOREIGN = """
    SELECT t.{key}::text, t.{text}, t.{metadata}::text, {custom}, vector_send(t.{vector}) FROM {table} t
    WHERE t.{text} IS NOT NULL AND t.{vector} IS NOT NULL AND strpos(coalesce(t.{metadata}::text, ''), %s) = 0
        AND NOT EXISTS (SELECT FROM {points} p WHERE p.chunk = t.{key}::text)
    LIMIT %s
"""
_GONE = """
    SELECT p.chunk FROM {points} p WHERE p.fields @> %s::jsonb
        AND NOT EXISTS (SELECT FROM {table} t WHERE t.{key}::text = p.chunk)
"""


@dataclass(frozen=True, slots=True)
class Place:
    """The adopted table: its name, and the column and type of each field."""

    table: sql.Identifier
    columns: Mapping[str, str]
    types: Mapping[str, str]

    def names(self, tables: Tables) -> dict[str, sql.Composable]:
        """The names as parts of statements."""
        columns = {field: sql.Identifier(column) for field, column in self.columns.items()}
        custom: sql.Composable = sql.SQL("NULL")
        if "custom_metadata" in columns:
            custom = sql.SQL("t.{}::text").format(columns["custom_metadata"])
        return {**tables.names(), **columns, "table": self.table, "custom": custom}

    def key_of(self, chunk_id: str) -> str:
        """The primary key of a chunk's row."""
        if self.types["key"] != "uuid":
            return coded(chunk_id)
        try:
            return str(UUID(chunk_id))
        except ValueError:
            return str(UUID(bytes=blake2b(chunk_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()))


async def found(connection: Connection, adopts: Adopted, dimensions: int) -> Place:
    """The table that is to be adopted. Raises Invalid where a column is not there or is of another type."""
    given = {"key": adopts.key, "vector": adopts.vector, "text": adopts.text, "metadata": adopts.metadata}
    columns = {field: column for field, column in given.items() if column is not None}
    if len(columns) < len(given):
        raise Invalid("To adopt a table, name its primary key, vector, text and metadata columns.")
    if adopts.custom_metadata is not None:
        columns["custom_metadata"] = adopts.custom_metadata
    table = sql.Identifier(*adopts.place.split("."))
    there = {name: (kind, size) for name, kind, size in await rows(connection, sql.SQL(_COLUMNS), (table.as_string(),))}
    if not there:
        raise Invalid(f"There is no table {adopts.place!r} to adopt.")
    wanted = {"key": _KEYS, "vector": ("vector",), "text": _TEXTS, "metadata": _METADATA, "custom_metadata": _METADATA}
    for field, column in columns.items():
        kind = there.get(column, ("", 0))[0].rpartition(".")[2]
        if kind not in wanted[field]:
            raise Invalid(f"{adopts.place} needs a column {column!r} of the type {' or '.join(wanted[field])}.")
    if there[columns["vector"]][1] not in (-1, dimensions):
        raise Invalid(f"{adopts.place} holds vectors of {there[columns['vector']][1]} dimensions, not {dimensions}.")
    return Place(table, columns, {field: there[column][0] for field, column in columns.items()})


async def remove(connection: Connection, place: Place, tables: Tables, chunks: Sequence[str]) -> None:
    """Remove the rows of chunks."""
    statement = sql.SQL("DELETE FROM {table} t WHERE t.{key}::text = ANY(%s::text[])").format(**place.names(tables))
    await connection.execute(statement, ([place.key_of(decoded(chunk)) for chunk in chunks],))


async def write(connection: Connection, place: Place, points: Sequence[Point]) -> None:
    """Write the rows of points; parents, which are never searched, have none."""
    order = list(place.columns)
    values = sql.SQL(", ").join([sql.SQL("%s::" + place.types[field]) for field in order])
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        place.table, sql.SQL(", ").join([sql.Identifier(place.columns[field]) for field in order]), values
    )
    given = [_row(place, point, order) for point in points if point.vector is not None and point.chunk.searchable]
    await connection.cursor().executemany(statement, given)


def _row(place: Place, point: Point, order: Sequence[str]) -> list[str]:
    metadata = {key: list(value) if isinstance(value, tuple) else value for key, value in point.metadata.items()}
    reserved = {SOURCE_URI: point.uri, DATA_SOURCE_ID: point.data_source_id, MARK: point.chunk.id}
    values = {
        "key": place.key_of(point.chunk.id),
        "vector": "" if point.vector is None else vector_text(point.vector),
        "text": _plain(point.chunk.text),
        "metadata": _plain(json.dumps({**metadata, **reserved}, ensure_ascii=False)),
        "custom_metadata": _plain(json.dumps(metadata, ensure_ascii=False)),
    }
    return [values[field] for field in order]


def _plain(text: str) -> str:
    """A text for other readers: what PostgreSQL cannot hold is replaced."""
    whole = text.replace("\\u0000", "\ufffd").replace("\x00", "\ufffd")
    return whole.encode("utf-8", "replace").decode()


async def foreign(connection: Connection, place: Place, tables: Tables) -> AsyncIterator[list[Point]]:
    """The points of rows that others wrote and that are not read in yet, in batches; put each before the next."""
    statement = sql.SQL(_FOREIGN).format(**place.names(tables))
    while read := await rows(connection, statement, (f'"{MARK}"', _BATCH)):
        yield [_point(*row) for row in read]


async def gone(connection: Connection, place: Place, tables: Tables) -> list[str]:
    """The chunks of rows that were read in and that others have removed."""
    statement = sql.SQL(_GONE).format(**place.names(tables))
    return [row[0] for row in await rows(connection, statement, (json.dumps({DATA_SOURCE_ID: ADOPTED}),))]


def _point(key: str, text: str, metadata: str | None, custom: str | None, vector: bytes) -> Point:
    fields = {**_fields(metadata), **_fields(custom)}
    uri = next((str(fields[name]) for name in (SOURCE_URI, "source", "sourceUrl") if fields.get(name)), f"row:{key}")
    chunk = Chunk(
        id=key, document_id=f"{ADOPTED}:{uri}", ordinal=0, text=text, start=0, end=len(text), tokens=len(text.split())
    )
    return Point(chunk=chunk, vector=vector_of(vector), uri=uri, data_source_id=ADOPTED, metadata=fields)


def _fields(text: str | None) -> dict[str, Any]:
    """The fields of a JSON object that filters can see: texts, numbers, truths and lists of texts."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    pairs = found.items() if isinstance(found, dict) else ()
    lists = {key: tuple(value) for key, value in pairs if isinstance(value, list) and _are_texts(value)}
    return {key: value for key, value in pairs if isinstance(value, str | int | float | bool)} | lists


def _are_texts(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
