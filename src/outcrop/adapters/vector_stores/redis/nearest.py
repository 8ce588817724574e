"""The nearest vectors by the means that a Redis has: vector sets, or the query engine's FT commands.

https://redis.io/docs/latest/develop/data-types/vector-sets/
https://redis.io/docs/latest/develop/ai/search-and-query/vectors/
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from redis.exceptions import ResponseError

from outcrop.adapters.vector_stores.narrowing import Condition, Every, HasAny, HasNone
from outcrop.adapters.vector_stores.redis.layout import Index, Record
from outcrop.adapters.vector_stores.redis.options import RedisOptions
from outcrop.core.chunks import Vector
from outcrop.core.errors import Unsupported

Found = list[tuple[int, float]]  # numbers of points and their cosines, roughly, the nearest first
EXACT_UP_TO = 5000  # vectors: to look at all of them takes no longer than to follow a graph


class Dialect(Protocol):
    """How vectors are kept and found. `client` is a client of Redis, or a transaction that collects commands."""

    @property
    def name(self) -> str:
        """The value of `dialect` that means it."""
        ...

    async def create(self, client: Any, index: Index) -> None:
        """Make what the index needs before its first vector."""
        ...

    async def drop(self, client: Any, index: Index) -> None:
        """Remove what `create` made."""
        ...

    def add(self, client: Any, index: Index, number: int, record: Record) -> None:
        """Add a vector to a transaction."""
        ...

    def remove(self, client: Any, index: Index, number: int) -> None:
        """Remove a vector in a transaction."""
        ...

    async def find(self, client: Any, index: Index, query: Vector, count: int, condition: Condition | None) -> Found:
        """The nearest vectors of points that satisfy a condition: fewer than `count` only where there are no more."""
        ...


@dataclass(frozen=True, slots=True)
class VectorSets:
    """A vector set for each index; its elements are the numbers of points, with their tokens as attributes."""

    options: RedisOptions
    name: str = "vector_sets"

    async def create(self, client: Any, index: Index) -> None:
        """A vector set is made by its first element."""

    async def drop(self, client: Any, index: Index) -> None:
        """It goes with the other keys."""

    def add(self, client: Any, index: Index, number: int, record: Record) -> None:
        """Add a vector to a transaction."""
        if record.vector is None:
            return
        kept = "Q8" if self.options.quantization == "int8" else "NOQUANT"
        attributes = json.dumps({"t": record.tokens})
        vector = record.vector.astype("<f4").tobytes()
        client.execute_command("VADD", index.key("v"), "FP32", vector, number, kept, "SETATTR", attributes)

    def remove(self, client: Any, index: Index, number: int) -> None:
        """Remove a vector in a transaction."""
        client.execute_command("VREM", index.key("v"), number)

    async def find(self, client: Any, index: Index, query: Vector, count: int, condition: Condition | None) -> Found:
        """The nearest vectors; a filtered search of the graph that finds too few is followed by a look at all."""
        exact = self.options.index == "flat" or index.searchable <= EXACT_UP_TO
        found = await self._find(client, index, query, count, condition, exact=exact)
        if len(found) < count and not exact:
            found = await self._find(client, index, query, count, condition, exact=True)
        return found

    async def _find(  # noqa: PLR0913 # one command with its arguments
        self, client: Any, index: Index, query: Vector, count: int, condition: Condition | None, *, exact: bool
    ) -> Found:
        how = ["TRUTH"] if exact else ["EF", max(count, self.options.ef_search)]
        only = [] if condition is None else ["FILTER", vector_set_filter(condition)]
        vector = query.astype("<f4").tobytes()
        given = ("FP32", vector, "WITHSCORES", "COUNT", count, *how, *only)
        found = await client.execute_command("VSIM", index.key("v"), *given)
        pairs = zip(found[::2], found[1::2], strict=True)
        return [(int(number), 2 * float(score) - 1) for number, score in pairs]


def vector_set_filter(condition: Condition) -> str:
    """A condition as an expression of VSIM's FILTER; tokens need no quoting."""
    if isinstance(condition, HasAny):
        return "(" + " or ".join(f'"{token}" in .t' for token in condition.tokens) + ")"
    if isinstance(condition, HasNone):
        return "(" + " and ".join(f'not ("{token}" in .t)' for token in condition.tokens) + ")"
    word = " and " if isinstance(condition, Every) else " or "
    return "(" + word.join(vector_set_filter(part) for part in condition.parts) + ")"


