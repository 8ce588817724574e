"""What an index is in OpenSearch: its mapping, a point as a document, and conditions as queries."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np

from outcrop.adapters.vector_stores.narrowing import Condition, Every, HasAny, HasNone, field_token, tokens_of
from outcrop.adapters.vector_stores.opensearch.options import OpenSearchOptions
from outcrop.adapters.vector_stores.packing import packed, unpacked
from outcrop.adapters.vector_stores.scoring import K1, B
from outcrop.adapters.vector_stores.words import counted
from outcrop.core.chunks import CHUNK_ID, IndexSpec, Point, Vector

_COUNTS = np.dtype([("term", "<u8"), ("count", "<u4")])
SOURCE = ["record", "vector", "rest", "counts", "length", "key"]  # what is read of a document
Query = dict[str, Any]


def index_name(prefix: str, name: str) -> str:
    """The name that OpenSearch allows, lower case, for one of ours."""
    digest = "" if name == name.lower() else f"-{blake2b(name.encode(), digest_size=6).hexdigest()}"
    return f"{prefix}-{name.lower()}{digest}"


def definition(index: IndexSpec, options: OpenSearchOptions) -> Mapping[str, Any]:
    """The body that makes an index."""
    method = {"name": "hnsw", "engine": options.searched_by, "space_type": "innerproduct"}
    settings: dict[str, Any] = {"knn": True}
    if not options.is_serverless:
        settings |= {"number_of_shards": options.shards, "number_of_replicas": options.replicas}
        settings["similarity"] = {"default": {"type": "BM25", "k1": K1, "b": B}}
    return {
        "settings": {"index": settings},
        "mappings": {
            "dynamic": False,
            "_meta": {"outcrop": {"dimensions": index.dimensions}},
            "properties": {
                "vector": {"type": "knn_vector", "dimension": index.dimensions, "method": method},
                "words": {"type": "text", "analyzer": "whitespace"},
                "length": {"type": "long"},
                "searchable": {"type": "boolean"},
                "tokens": {"type": "keyword"},
                "key": {"type": "keyword"},
                "batch": {"type": "keyword"},
            },
        },
    }


@dataclass(frozen=True)
class Found:
    """A document that was found: its point, its id in OpenSearch, and how often it has which terms."""

    id: str
    source: Mapping[str, Any]

    @cached_property
    def point(self) -> Point:
        """The point."""
        return unpacked(base64.b64decode(self.source["record"]), self.vector)

    @cached_property
    def vector(self) -> Vector | None:
        """The vector; one of a point that is never searched is kept apart."""
        numbers = self.source.get("vector", self.source.get("rest"))
        return None if numbers is None else np.array(numbers, dtype=np.float32)

    @cached_property
    def counts(self) -> Mapping[int, int]:
        """How often it has each term."""
        kept = np.frombuffer(base64.b64decode(self.source["counts"]), _COUNTS)
        return dict(zip(kept["term"].tolist(), kept["count"].tolist(), strict=True))

    @property
    def key(self) -> str:
        """What stands for its chunk's id."""
        return str(self.source["key"])


def key_of(chunk_id: str) -> str:
    """What stands for a chunk's id: letters and digits whatever the id holds."""
    return field_token(CHUNK_ID, chunk_id) or ""


def document_of(point: Point, batch: str) -> dict[str, Any]:
    """A point as a document."""
    searchable = point.chunk.searchable
    counts = counted(point.chunk.embedded_text()) if searchable else {}
    kept = np.array(list(counts.items()), dtype=_COUNTS)
    document: dict[str, Any] = {
        "key": key_of(point.chunk.id),
        "batch": batch,
        "tokens": tokens_of(point.fields()),
        "record": base64.b64encode(packed(point)).decode(),
        "counts": base64.b64encode(kept.tobytes()).decode(),
        "length": sum(counts.values()),
        "searchable": searchable,
        "words": " ".join(" ".join([f"{term:x}"] * min(count, 1000)) for term, count in counts.items()),
    }
    if point.vector is not None:
        document["vector" if searchable else "rest"] = [float(number) for number in point.vector]
    return document


def condition_query(condition: Condition | None) -> list[Query]:
    """A condition as the filters of a bool query; tokens need no quoting."""
    if condition is None:
        return []
    if isinstance(condition, HasAny):
        return [{"terms": {"tokens": list(condition.tokens)}}]
    if isinstance(condition, HasNone):
        return [{"bool": {"must_not": [{"terms": {"tokens": list(condition.tokens)}}]}}]
    if isinstance(condition, Every):
        return [query for part in condition.parts for query in condition_query(part)]
    parts = [every_of(condition_query(part)) for part in condition.parts]
    return [{"bool": {"should": parts, "minimum_should_match": 1}}]


def every_of(filters: list[Query], **clauses: Any) -> Query:
    """A bool query with these filters."""
    return {"bool": {"filter": filters, **clauses}}
