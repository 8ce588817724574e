"""The store in Qdrant: a collection for each index. What was written is searched when a call returns (`wait`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from itertools import islice

from qdrant_client import QdrantClient, models

from outcrop.adapters.vector_stores.qdrant.client import Client
from outcrop.adapters.vector_stores.qdrant.filtering import conditions
from outcrop.adapters.vector_stores.qdrant.options import QdrantOptions
from outcrop.adapters.vector_stores.qdrant.points import (
    DENSE,
    LENGTH,
    RECORD,
    TOKENS,
    WORDS,
    point_id,
    point_of,
    stored,
)
from outcrop.adapters.vector_stores.qdrant.searching import Run
from outcrop.adapters.vector_stores.qdrant.statistics import Statistics
from outcrop.adapters.vector_stores.scoring import valid_index, valid_points, valid_search
from outcrop.adapters.vector_stores.words import asked
from outcrop.core.chunks import CHUNK_ID, DOCUMENT_ID, Hit, IndexSpec, Point, Search, Traits
from outcrop.core.errors import Conflict, IndexBroken, IndexMissing
from outcrop.core.filters import AllOf, Compare, Filter, one_of
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore

_BATCH = 500  # points of a scan
_PUT = 100  # points of one request: below 32 MB, Qdrant's limit, at any length of vectors
_MANY = 1000  # ids of one condition


class QdrantStore:
    """Collections on a server, or in a folder by local mode.

    An upsert's new points are there before the old ones of swept documents go; both may be seen for a moment.
    """

    def __init__(self, store: NamedStore, options: QdrantOptions) -> None:
        self._options = options
        self._client = Client(store, options)
        self._dimensions: dict[str, int] = {}
        self._indexed: dict[str, set[str]] = {}
        self._statistics: dict[str, Statistics] = {}
        self.traits = Traits(
            modes=frozenset({"hybrid", "semantic", "keyword"}), transactional=False, shared=options.path is None
        )

    async def create(self, index: IndexSpec) -> None:
        """Make an empty index; one with the same dimensions stays as it is, else Conflict."""
        valid_index(index)
        await self._client.run(lambda client: self._create(client, index))

    async def drop(self, index: str) -> None:
        """Remove an index."""
        name = self._name(index)
        self._forget(name)
        await self._client.run(lambda client: client.delete_collection(name))

    async def upsert(self, index: str, points: Sequence[Point], *, sweep: Collection[str] = ()) -> None:
        """Put points by chunk id, then remove the other points of the documents in `sweep`."""
        name = self._name(index)
        valid_points(points, await self._client.run(lambda client: self._size(client, name)))
        drafts = await asyncio.to_thread(lambda: [stored(point) for point in points])
        try:
            await self._client.run(lambda client: self._put(client, name, drafts))
            if sweep:
                await self._client.run(lambda client: self._sweep(client, name, sweep, points))
        finally:
            self._counted(name).forget()

    async def delete(self, index: str, where: Filter) -> int:
        """Remove the points that satisfy a filter; how many there were."""
        name = self._name(index)
        try:
            return await self._client.run(lambda client: self._delete(client, name, where))
        finally:
            self._counted(name).forget()

    async def search(self, index: str, query: Search) -> Sequence[Hit]:
        """The best hits, best first."""
        name = self._name(index)
        return await self._client.run(lambda client: self._search(client, name, query.embedded()))

    async def get(self, index: str, chunk_ids: Sequence[str]) -> Sequence[Point]:
        """The points with these ids that exist, in the order asked."""
        name, names = self._name(index), [point_id(chunk) for chunk in chunk_ids]
        found = await self._client.run(
            lambda client: client.retrieve(name, names, with_payload=[RECORD], with_vectors=[DENSE])
        )
        points = {str(record.id): point_of(record.payload or {}, record.vector) for record in found}
        return [points[one] for one in names if one in points]

    async def scan(self, index: str, where: Filter | None = None) -> AsyncIterator[Sequence[Point]]:
        """Every point that satisfies the filter, in batches; those that are written meanwhile may be among them."""
        name = self._name(index)
        allowed = await self._client.run(lambda client: self._conditions(client, name, where))
        after: models.ExtendedPointId | None = None
        while True:
            found, after = await self._client.run(lambda client, begins=after: _page(client, name, allowed, begins))  # type: ignore[misc]
            if found:
                yield [point_of(record.payload or {}, record.vector) for record in found]
            if after is None:
                return

    async def count(self, index: str) -> int:
        """The number of points, parents included."""
        name = self._name(index)
        return (await self._client.run(lambda client: client.count(name, exact=True))).count

    async def close(self) -> None:
        """Close the client."""
        await self._client.close()

    def _name(self, index: str) -> str:
        return f"{self._options.prefix}{index}"

    def _forget(self, name: str) -> None:
        self._dimensions.pop(name, None)
        self._indexed.pop(name, None)
        self._statistics.pop(name, None)

    def _counted(self, name: str) -> Statistics:
        return self._statistics.setdefault(name, Statistics(shared=not self._client.is_local))

    def _create(self, client: QdrantClient, index: IndexSpec) -> None:
        name = self._name(index.name)
        self._forget(name)
        if not client.collection_exists(name):
            try:
                self._make(client, name, index.dimensions)
            except (ValueError, RuntimeError, Conflict):  # another process was a moment faster
                if not client.collection_exists(name):
                    raise
        kept = self._size(client, name)
        if kept != index.dimensions:
            raise Conflict(f"The index {index.name} holds vectors of {kept} dimensions, not {index.dimensions}.")

    def _make(self, client: QdrantClient, name: str, dimensions: int) -> None:
        # Vectors have unit length, so that the inner product is the cosine; a vector of zeros has one too.
        client.create_collection(
            name,
            vectors_config={DENSE: models.VectorParams(size=dimensions, distance=models.Distance.DOT)},
            sparse_vectors_config={WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            shard_number=self._options.shards,
            replication_factor=self._options.replicas,
            write_consistency_factor=self._options.replicas,
        )
        if not self._client.is_local:  # which has no use for them, and says so
            client.create_payload_index(name, LENGTH, models.PayloadSchemaType.INTEGER, wait=True)

    def _size(self, client: QdrantClient, name: str) -> int:
        """The length of a collection's vectors. Raises IndexBroken where it is not one of ours."""
        if name not in self._dimensions:
            if not client.collection_exists(name):
                raise IndexMissing(f"There is no vector index {name!r}. Run a sync of the data source to build it.")
            info = client.get_collection(name)
            vectors = info.config.params.vectors
            dense = vectors.get(DENSE) if isinstance(vectors, dict) else None
            if dense is None:
                raise IndexBroken(f"The collection {name} was not made by Outcrop: it has no vectors {DENSE!r}.")
            self._dimensions[name] = dense.size
            self._indexed[name] = set(info.payload_schema or {})
        return self._dimensions[name]

    def _put(self, client: QdrantClient, name: str, drafts: Sequence[models.PointStruct]) -> None:
        self._index_fields(client, name, drafts)
        rest = iter(drafts)
        while batch := list(islice(rest, _PUT)):
            client.upsert(name, batch, wait=True)

    def _index_fields(self, client: QdrantClient, name: str, drafts: Iterable[models.PointStruct]) -> None:
        """Make an index for every field that is new: filters are slow, and facets refused, without one."""
        if self._client.is_local:
            return
        paths = {f"{TOKENS}.{key}" for draft in drafts for key in (draft.payload or {}).get(TOKENS, {})}
        for path in sorted(paths - self._indexed.get(name, set())):
            client.create_payload_index(name, path, models.PayloadSchemaType.KEYWORD, wait=True)
            self._indexed.setdefault(name, set()).add(path)

    def _sweep(self, client: QdrantClient, name: str, sweep: Collection[str], points: Sequence[Point]) -> None:
        documents = one_of(DOCUMENT_ID, list(sweep))
        new = Compare("notIn", CHUNK_ID, tuple(point.chunk.id for point in points))
        swept = self._conditions(client, name, AllOf((documents, new)))
        if swept is not None:
            client.delete(name, models.FilterSelector(filter=swept), wait=True)

    def _delete(self, client: QdrantClient, name: str, where: Filter) -> int:
        chosen = self._conditions(client, name, where) or models.Filter()
        there = client.count(name, count_filter=chosen, exact=True).count
        client.delete(name, models.FilterSelector(filter=chosen), wait=True)
        return there

    def _conditions(self, client: QdrantClient, name: str, where: Filter | None) -> models.Filter | None:
        self._size(client, name)
        return conditions(client, name, where)

    def _search(self, client: QdrantClient, name: str, query: Search) -> list[Hit]:
        valid_search(query, self._size(client, name))
        allowed = conditions(client, name, query.where)
        terms = [] if query.mode == "semantic" else asked(query.text)
        collection, weights = self._counted(name).weighed(client, name, terms)
        width = None if self._client.is_local else self._options.ef_search
        return Run(client, name, query, allowed, collection, weights, width).hits()


def _page(
    client: QdrantClient, name: str, allowed: models.Filter | None, after: models.ExtendedPointId | None
) -> tuple[list[models.Record], models.ExtendedPointId | None]:
    return client.scroll(
        name, scroll_filter=allowed, limit=_BATCH, offset=after, with_payload=[RECORD], with_vectors=[DENSE]
    )


def open_store(settings: Settings, store: NamedStore) -> QdrantStore:  # noqa: ARG001 # every store is given the settings
    """The store that a table of the kind `qdrant` sets up. Raises Invalid where a key is wrong."""
    return QdrantStore(store, store.options(QdrantOptions))