@dataclass(frozen=True, slots=True)
class QueryEngine:
    """An index of the query engine over one hash for each vector."""

    options: RedisOptions
    name: str = "query_engine"

    async def create(self, client: Any, index: Index) -> None:
        """Make the index: the vector, its tokens as tags, its page as a number and its text."""
        vector = ["TYPE", "FLOAT32", "DIM", index.dimensions, "DISTANCE_METRIC", "IP"]
        method = [self.options.index.upper(), len(vector), *vector]
        hashes = ["ON", "HASH", "PREFIX", 1, index.key("p:")]
        schema = ["v", "VECTOR", *method, "t", "TAG", "SEPARATOR", ",", "page", "NUMERIC", "text", "TEXT", "NOSTEM"]
        await client.execute_command("FT.CREATE", index.key("ft"), *hashes, "SCHEMA", *schema)

    async def drop(self, client: Any, index: Index) -> None:
        """Remove the index; the hashes go with the other keys."""
        try:
            await client.execute_command("FT.DROPINDEX", index.key("ft"))
        except ResponseError as error:
            if "index" not in str(error).lower():  # it is not there: a drop that was broken off is done again
                raise

    def add(self, client: Any, index: Index, number: int, record: Record) -> None:
        """Add a vector to a transaction."""
        if record.vector is None:
            return
        chunk = record.point.chunk
        vector = record.vector.astype("<f4").tobytes()
        fields: list[Any] = ["v", vector, "t", ",".join(record.tokens)]
        fields += ["text", chunk.embedded_text().encode("utf-8", "replace")]
        if chunk.place.first_page is not None:
            fields += ["page", chunk.place.first_page]
        client.execute_command("HSET", index.key(f"p:{number}"), *fields)

    def remove(self, client: Any, index: Index, number: int) -> None:
        """Remove a vector in a transaction."""
        client.execute_command("UNLINK", index.key(f"p:{number}"))

    async def find(self, client: Any, index: Index, query: Vector, count: int, condition: Condition | None) -> Found:
        """The nearest vectors. The engine looks at every one that a filter lets through where these are few."""
        only = "*" if condition is None else f"({query_engine_filter(condition)})"
        ef = " EF_RUNTIME $ef" if self.options.index == "hnsw" else ""
        parameters = ["q", query.astype("<f4").tobytes()]
        parameters += ["ef", str(max(count, self.options.ef_search))] if ef else []
        found = await client.execute_command(
            "FT.SEARCH", index.key("ft"), f"{only}=>[KNN {count} @v $q{ef} AS distance]",
            "PARAMS", len(parameters), *parameters, "SORTBY", "distance", "ASC",
            "RETURN", 1, "distance", "LIMIT", 0, count, "DIALECT", 2,
        )  # fmt: skip
        pairs = zip(found[1::2], found[2::2], strict=True)
        return [(int(key.rpartition(b":")[2]), 1 - float(fields[1])) for key, fields in pairs]


def query_engine_filter(condition: Condition) -> str:
    """A condition in the query language of dialect 2; tokens need no quoting."""
    if isinstance(condition, HasAny):
        return f"@t:{{{'|'.join(condition.tokens)}}}"
    if isinstance(condition, HasNone):
        return f"-@t:{{{'|'.join(condition.tokens)}}}"
    word = " " if isinstance(condition, Every) else "|"
    return word.join(f"({query_engine_filter(part)})" for part in condition.parts)


DIALECTS = (VectorSets, QueryEngine)
_PROBES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("vector_sets", ("VCARD", "outcrop")),
    ("query_engine", ("FT._LIST",)),
)


async def chosen(client: Any, options: RedisOptions) -> str:
    """The name of the dialect that the server offers. Raises Unsupported where it has none, or not the one asked."""
    for name, probe in _PROBES:
        if options.dialect in ("auto", name) and await _answers(client, probe):
            return name
    wanted = "vector sets or a query engine" if options.dialect == "auto" else options.dialect.replace("_", " ")
    raise Unsupported(f"This Redis has no {wanted}: take Redis 8 or newer, or one with the query engine.")


async def _answers(client: Any, probe: tuple[str, ...]) -> bool:
    try:
        await client.execute_command(*probe)
    except ResponseError as error:
        return "unknown command" not in str(error).lower()
    return True
