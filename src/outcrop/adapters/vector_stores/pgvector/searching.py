"""A search within one transaction: candidates by meaning and by words, exact scores of all, the best as hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql
from psycopg.rows import TupleRow

from outcrop.adapters.vector_stores.pgvector.connections import Connection, rows
from outcrop.adapters.vector_stores.pgvector.filtering import Condition, condition
from outcrop.adapters.vector_stores.pgvector.nearest import Nearest
from outcrop.adapters.vector_stores.pgvector.options import PgvectorOptions
from outcrop.adapters.vector_stores.pgvector.rows import point_of, sparse_text, vector_text
from outcrop.adapters.vector_stores.pgvector.schema import SPARSE, Server, Tables
from outcrop.adapters.vector_stores.pgvector.writing import IndexRow
from outcrop.adapters.vector_stores.ranked import Candidate, ranked
from outcrop.adapters.vector_stores.scoring import K1, B, depth
from outcrop.adapters.vector_stores.words import Collection, asked, needed, possible
from outcrop.core.chunks import Hit, Search

_SPARE = 8  # candidates beyond the limit, as an index of vectors, and 16-bit numbers, order them roughly

_WIDER, _MORE = 2, 100  # candidates by words that are scored exactly, for each that is wanted, and besides

_WEIGHED = "SELECT term, points FROM {terms} WHERE term = ANY(%s::bigint[])"
# What a term adds to the score of BM25 of a row `w`: weight * (K1 + 1) * n / (n + norm), written so that n, the number
# of times that it is in the text, is looked up once.
_ADDED: LiteralString = "coalesce(%s::float8 * (1 - {norm} / (w.counts[array_position(w.terms, %s)] + {norm})), 0)"
# Candidates by pgvector's own product of sparse vectors, which is compiled; then their exact scores.
_WORDED = """
    SELECT id, score FROM (
        SELECT w.id, w.chunk, {score} AS score FROM (
            SELECT w.* FROM {words} w WHERE w.terms && %s::bigint[] AND {allowed}
            ORDER BY w.weights <#> %s::{sparse} LIMIT %s
        ) w OFFSET 0
    ) found ORDER BY round((score * 100000)::numeric) DESC, chunk LIMIT %s
"""
_SCORED = "SELECT w.id, {score} FROM {words} w WHERE w.id = ANY(%s::bigint[])"
_FOUND = """
    SELECT p.id, p.chunk, -(v.embedding <#> %s::{vector}) FROM {points} p LEFT JOIN {vectors} v USING (id)
    WHERE p.id = ANY(%s::bigint[])
"""
_READ = """
    SELECT p.id, p.record, vector_send(v.embedding) FROM {points} p LEFT JOIN {vectors} v USING (id)
    WHERE p.id = ANY(%s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One search of one index within one transaction."""

    connection: Connection
    tables: Tables
    index: IndexRow
    server: Server
    options: PgvectorOptions
    query: Search

    async def hits(self) -> list[Hit]:
        """The best hits, best first."""
        allowed = condition(self.query.where)
        weights = await self._weights()
        words = await self._worded(weights, allowed)
        near = await self._near(allowed)
        if self.query.mode == "hybrid":
            words |= await self._scored(weights, [name for name in near if name not in words])
        return await self._best(list(dict.fromkeys([*near, *words])), words, possible(weights))

    @property
    def _depth(self) -> int:
        return depth(self.query.limit) if self.query.mode == "hybrid" else self.query.limit + _SPARE

    @property
    def _collection(self) -> Collection:
        return Collection(self.index.searchable, self.index.length)

    async def _near(self, allowed: Condition) -> list[int]:
        if self.query.mode == "keyword" or self.query.vector is None:
            return []
        nearest = Nearest(self.connection, self.tables, self.index, self.server, self.options)
        ties = self.query.limit if self.query.mode == "semantic" else self._depth
        given = None if self.query.where is None else allowed
        return await nearest.find(self.query.vector, given, self._depth, ties)

    async def _weights(self) -> dict[int, float]:
        """What the terms of the query weigh, the heaviest first."""
        terms = [] if self.query.mode == "semantic" else asked(self.query.text)
        having: dict[int, int] = dict(await self._rows(_WEIGHED, (terms,))) if terms else {}
        return self._collection.weighed(terms, having)

    async def _worded(self, weights: Mapping[int, float], allowed: Condition) -> dict[int, float]:
        """The best scores of BM25: first among the points with the rarest terms, then wherever better may be."""
        if not weights:
            return {}
        first = needed(weights, possible(weights) / 2)
        found = await self._having(first, weights, allowed)
        full = len(found) >= self._depth
        terms = needed(weights, min(found.values()) if full else 0.0)
        return found if len(terms) <= len(first) else await self._having(terms, weights, allowed)

    async def _having(self, terms: Sequence[int], weights: Mapping[int, float], allowed: Condition) -> dict[int, float]:
        """The best of the points with one of these terms."""
        inside = sql.SQL("w.id IN (SELECT p.id FROM {points} p WHERE {condition})")
        filtered = inside.format(**self.tables.names(), condition=sql.SQL(allowed.sql))
        may = sql.SQL("true") if self.query.where is None else filtered
        statement = sql.SQL(_WORDED).format(
            **self.tables.names(), score=self._score(weights), allowed=may, sparse=sql.SQL(SPARSE)
        )
        where = allowed.parameters if self.query.where is not None else ()
        asked = sparse_text(weights)
        given = (*self._weighed(weights), list(terms), *where, asked, _WIDER * self._depth + _MORE, self._depth)
        return {name: float(score) for name, score in await rows(self.connection, statement, given) if score > 0}

    async def _scored(self, weights: Mapping[int, float], names: Sequence[int]) -> dict[int, float]:
        if not weights or not names:
            return {}
        statement = sql.SQL(_SCORED).format(**self.tables.names(), score=self._score(weights))
        found = await rows(self.connection, statement, (*self._weighed(weights), list(names)))
        return {name: float(score) for name, score in found if score > 0}

    def _score(self, weights: Mapping[int, float]) -> sql.Composed:
        average = self._collection.average
        norm = sql.SQL("({} + {} * w.length)").format(sql.Literal(K1 * (1 - B)), sql.Literal(K1 * B / average))
        return sql.SQL(" + ").join([sql.SQL(_ADDED).format(norm=norm) for _ in weights])

    def _weighed(self, weights: Mapping[int, float]) -> list[float]:
        return [part for term, weight in weights.items() for part in (weight * (K1 + 1), term)]

    async def _best(self, names: Sequence[int], words: Mapping[int, float], most: float) -> list[Hit]:
        vector = sql.SQL("vector({})").format(sql.Literal(self.index.dimensions))
        asked = None if self.query.vector is None else vector_text(self.query.vector)
        statement = sql.SQL(_FOUND).format(**self.tables.names(), vector=vector)
        there = await rows(self.connection, statement, (asked, list(names))) if names else []
        found = [Candidate(name, chunk, cosine, words.get(name)) for name, chunk, cosine in there]
        best = ranked(self.query, found, most)
        read = await self._rows(_READ, ([one.name for one, _ in best],)) if best else []
        points = {name: point_of(record, vector) for name, record, vector in read}
        return [one.hit(points[one.name], score, self.query.mode) for one, score in best]

    async def _rows(self, statement: LiteralString, given: Sequence[object]) -> list[TupleRow]:
        return await rows(self.connection, sql.SQL(statement).format(**self.tables.names()), given)
