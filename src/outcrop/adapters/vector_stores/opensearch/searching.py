"""A search: candidates by meaning and by words, exact scores of all, the best as hits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from outcrop.adapters.vector_stores.narrowing import narrowed
from outcrop.adapters.vector_stores.opensearch.client import Client
from outcrop.adapters.vector_stores.opensearch.documents import SOURCE, Found, Query, condition_query, every_of
from outcrop.adapters.vector_stores.ranked import Candidate, ranked
from outcrop.adapters.vector_stores.scoring import DECIMALS, depth
from outcrop.adapters.vector_stores.words import Collection, asked, possible
from outcrop.core.chunks import Hit, Search, Vector
from outcrop.core.filters import matches

WINDOW = 10_000  # documents of one answer, OpenSearch's own limit
EXACT_UP_TO = 5000  # vectors: looking at each takes no longer than following a graph
_SPARE = 32  # candidates beyond those wanted, as the server orders them roughly
_SAME = 10**-DECIMALS
_EXACT = {"source": "knn_score", "lang": "knn"}


@dataclass(frozen=True, slots=True)
class Weighed:
    """The terms of a query with what they weigh, and what BM25 knows of the index."""

    collection: Collection
    weights: Mapping[int, float]

    def score(self, found: Found) -> float | None:
        """The score of BM25 of a point; None where it has none of the terms."""
        return self.collection.score(self.weights, found.counts, found.source["length"]) or None


@dataclass(slots=True)
class Run:
    """One search of one index; `scripts` says whether the server scores every vector where it is asked to."""

    client: Client
    index: str
    query: Search
    scripts: bool
    seen: dict[str, Found] = field(default_factory=dict)

    async def hits(self) -> list[Hit]:
        """The best hits, best first."""
        terms = [] if self.query.mode == "semantic" else asked(self.query.text)
        weighed = await self._weighed(terms)
        if terms:
            await self._worded(terms, weighed)
        if self.query.mode != "keyword" and self.query.vector is not None:
            await self._near(self.query.vector, weighed.collection.points)
        allowed = [one for one in self.seen.values() if matches(self.query.where, one.point.fields())]
        latest = {one.key: one for one in allowed}  # of a chunk that is written just now there may be two
        found = [
            Candidate(one.key, one.point.chunk.id, self._cosine(one), weighed.score(one)) for one in latest.values()
        ]
        best = ranked(self.query, found, possible(weighed.weights))
        return [one.hit(latest[one.name].point, score, self.query.mode) for one, score in best]

    @property
    def _depth(self) -> int:
        return depth(self.query.limit) if self.query.mode == "hybrid" else self.query.limit

    @property
    def _filters(self) -> list[Query]:
        return [{"term": {"searchable": True}}, *condition_query(narrowed(self.query.where))]

    def _cosine(self, found: Found) -> float | None:
        if self.query.vector is None or found.vector is None:
            return None
        return float(np.dot(found.vector, self.query.vector))

    async def _weighed(self, terms: Sequence[int]) -> Weighed:
        """What the terms weigh, as the index is now."""
        counts = {f"{term:x}": {"term": {"words": f"{term:x}"}} for term in terms}
        aggregations: dict[str, Any] = {"length": {"sum": {"field": "length"}}}
        if counts:
            aggregations["having"] = {"filters": {"filters": counts}}
        body = {"size": 0, "track_total_hits": True, "query": {"term": {"searchable": True}}, "aggs": aggregations}
        answer = await self.client.ask("POST", f"/{self.index}/_search", body)
        found = answer.get("aggregations", {})
        collection = Collection(answer["hits"]["total"]["value"], round(found.get("length", {}).get("value", 0)))
        buckets = found.get("having", {}).get("buckets", {})
        having = {int(term, 16): bucket["doc_count"] for term, bucket in buckets.items()}
        return Weighed(collection, collection.weighed(terms, having))

    async def _worded(self, terms: Sequence[int], weighed: Weighed) -> None:
        """The points with the best scores, as many as are looked for, and those that nearly equal the last."""
        match = {"match": {"words": " ".join(f"{term:x}" for term in terms)}}

        async def fetch(count: int) -> list[Found]:
            return await self._found({"size": count, "query": every_of(self._filters, must=[match])})

        await self._enough(fetch, lambda one: weighed.score(one) or 0.0)

    async def _near(self, vector: Vector, points: int) -> None:
        """The nearest points, as many as are looked for, and those that are as near as the last."""
        numbers = [float(number) for number in vector]

        async def exact(count: int) -> list[Found]:
            script = {**_EXACT, "params": {"field": "vector", "query_value": numbers, "space_type": "innerproduct"}}
            query = {"script_score": {"query": every_of(self._filters), "script": script}}
            return await self._found({"size": count, "query": query})

        async def by_graph(count: int) -> list[Found]:
            knn = {"vector": numbers, "k": count, "filter": every_of(self._filters)}
            return await self._found({"size": count, "query": {"knn": {"vector": knn}}})

        few = self.scripts and points <= EXACT_UP_TO
        full = await self._enough(exact if few else by_graph, lambda one: self._cosine(one) or 0.0)
        if not full and not few and self.scripts:
            await self._enough(exact, lambda one: self._cosine(one) or 0.0)

    async def _enough(self, fetch: Callable[[int], Awaitable[list[Found]]], score: Callable[[Found], float]) -> bool:
        """Fetch more and more until enough are allowed; whether they were before there were no more."""
        count = min(self._depth * 2 + _SPARE, WINDOW)
        while True:
            found = await fetch(count)
            allowed = sorted((score(one) for one in found if self._allows(one)), reverse=True)
            last = score(found[-1]) if found else 0.0
            if len(allowed) >= self._depth and allowed[self._depth - 1] - last > _SAME:
                return True
            if len(found) < count or count == WINDOW:
                return len(allowed) >= self._depth
            count = min(count * 4, WINDOW)

    def _allows(self, found: Found) -> bool:
        return matches(self.query.where, found.point.fields())

    async def _found(self, body: Mapping[str, Any]) -> list[Found]:
        answer = await self.client.ask("POST", f"/{self.index}/_search", {**body, "_source": SOURCE})
        names = [hit["_id"] for hit in answer["hits"]["hits"]]
        for hit in answer["hits"]["hits"]:
            self.seen.setdefault(hit["_id"], Found(hit["_id"], hit["_source"]))
        return [self.seen[name] for name in names]
