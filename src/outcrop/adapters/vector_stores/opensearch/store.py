"""The store in OpenSearch: every verb, on a cluster of one's own, a managed domain or a Serverless collection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any
from uuid import uuid4

from outcrop.adapters.vector_stores.narrowing import field_token, narrowed
from outcrop.adapters.vector_stores.opensearch.client import AlreadyThere, Client
from outcrop.adapters.vector_stores.opensearch.documents import (
    SOURCE,
    Found,
    Query,
    condition_query,
    definition,
    document_of,
    every_of,
    index_name,
    key_of,
)
from outcrop.adapters.vector_stores.opensearch.options import OpenSearchOptions
from outcrop.adapters.vector_stores.opensearch.searching import Run
from outcrop.adapters.vector_stores.scoring import is_name, valid_index, valid_points, valid_search
from outcrop.core.chunks import DOCUMENT_ID, Hit, IndexSpec, Point, Search, Traits
from outcrop.core.errors import Conflict, IndexMissing, Invalid, TimedOut
from outcrop.core.filters import Filter, matches
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore

_BATCH = 500
_DELAYS = (0.05, 0.1, 0.2, 0.5)  # seconds between looks whether a write is seen; the last one again and again


class OpenSearchStore:
    """Keeps points as documents, one index for each of ours.

    OpenSearch has no transactions: an upsert puts the new points before it removes the old ones, and may be done again.
    """

    traits = Traits(modes=frozenset({"hybrid", "semantic", "keyword"}), shared=True)

    def __init__(self, store: NamedStore, options: OpenSearchOptions) -> None:
        self._options = options
        self._client = Client(store, options)
        self._refresh = "" if options.is_serverless else "?refresh=true"

    async def create(self, index: IndexSpec) -> None:
        """Make an empty index; one with the same dimensions stays as it is, else Conflict."""
        valid_index(index)
        path = self._path(index.name)
        try:
            there = await self._dimensions(index.name)
        except IndexMissing:
            try:
                await self._client.ask("PUT", path, definition(index, self._options))
            except AlreadyThere:  # another process was faster
                there = await self._dimensions(index.name)
            else:
                return
        if there != index.dimensions:
            raise Conflict(f"The index {index.name} holds vectors of {there} dimensions.")

    async def drop(self, index: str) -> None:
        """Remove an index and all that it keeps."""
        if is_name(index):
            try:
                await self._client.ask("DELETE", self._path(index))
            except IndexMissing:
                return

    async def upsert(self, index: str, points: Sequence[Point], *, sweep: Collection[str] = ()) -> None:
        """Put points by chunk id, then remove the other points of the documents in `sweep`."""
        valid_points(points, await self._dimensions(index))
        batch = uuid4().hex
        documents = await asyncio.to_thread(lambda: [document_of(point, batch) for point in points])
        actions = [(self._action(document["key"]), document) for document in documents]
        await self._client.bulk(self._name(index), actions, self._refresh)
        await self._seen(index, {"term": {"batch": batch}}, len(points))
        keys = [document["key"] for document in documents]
        tokens = [token for document in sweep if (token := field_token(DOCUMENT_ID, document)) is not None]
        replaced: list[Query] = [{"terms": {"tokens": tokens}}] if tokens else []
        replaced += [{"terms": {"key": keys}}] if self._options.is_serverless and keys else []
        if replaced:
            old = every_of([], should=replaced, minimum_should_match=1, must_not=[{"term": {"batch": batch}}])
            async for some in self._pages(index, old):
                await self._remove(index, [one.id for one in some])

    def _action(self, key: str) -> Mapping[str, Any]:
        return {"index": {} if self._options.is_serverless else {"_id": key}}

    async def delete(self, index: str, where: Filter) -> int:
        """Remove the points that satisfy a filter; how many there were."""
        removed = 0
        async for some in self._pages(index, every_of(condition_query(narrowed(where)))):
            gone = [one.id for one in some if matches(where, one.point.fields())]
            await self._remove(index, gone)
            removed += len(gone)
        return removed

    async def _remove(self, index: str, names: Sequence[str]) -> None:
        if names:
            actions = [({"delete": {"_id": name}}, None) for name in names]
            await self._client.bulk(self._name(index), actions, self._refresh)
            await self._seen(index, {"ids": {"values": list(names)}}, 0)

    async def search(self, index: str, query: Search) -> Sequence[Hit]:
        """The best hits, best first; equal scores in order of chunk id."""
        valid_search(query, await self._dimensions(index))
        return await Run(self._client, self._name(index), query, not self._options.is_serverless).hits()

    async def get(self, index: str, chunk_ids: Sequence[str]) -> Sequence[Point]:
        """The points with these ids that exist, in the order asked."""
        found: dict[str, Point] = {}
        await self._dimensions(index)
        keys = [key_of(name) for name in chunk_ids]
        for start in range(0, len(keys), _BATCH):
            async for some in self._pages(index, {"terms": {"key": keys[start : start + _BATCH]}}):
                found |= {one.point.chunk.id: one.point for one in some}
        return [found[name] for name in chunk_ids if name in found]

    async def scan(self, index: str, where: Filter | None = None) -> AsyncIterator[Sequence[Point]]:
        """Every point that satisfies the filter, in batches in order of their keys."""
        async for some in self._pages(index, every_of(condition_query(narrowed(where)))):
            points = {one.key: one.point for one in some if matches(where, one.point.fields())}
            if points:
                yield list(points.values())

    async def count(self, index: str) -> int:
        """The number of points, parents included."""
        answer = await self._client.ask("POST", f"{self._path(index)}/_count", {"query": {"match_all": {}}})
        return int(answer["count"])

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _pages(self, index: str, query: Query) -> AsyncIterator[Sequence[Found]]:
        """Documents in order of their keys, page after page: one that is there throughout comes once."""
        after: dict[str, Any] = {}
        order = [{"key": "asc"}, {"batch": "asc"}]
        while True:
            body = {"size": _BATCH, "query": query, "sort": order, "_source": SOURCE, **after}
            answer = await self._client.ask("POST", f"{self._path(index)}/_search", body)
            hits = answer["hits"]["hits"]
            if hits:
                yield [Found(hit["_id"], hit["_source"]) for hit in hits]
            if len(hits) < _BATCH:
                return
            after = {"search_after": hits[-1]["sort"]}

    async def _seen(self, index: str, query: Query, wanted: int) -> None:
        """Wait, where writes are seen later, until as many documents are found. Raises TimedOut."""
        if not self._options.is_serverless:
            return
        clock = asyncio.get_running_loop().time
        end, looks = clock() + self._options.visible_within, 0
        while True:
            answer = await self._client.ask("POST", f"{self._path(index)}/_count", {"query": query})
            if answer["count"] == wanted:
                return
            if clock() > end:
                raise TimedOut("OpenSearch Serverless has not shown what was written in time. Try again.")
            await asyncio.sleep(_DELAYS[min(looks, len(_DELAYS) - 1)])
            looks += 1

    async def _dimensions(self, index: str) -> int:
        """The length of an index's vectors. Raises IndexMissing."""
        answer = await self._client.ask("GET", f"{self._path(index)}/_mapping")
        kept = next(iter(answer.values()))["mappings"].get("_meta", {}).get("outcrop")
        if kept is None:
            raise Conflict(f"The index {self._name(index)} of OpenSearch was made by someone else.")
        return int(kept["dimensions"])

    def _name(self, index: str) -> str:
        if not is_name(index):
            raise Invalid(f"{index!r} is no name for an index.")
        return index_name(self._options.prefix, index)

    def _path(self, index: str) -> str:
        return f"/{self._name(index)}"


def open_store(settings: Settings, store: NamedStore) -> OpenSearchStore:  # noqa: ARG001 # every store is given the settings
    """The store that a table of the kind `opensearch` sets up. Raises Invalid where a key is wrong."""
    return OpenSearchStore(store, store.options(OpenSearchOptions))
