"""Changes to an index, each in one transaction: MULTI, and begun again where another writer was faster.

https://redis.io/docs/latest/develop/using-commands/transactions/
"""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import WatchError

from outcrop.adapters.vector_stores.narrowing import field_token
from outcrop.adapters.vector_stores.redis.layout import Index, Record, encoded, meta_key
from outcrop.adapters.vector_stores.redis.nearest import Dialect
from outcrop.adapters.vector_stores.redis.reading import Reader, found_index
from outcrop.core.chunks import DOCUMENT_ID
from outcrop.core.errors import Conflict

_ATTEMPTS = 100  # each is lost only where another writer won
_POSTING = struct.Struct("<III")
_NUMBER = struct.Struct("<I")
Doomed = Callable[[Reader], Awaitable[Mapping[int, Record]]]


@dataclass(frozen=True, slots=True)
class Writer:
    """One change of one index: new points, and what they replace."""

    client: Any
    prefix: str
    dialects: Mapping[str, Dialect]

    async def change(self, name: str, new: Sequence[Record], doomed: Doomed) -> int:
        """Put points and remove those that `doomed` names; how many were removed. Raises IndexMissing, Conflict."""
        for _ in range(_ATTEMPTS):
            async with self.client.pipeline(transaction=True) as transaction:
                await transaction.watch(meta_key(self.prefix, name))
                index = await found_index(transaction, self.prefix, name)
                old = await doomed(Reader(transaction, index))
                transaction.multi()
                self._remove(transaction, index, old)
                self._add(transaction, index, new)
                self._count(transaction, index, new, old.values())
                try:
                    await transaction.execute()
                except WatchError:
                    continue
                return len(old)
        raise Conflict(f"The vector index {name} is written to by too many at once. Try again.")

    def _remove(self, transaction: Any, index: Index, old: Mapping[int, Record]) -> None:
        dialect = self.dialects[index.dialect]
        for number, record in old.items():
            transaction.hdel(index.key("points"), number)
            transaction.hdel(index.key("ids"), record.chunk)
            transaction.setbit(index.key("dead"), number, 1)
            if record.vector is not None and record.point.chunk.searchable:
                dialect.remove(transaction, index, number)
        for term, count in _having(old.values()).items():
            transaction.hincrby(index.key("df"), str(term), -count)

    def _add(self, transaction: Any, index: Index, new: Sequence[Record]) -> None:
        dialect = self.dialects[index.dialect]
        filed: defaultdict[str, bytearray] = defaultdict(bytearray)
        for number, record in enumerate(new, index.next):
            transaction.hset(index.key("points"), number, record.to_bytes())
            transaction.hset(index.key("ids"), record.chunk, number)
            if record.point.chunk.searchable:
                dialect.add(transaction, index, number, record)
            length = sum(record.counts.values())
            for term, count in record.counts.items():
                filed[index.word(term)] += _POSTING.pack(number, count, length)
            for token in record.tokens:
                filed[index.token(token)] += _NUMBER.pack(number)
        for key, added in filed.items():
            transaction.append(key, bytes(added))
        for term, count in _having(new).items():
            transaction.hincrby(index.key("df"), str(term), count)

    def _count(self, transaction: Any, index: Index, new: Collection[Record], old: Collection[Record]) -> None:
        changes = {
            "version": 1,
            "next": len(new),
            "points": len(new) - len(old),
            "searchable": _searchable(new) - _searchable(old),
            "length": _length(new) - _length(old),
        }
        for key, change in changes.items():
            transaction.hincrby(meta_key(index.prefix, index.name), key, change)


def replaced(new: Sequence[Record], sweep: Collection[str]) -> Doomed:
    """The points with the ids of new ones, and all of the documents that are swept."""

    async def find(reader: Reader) -> Mapping[int, Record]:
        tokens = [token for document in sweep if (token := field_token(DOCUMENT_ID, document)) is not None]
        filed = await reader.alive(await reader.having(tokens)) if tokens else ()
        same = await reader.numbers([record.chunk for record in new])
        documents = {encoded(document) for document in sweep}
        ids = {record.chunk for record in new}
        found = await reader.records(sorted({*same, *(int(number) for number in filed)}))
        return {
            number: record
            for number, record in found.items()
            if record.chunk in ids or encoded(record.point.chunk.document_id) in documents
        }

    return find


def _having(records: Collection[Record]) -> Counter[int]:
    return Counter(term for record in records for term in record.counts)


def _searchable(records: Collection[Record]) -> int:
    return sum(record.point.chunk.searchable for record in records)


def _length(records: Collection[Record]) -> int:
    return sum(sum(record.counts.values()) for record in records)
