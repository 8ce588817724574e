"""The nearest vectors: by looking at every one that is allowed, or by an index of vectors where there are many."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any, LiteralString

from psycopg import sql

from outcrop.adapters.vector_stores.pgvector.connections import Connection, rows
from outcrop.adapters.vector_stores.pgvector.filtering import Condition
from outcrop.adapters.vector_stores.pgvector.options import PgvectorOptions
from outcrop.adapters.vector_stores.pgvector.rows import vector_text
from outcrop.adapters.vector_stores.pgvector.schema import MAX_HALF, MAX_HNSW, Composed, Server, Tables
from outcrop.adapters.vector_stores.pgvector.writing import IndexRow
from outcrop.adapters.vector_stores.scoring import DECIMALS
from outcrop.core.chunks import Vector

# Allowed vectors up to which every one is looked at, by the root of all: to look at n takes as long as an index takes
# to come by as many as it needs where a share s is allowed, which is in proportion to 1 / s.
FEW = 20
_MAX_SCAN = 200_000  # vectors that an index goes on to visit for a filter
_MILLION = 1_000_000
_LISTS = 1000  # vectors of one list of IVFFlat
_GROWTH = 4  # times as many vectors as when its lists were made, after which IVFFlat makes them anew

# Stored vectors have unit length, so that the inner product is the cosine; unlike pgvector's cosine it also takes a
# vector of zeros. Equal scores (rounded as ours are) come in order of chunk id.
_EXACT = """
    SELECT v.id FROM {vectors} v WHERE {allowed}
    ORDER BY round(greatest(-(v.embedding <#> %s::{vector}), 0) * 100000) DESC, v.chunk LIMIT %s
"""
_BY_INDEX = """
    SELECT v.id, -(v.embedding <#> %s::{vector}) FROM {vectors} v WHERE {allowed} ORDER BY {near} LIMIT %s
"""
_ALLOWED: LiteralString = "v.id IN (SELECT p.id FROM {points} p WHERE {condition})"
_ALLOWED_EACH: LiteralString = "EXISTS (SELECT FROM {points} p WHERE p.id = v.id AND {condition})"


@dataclass(frozen=True, slots=True)
class Nearest:
    """Finds the nearest vectors of one index within one transaction."""

    connection: Connection
    tables: Tables
    index: IndexRow
    server: Server
    options: PgvectorOptions

    async def find(self, vector: Vector, allowed: Condition | None, limit: int, ties: int) -> list[int]:
        """The numbers of the `limit` points that are nearest, where there are as many; in no order.

        Where the score at the place `ties` goes on to the last, an index might leave out any of the equal ones.
        """
        if self.index.method is None or self.options.index == "exact":
            return await self._exact(vector, allowed, limit)
        if allowed is not None and await self._few(allowed):
            return await self._exact(vector, allowed, limit)
        found = await self._by_index(vector, allowed, limit)
        scores = sorted((round(max(score, 0.0), DECIMALS) for _, score in found), reverse=True)
        if len(found) < limit or (ties < limit and scores[ties - 1] == scores[-1]):
            return await self._exact(vector, allowed, limit)
        return [name for name, _ in found]

    async def _few(self, condition: Condition) -> bool:
        """Whether a filter leaves so few that they are all looked at."""
        counted = "SELECT count(*) FROM (SELECT FROM {points} p WHERE {condition} LIMIT %s) few"
        statement = sql.SQL(counted).format(**self._names(condition))
        few = FEW * isqrt(self.index.vectors)
        return bool((await rows(self.connection, statement, (*condition.parameters, few + 1)))[0][0] <= few)

    async def _exact(self, vector: Vector, condition: Condition | None, limit: int) -> list[int]:
        allowed = self._allowed(_ALLOWED, condition)
        statement = sql.SQL(_EXACT).format(**self.tables.names(), allowed=allowed, vector=self._type("vector"))
        given = (*(condition.parameters if condition else ()), vector_text(vector), limit)
        # An index of vectors must not answer this: it would, where the order were by the distance alone.
        return [row[0] for row in await rows(self.connection, statement, given)]

    async def _by_index(self, vector: Vector, condition: Condition | None, limit: int) -> list[tuple[int, float]]:
        await self._set_up(limit)
        near = sql.SQL("{} <#> %s::{}").format(*self._expression())
        allowed = self._allowed(_ALLOWED_EACH, condition)
        statement = sql.SQL(_BY_INDEX).format(
            **{**self.tables.names(), "near": near}, allowed=allowed, vector=self._type("vector")
        )
        asked = vector_text(vector)
        given = (asked, *(condition.parameters if condition else ()), asked, limit)
        return [(name, score) for name, score in await rows(self.connection, statement, given)]

    async def _set_up(self, limit: int) -> None:
        """Settings for this transaction: how widely the index is searched, and that it is taken at all."""
        wide = max(self.options.ef_search, min(2 * limit, 1000))
        chosen = {"enable_sort": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
        if self.index.method == "hnsw":
            chosen["hnsw.ef_search"] = str(wide)
        else:
            chosen["ivfflat.probes"] = str(max(10, 2 * isqrt(lists_of(self.index.trained))))
        if self.server.iterates:
            chosen[f"{self.index.method}.iterative_scan"] = "relaxed_order"
            most = {"hnsw": "hnsw.max_scan_tuples", "ivfflat": "ivfflat.max_probes"}[str(self.index.method)]
            chosen[most] = str(_MAX_SCAN if self.index.method == "hnsw" else 32768)
        setting = sql.SQL(", ").join(sql.SQL("set_config(%s, %s, true)") for _ in chosen)
        await self.connection.execute(
            sql.SQL("SELECT {}").format(setting), [part for pair in chosen.items() for part in pair]
        )

    def _names(self, condition: Condition) -> dict[str, Composed]:
        return {**self.tables.names(), "condition": sql.SQL(condition.sql)}

    def _allowed(self, form: LiteralString, condition: Condition | None) -> Composed:
        return sql.SQL("true") if condition is None else sql.SQL(form).format(**self._names(condition))

    def _expression(self) -> tuple[Composed, Composed]:
        return indexed("v.embedding", self.index.dimensions, self.options)

    def _type(self, name: LiteralString) -> Composed:
        return sql.SQL(name + "({})").format(sql.Literal(self.index.dimensions))


def indexed(column: LiteralString, dimensions: int, options: PgvectorOptions) -> tuple[Composed, Composed]:
    """What an index of vectors is on, and its type: 16-bit numbers where they are set, or needed for the length."""
    if halves(dimensions, options):
        half = sql.SQL("halfvec({})").format(sql.Literal(dimensions))
        return sql.SQL("(" + column + "::{})").format(half), half
    return sql.SQL(column), sql.SQL("vector({})").format(sql.Literal(dimensions))


def halves(dimensions: int, options: PgvectorOptions) -> bool:
    """Whether the index of vectors holds 16-bit numbers."""
    return options.half == "always" or (options.half == "auto" and dimensions > MAX_HNSW)


def indexable(dimensions: int, options: PgvectorOptions) -> bool:
    """Whether pgvector can index vectors of this length; longer ones are all looked at."""
    return dimensions <= (MAX_HALF if halves(dimensions, options) else MAX_HNSW)


def lists_of(vectors: int) -> int:
    """The number of lists of IVFFlat: one for a thousand vectors, or the root beyond a million, as pgvector advises."""
    return max(10, vectors // _LISTS if vectors <= _MILLION else isqrt(vectors))


def wants_index(index: IndexRow, options: PgvectorOptions) -> bool:
    """Whether an index of vectors is to be made, or made anew."""
    if options.index == "exact" or not indexable(index.dimensions, options):
        return False
    outgrown = index.method == "ivfflat" and index.vectors > _GROWTH * max(index.trained, 1)
    return index.vectors > options.index_from and (index.method != options.index or outgrown)


async def make_index(connection: Connection, tables: Tables, index: IndexRow, options: PgvectorOptions) -> None:
    """Make the index of vectors in the transaction that has locked the index's row."""
    target, _ = indexed("embedding", index.dimensions, options)
    kind = sql.SQL("halfvec_ip_ops" if halves(index.dimensions, options) else "vector_ip_ops")
    what: LiteralString = "USING hnsw" if options.index == "hnsw" else "USING ivfflat"
    extra: Composed = sql.SQL("")
    if options.index == "ivfflat":
        extra = sql.SQL(" WITH (lists = {})").format(sql.Literal(lists_of(index.vectors)))
    names: dict[str, Any] = {**tables.names(), "schema": sql.Identifier(tables.schema)}
    await connection.execute("SELECT set_config('statement_timeout', '0', true)")
    # A graph is built fastest where it fits; what is not needed is not taken.
    size = min(2048, 64 + index.vectors * index.dimensions * 6 // (1 << 20))
    await connection.execute("SELECT set_config('maintenance_work_mem', %s, true)", (f"{size}MB",))
    await connection.execute(sql.SQL("DROP INDEX IF EXISTS {schema}.{near}").format(**names))
    made = sql.SQL("CREATE INDEX {near} ON {vectors} " + what + " ({target} {kind}){extra}")
    await connection.execute(made.format(**names, target=target, kind=kind, extra=extra))
    await connection.execute(sql.SQL("ANALYZE {points}, {words}, {vectors}").format(**names))
    done = sql.SQL("UPDATE {} SET method = %s, trained = %s WHERE id = %s").format(
        sql.Identifier(tables.schema, "indexes")
    )
    await connection.execute(done, (options.index, index.vectors, tables.number))
