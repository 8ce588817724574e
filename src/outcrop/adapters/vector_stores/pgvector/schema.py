"""Outcrop's tables in PostgreSQL, and the steps by which older ones become these.

Each index has tables of its own, not partitions of one: vectors of different lengths need different columns, an HNSW
graph of one knowledge base is not thinned by the rows of others, and dropping is dropping tables. What filters read
(`points`), what words are counted in (`words`) and vectors (`vectors`) are three narrow tables, so that neither scan
reads what it does not need from pages, or from beside them where PostgreSQL moves wide rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from psycopg import AsyncConnection, sql

from outcrop.core.errors import Invalid, Unavailable, Unsupported

Composed = sql.Composable
# One step for each version of the schema; what was released is never changed.
_STEPS: tuple[LiteralString, ...] = (
    """
    CREATE TABLE {schema}.indexes (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text COLLATE "C" NOT NULL UNIQUE,
        dimensions integer NOT NULL,
        next_point bigint NOT NULL DEFAULT 1,
        points bigint NOT NULL DEFAULT 0,
        vectors bigint NOT NULL DEFAULT 0,
        searchable bigint NOT NULL DEFAULT 0,
        length bigint NOT NULL DEFAULT 0,
        method text,
        trained bigint NOT NULL DEFAULT 0,
        adopts jsonb
    ) WITH (fillfactor = 50)
    """,
)
_TABLES: tuple[LiteralString, ...] = (
    """
    CREATE TABLE {points} (
        id bigint PRIMARY KEY,
        chunk text COLLATE "C" NOT NULL UNIQUE,
        document text COLLATE "C" NOT NULL,
        fields jsonb NOT NULL,
        record bytea NOT NULL
    )
    """,
    "ALTER TABLE {points} ALTER COLUMN record SET STORAGE EXTERNAL",
    "CREATE INDEX ON {points} (document)",
    "CREATE INDEX ON {points} USING gin (fields jsonb_path_ops)",
    """
    CREATE TABLE {words} (
        id bigint PRIMARY KEY,
        chunk text COLLATE "C" NOT NULL,
        length integer NOT NULL,
        terms bigint[] NOT NULL,
        counts smallint[] NOT NULL,
        weights {sparse} NOT NULL
    ) WITH (toast_tuple_target = 8160)
    """,
    "ALTER TABLE {words} ALTER COLUMN weights SET STORAGE EXTERNAL",
    "CREATE INDEX ON {words} USING gin (terms)",
    "CREATE TABLE {terms} (term bigint PRIMARY KEY, points bigint NOT NULL) WITH (fillfactor = 50)",
)
_VECTORS: tuple[LiteralString, ...] = (
    """
    CREATE TABLE {vectors} (
        id bigint PRIMARY KEY,
        chunk text COLLATE "C" NOT NULL,
        embedding {vector} NOT NULL
    )
    """,
)
SPARSE: LiteralString = "sparsevec(1000000000)"
_OLDEST = (0, 7)  # the first version with halfvec and sparsevec
_INLINE = 1900  # dimensions that fit into a page with the rest of a row
MAX_HNSW, MAX_HALF = 2000, 4000  # dimensions that pgvector indexes as `vector` and as `halfvec`


@dataclass(frozen=True, slots=True)
class Server:
    """What a server offers: the version of pgvector and the schema that it is installed in."""

    pgvector: tuple[int, ...]
    schema: str

    @property
    def iterates(self) -> bool:
        """Whether an index goes on to search where a filter leaves too few."""
        return self.pgvector >= (0, 8)


@dataclass(frozen=True, slots=True)
class Tables:
    """The names of an index's tables."""

    schema: str
    number: int

    def names(self) -> dict[str, Composed]:
        """The names as parts of statements."""
        made = {what: sql.Identifier(self.schema, f"{what}_{self.number}") for what in ("points", "words", "terms")}
        vectors = sql.Identifier(self.schema, f"vectors_{self.number}")
        return {**made, "vectors": vectors, "near": sql.Identifier(f"vectors_{self.number}_near")}


async def prepared(connection: AsyncConnection, schema: str) -> Server:
    """The server with the extension and a schema of the newest version.

    Raises:
        Unsupported: The server has no pgvector, or one before 0.7.
        Invalid: A newer Outcrop made the schema.
    """
    async with connection.transaction():
        # Two processes that begin at once would both make everything.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('outcrop ' || %s, 0))", (schema,))
        server = await _extension(connection)
        name = sql.Identifier(schema)
        await connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
        version = sql.Identifier(schema, "version")
        await connection.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {} (version integer NOT NULL)").format(version))
        found = await (await connection.execute(sql.SQL("SELECT max(version) FROM {}").format(version))).fetchone()
        done = (found[0] if found else None) or 0
        if done > len(_STEPS):
            raise Invalid(f"The schema {schema} has the version {done}, which a newer Outcrop made. Update this one.")
        for number, step in enumerate(_STEPS[done:], done + 1):
            await connection.execute(sql.SQL(step).format(schema=name))
            await connection.execute(sql.SQL("INSERT INTO {} VALUES (%s)").format(version), (number,))
    return server


async def _extension(connection: AsyncConnection) -> Server:
    found = await _installed(connection)
    if found is None:
        offered = "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"
        if await (await connection.execute(offered)).fetchone() is None:
            raise Unsupported("This PostgreSQL has no pgvector: install the extension `vector` on its machine.")
        await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        found = await _installed(connection)
    if found is None:
        raise Unavailable("The extension `vector` could not be made in the database.")
    if found.pgvector < _OLDEST:
        version = ".".join(map(str, found.pgvector))
        raise Unsupported(
            f"This PostgreSQL has pgvector {version}; Outcrop needs 0.7 or newer: ALTER EXTENSION vector UPDATE."
        )
    return found


async def _installed(connection: AsyncConnection) -> Server | None:
    asked = """
        SELECT e.extversion, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
        WHERE e.extname = 'vector'
    """
    row = await (await connection.execute(asked)).fetchone()
    return None if row is None else Server(tuple(int(part) for part in row[0].split(".")), row[1])


async def make_tables(connection: AsyncConnection, tables: Tables, dimensions: int) -> None:
    """Make the tables of an index."""
    vector = sql.SQL("vector({})").format(sql.Literal(dimensions))
    for step in (*_TABLES, *_VECTORS):
        await connection.execute(sql.SQL(step).format(**tables.names(), vector=vector, sparse=sql.SQL(SPARSE)))
    if dimensions <= _INLINE:
        inline = sql.SQL("ALTER TABLE {vectors} ALTER COLUMN embedding SET STORAGE PLAIN")
        await connection.execute(inline.format(**tables.names()))


async def drop_tables(connection: AsyncConnection, tables: Tables) -> None:
    """Drop the tables of an index."""
    dropped = sql.SQL("DROP TABLE IF EXISTS {points}, {words}, {terms}, {vectors}")
    await connection.execute(dropped.format(**tables.names()))
