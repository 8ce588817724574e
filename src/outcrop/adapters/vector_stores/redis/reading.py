"""Reading an index: its description, records by number, what is filed under words and tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from outcrop.adapters.vector_stores.narrowing import Condition, Every, HasAny, HasNone
from outcrop.adapters.vector_stores.redis.layout import POSTING, Index, Numbers, Record, meta_key, read_record
from outcrop.adapters.vector_stores.words import Collection as Words
from outcrop.core.errors import IndexMissing

BATCH = 500  # records of one command


async def found_index(client: Any, prefix: str, name: str) -> Index:
    """The index of a name. Raises IndexMissing."""
    kept = await client.hgetall(meta_key(prefix, name))
    if not kept:
        raise IndexMissing(f"There is no vector index called {name!r}. Run a sync of the data source to build it.")
    return Index.of(prefix, name, kept)


@dataclass(frozen=True, slots=True)
class Filed:
    """What is filed under the terms of a query: records of POSTING by term, and what each term weighs."""

    collection: Words
    weights: Mapping[int, float]
    postings: Mapping[int, np.typing.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Reader:
    """An index that is read. `client` is a client of Redis, or a transaction before it collects commands."""

    client: Any
    index: Index

    async def records(self, numbers: Sequence[int]) -> dict[int, Record]:
        """The records with these numbers that are there."""
        found: dict[int, Record] = {}
        for start in range(0, len(numbers), BATCH):
            some = [int(number) for number in numbers[start : start + BATCH]]
            values = await self.client.hmget(self.index.key("points"), some)
            found |= {n: read_record(data) for n, data in zip(some, values, strict=True) if data is not None}
        return found

    async def numbers(self, chunk_ids: Sequence[bytes]) -> list[int]:
        """The numbers of the points with these ids that are there."""
        found: list[int] = []
        for start in range(0, len(chunk_ids), BATCH):
            values = await self.client.hmget(self.index.key("ids"), list(chunk_ids[start : start + BATCH]))
            found += [int(value) for value in values if value is not None]
        return found

    async def every(self) -> Numbers:
        """The numbers of all points, in order."""
        values = await self.client.hvals(self.index.key("ids"))
        return np.sort(np.array([int(value) for value in values], dtype=np.uint32))

    async def alive(self, numbers: Numbers) -> Numbers:
        """Those that are not dead."""
        bits: bytes | None = await self.client.get(self.index.key("dead"))
        return numbers[_lives(bits, numbers)]

    async def having(self, tokens: Sequence[str]) -> Numbers:
        """The numbers, in order, of what is filed under any of these tokens; dead ones too."""
        values = await self.client.mget([self.index.token(token) for token in tokens])
        filed = [np.frombuffer(value, "<u4") for value in values if value is not None]
        return np.unique(np.concatenate(filed)) if filed else np.zeros(0, dtype=np.uint32)

    async def allowed(self, condition: Condition | None) -> Numbers | None:
        """The numbers of what a condition lets through, dead ones too; None where only looking at each can tell."""
        if condition is None or isinstance(condition, HasNone):
            return None
        if isinstance(condition, HasAny):
            return await self.having(condition.tokens)
        parts = [await self.allowed(part) for part in condition.parts]
        known = [part for part in parts if part is not None]
        if isinstance(condition, Every):
            return _intersection(known)
        return np.unique(np.concatenate(known)) if len(known) == len(parts) else None

    async def filed(self, terms: Sequence[int]) -> Filed:
        """What is filed under terms, with what it is weighed by, as of one moment."""
        index = self.index
        async with self.client.pipeline(transaction=True) as reading:
            reading.hgetall(meta_key(index.prefix, index.name))
            reading.hmget(index.key("df"), list(terms))
            reading.get(index.key("dead"))
            reading.mget([index.word(term) for term in terms])
            kept, counts, dead, values = await reading.execute()
        collection = Index.of(index.prefix, index.name, kept).collection if kept else index.collection
        having = {term: int(value) for term, value in zip(terms, counts, strict=True) if value is not None}
        found = {term: np.frombuffer(data, POSTING) for term, data in zip(terms, values, strict=True) if data}
        living = {term: some[_lives(dead, some["number"])] for term, some in found.items()}
        return Filed(collection, collection.weighed(terms, having), living)


def _lives(dead: bytes | None, numbers: Numbers) -> np.typing.NDArray[np.bool_]:
    """By place: whether a number is not marked in the bitmap of the dead ones."""
    flags = np.unpackbits(np.frombuffer(dead or b"\0", np.uint8))
    lives: np.typing.NDArray[np.bool_] = (numbers >= len(flags)) | (flags[np.minimum(numbers, len(flags) - 1)] == 0)
    return lives


def _intersection(sets: Sequence[Numbers]) -> Numbers | None:
    if not sets:
        return None
    smallest, *others = sorted(sets, key=len)
    for other in others:
        smallest = smallest[np.isin(smallest, other, assume_unique=True)]
    return smallest
