"""The store in Redis: every verb, with the vectors in one of Redis's dialects and BM25 of our own beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from uuid import uuid4

from redis.exceptions import WatchError

from outcrop.adapters.vector_stores.narrowing import narrowed
from outcrop.adapters.vector_stores.redis.connection import connected, translated
from outcrop.adapters.vector_stores.redis.layout import COUNTS, Index, Record, encoded, meta_key, record_of
from outcrop.adapters.vector_stores.redis.nearest import DIALECTS, Dialect, chosen
from outcrop.adapters.vector_stores.redis.options import RedisOptions
from outcrop.adapters.vector_stores.redis.reading import BATCH, Reader, found_index
from outcrop.adapters.vector_stores.redis.searching import Run
from outcrop.adapters.vector_stores.redis.writing import Writer, replaced
from outcrop.adapters.vector_stores.scoring import valid_index, valid_points, valid_search
from outcrop.core.chunks import Hit, IndexSpec, Point, Search, Traits
from outcrop.core.errors import Conflict
from outcrop.core.filters import Filter, matches
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore

_LOOKS = 4  # at an index that changes while it is searched, before what was found is taken as it is


class RedisStore:
    """Keeps points in Redis 8 (vector sets), or in a Redis with the query engine.

    An upsert with its sweep is one transaction; a search is several commands, which begin again where a writer came
    between them.
    """

    traits = Traits(modes=frozenset({"hybrid", "semantic", "keyword"}), shared=True)

    def __init__(self, name: str, address: str, options: RedisOptions) -> None:
        self._name = name
        self._options = options
        self._client = connected(name, address, options)
        self._dialects: Mapping[str, Dialect] = {made.name: made for made in (kind(options) for kind in DIALECTS)}
        self._writer = Writer(self._client, options.prefix, self._dialects)
        self._turns: dict[str, asyncio.Lock] = {}

    async def create(self, index: IndexSpec) -> None:
        """Make an empty index; one with the same dimensions stays as it is, else Conflict."""
        valid_index(index)
        with translated(self._name):
            key = meta_key(self._options.prefix, index.name)
            async with self._turn(index.name):
                kept = await self._client.hgetall(key)
                if not kept:
                    kept = await self._made(key, index)
        there = Index.of(self._options.prefix, index.name, kept)
        if there.dimensions != index.dimensions:
            raise Conflict(f"The index {index.name} holds vectors of {there.dimensions} dimensions.")

    async def _made(self, key: str, index: IndexSpec) -> Mapping[bytes, bytes]:
        """The description of a new index, written as the last thing; that of another process's where it was faster."""
        dialect = await chosen(self._client, self._options)
        empty = dict.fromkeys(COUNTS, 0)
        fields = {"generation": uuid4().hex[:12], "dimensions": index.dimensions, "dialect": dialect, **empty}
        kept = {name.encode(): str(value).encode() for name, value in fields.items()}
        made = Index.of(self._options.prefix, index.name, kept)
        await self._dialects[dialect].create(self._client, made)
        async with self._client.pipeline(transaction=True) as transaction:
            await transaction.watch(key)
            if not await transaction.hgetall(key):
                transaction.multi()
                transaction.hset(key, mapping=fields)
                with suppress(WatchError):
                    await transaction.execute()
                    return kept
        await self._dialects[dialect].drop(self._client, made)
        there: Mapping[bytes, bytes] = await self._client.hgetall(key)
        return there

    async def drop(self, index: str) -> None:
        """Remove an index: first its description, so that a drop that is broken off leaves nothing to be found."""
        with translated(self._name):
            kept = await self._client.hgetall(meta_key(self._options.prefix, index))
            if not kept:
                return
            there = Index.of(self._options.prefix, index, kept)
            await self._dialects[there.dialect].drop(self._client, there)
            await self._client.delete(meta_key(self._options.prefix, index))
            batch: list[bytes] = []
            async for key in self._client.scan_iter(match=there.key("*"), count=1000):
                batch.append(key)
                if len(batch) == BATCH:
                    await self._client.unlink(*batch)
                    batch = []
            if batch:
                await self._client.unlink(*batch)

    async def upsert(self, index: str, points: Sequence[Point], *, sweep: Collection[str] = ()) -> None:
        """Put points by chunk id, and remove the other points of the documents in `sweep`, all at once."""
        with translated(self._name):
            there = await found_index(self._client, self._options.prefix, index)
            valid_points(points, there.dimensions)
            new = await asyncio.to_thread(_prepared, points)
            async with self._turn(index):
                await self._writer.change(index, new, replaced(new, sweep))

    async def delete(self, index: str, where: Filter) -> int:
        """Remove the points that satisfy a filter, batch by batch; how many there were."""
        removed = 0
        async for batch in self._found(index, where):
            names = list(batch)

            async def still(reader: Reader, names: Sequence[int] = names) -> Mapping[int, Record]:
                return _only(where, await reader.records(names))

            with translated(self._name):
                async with self._turn(index):
                    removed += await self._writer.change(index, (), still)
        return removed

    async def search(self, index: str, query: Search) -> Sequence[Hit]:
        """The best hits, best first; equal scores in order of chunk id."""
        with translated(self._name):
            there = await found_index(self._client, self._options.prefix, index)
            valid_search(query, there.dimensions)
            for _ in range(_LOOKS):
                hits = await Run(Reader(self._client, there), self._dialects[there.dialect], query).hits()
                before, there = there, await found_index(self._client, self._options.prefix, index)
                if (there.generation, there.version) == (before.generation, before.version):
                    break
            return hits

    async def get(self, index: str, chunk_ids: Sequence[str]) -> Sequence[Point]:
        """The points with these ids that exist, in the order asked."""
        with translated(self._name):
            reader = await self._reader(index)
            found = await reader.records(await reader.numbers([encoded(name) for name in chunk_ids]))
            points = {record.id: record.point for record in found.values()}
            return [points[name] for name in chunk_ids if name in points]

    async def scan(self, index: str, where: Filter | None = None) -> AsyncIterator[Sequence[Point]]:
        """Every point that satisfies the filter and that was there when the scan began, in batches."""
        async for batch in self._found(index, where):
            if batch:
                yield [record.point for record in batch.values()]

    async def _found(self, index: str, where: Filter | None) -> AsyncIterator[Mapping[int, Record]]:
        with translated(self._name):
            reader = await self._reader(index)
            allowed = await reader.allowed(narrowed(where))
            numbers = await reader.every() if allowed is None else await reader.alive(allowed)
        for start in range(0, len(numbers), BATCH):
            with translated(self._name):
                found = await reader.records(numbers[start : start + BATCH].tolist())
            yield _only(where, found)

    async def count(self, index: str) -> int:
        """The number of points, parents included."""
        with translated(self._name):
            return (await found_index(self._client, self._options.prefix, index)).points

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
        await self._client.connection_pool.disconnect()

    async def _reader(self, index: str) -> Reader:
        return Reader(self._client, await found_index(self._client, self._options.prefix, index))

    def _turn(self, index: str) -> asyncio.Lock:
        """Writers of this process take turns; those of others are told by the transaction."""
        return self._turns.setdefault(index, asyncio.Lock())


def _prepared(points: Sequence[Point]) -> list[Record]:
    """Points as records with their terms and tokens counted, which takes a processor's time."""
    records = [record_of(point) for point in points]
    for record in records:
        _ = record.counts, record.tokens
    return records


def _only(where: Filter | None, found: Mapping[int, Record]) -> Mapping[int, Record]:
    return {name: record for name, record in found.items() if matches(where, record.point.fields())}


def open_store(settings: Settings, store: NamedStore) -> RedisStore:  # noqa: ARG001 # every store is given the settings
    """The store that a table of the kind `redis` sets up. Raises Invalid where a key is wrong."""
    options = store.options(RedisOptions)
    return RedisStore(store.name, store.address(options), options)
