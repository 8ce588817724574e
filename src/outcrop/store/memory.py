"""The reference metadata store: everything in memory, gone with the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from outcrop.core.errors import Conflict, NotFound
from outcrop.core.filters import Filter, matches
from outcrop.core.protocols import MetadataStore, Page
from outcrop.core.records import Record
from outcrop.store import codec, statements

R = TypeVar("R", bound=Record)
Kept = dict[tuple[str, str], Record]


class MemoryMetadata:
    """Keeps records in a dictionary."""

    def __init__(self) -> None:
        self._kept: Kept = {}
        self._writing = asyncio.Lock()

    async def get(self, kind: type[R], id: str) -> R:
        """The record. Raises NotFound."""
        return _get(self._kept, kind, id)

    async def put(self, record: R, expect: int | None = None) -> R:
        """Keep a record; `expect` 0 means that it is not there yet."""
        async with self._writing:
            return _put(self._kept, record, expect)

    async def delete(self, kind: type[R], id: str) -> None:
        """Remove a record."""
        async with self._writing:
            self._kept.pop((kind.collection, id), None)

    async def page(self, kind: type[R], where: Filter | None, after: str | None, limit: int) -> Page[R]:
        """Records in order of creation, then id."""
        return _page(self._kept, kind, where, after, limit)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MetadataStore]:
        """All or nothing: changes become visible together when the context ends without an error."""
        async with self._writing:
            inner = MemoryMetadata()
            inner._kept = dict(self._kept)
            yield inner
            self._kept = inner._kept

    async def close(self) -> None:
        """Forget everything."""
        self._kept = {}


def _get(kept: Kept, kind: type[R], id: str) -> R:
    record = kept.get((kind.collection, id))
    if record is None:
        raise NotFound(f"There is no {kind.__name__} with the id {id!r}.")
    return record  # type: ignore[return-value]  # the key holds the collection


def _put(kept: Kept, record: R, expect: int | None) -> R:
    key = (record.collection, record.id)
    stored = kept[key].version if key in kept else 0
    if expect is not None and expect != stored:
        raise Conflict(f"The {type(record).__name__} {record.id} changed since it was read. Read it and try again.")
    if any(_clash(record, other) for other in kept.values()):
        raise Conflict(f"Another {type(record).__name__} has the same {' and '.join(record.unique)}.")
    codec.dumps(record)  # what cannot be kept by every store is not kept by this one
    kept[key] = record = replace(record, version=stored + 1)
    return record


def _clash(record: Record, other: Record) -> bool:
    """Whether two records may not be there together; what is absent is like nothing, as in SQL."""
    return (
        bool(record.unique)
        and other.collection == record.collection
        and other.id != record.id
        and all(getattr(other, name) == getattr(record, name) is not None for name in record.unique)
    )


def _page(kept: Kept, kind: type[R], where: Filter | None, after: str | None, limit: int) -> Page[R]:
    statements.check_limit(limit)
    statements.check_keys(kind, where)
    begin = statements.position(after) if after is not None else ("", "")
    found = sorted(
        (codec.timestamp(record.created_at), record.id, record)
        for (collection, _), record in kept.items()
        if collection == kind.collection and matches(where, {name: getattr(record, name) for name in kind.indexed})
    )
    rest = [record for time, name, record in found if (time, name) > begin]
    more = len(rest) > limit
    return Page(tuple(rest[:limit]), statements.token(rest[limit - 1]) if more else None)  # type: ignore[arg-type]
