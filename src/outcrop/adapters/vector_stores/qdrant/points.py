"""Points as Qdrant keeps them, and back.

A point has two vectors: `dense`, the embedding, and `words`, one number for each term: the part of BM25 that only the
text decides, for an average length that stays the same, so that Qdrant's own ranking is nearly ours. Its payload has
tokens for filters (`v`), the number of terms (`n`), the chunk's id (`c`) and the point itself (`r`). A parent has no
vectors.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

import numpy as np
from qdrant_client import models

from outcrop.adapters.vector_stores.packing import packed, unpacked
from outcrop.adapters.vector_stores.scoring import K1, B
from outcrop.adapters.vector_stores.tokens import field_name, tokens_of
from outcrop.adapters.vector_stores.words import counted
from outcrop.core.chunks import Point

DENSE, WORDS = "dense", "words"
TOKENS, LENGTH, RECORD, CHUNK = "v", "n", "r", "c"
USUAL = 200.0  # terms of a text, for the numbers of `words`


def point_id(chunk_id: str) -> str:
    """The id of a point, which must be a UUID."""
    return str(UUID(bytes=blake2b(chunk_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()))


def term_index(term: int) -> int:
    """A term as the index of a sparse vector: 32 bits of its number."""
    return term & 0xFFFFFFFF


def stored(point: Point) -> models.PointStruct:
    """A point as it is put."""
    vectors: dict[str, Any] = {}
    payload: dict[str, Any] = {
        TOKENS: {field_name(key): tokens_of(value) for key, value in point.fields().items()},
        CHUNK: json.dumps(point.chunk.id),
        RECORD: b64encode(packed(point)).decode(),
    }
    if point.chunk.searchable:
        if point.vector is not None:
            vectors[DENSE] = point.vector.tolist()
        counts = counted(point.chunk.embedded_text())
        payload[LENGTH] = counts.total()
        vectors[WORDS] = _sparse(counts)
    return models.PointStruct(id=point_id(point.chunk.id), vector=vectors, payload=payload)


def _sparse(counts: Counter[int]) -> models.SparseVector:
    merged: Counter[int] = Counter()
    for term, count in counts.items():
        merged[term_index(term)] += count
    norm, indices = _norm(counts.total()), sorted(merged)
    values = [merged[index] * (K1 + 1) / (merged[index] + norm) for index in indices]
    return models.SparseVector(indices=indices, values=values)


def _norm(length: int) -> float:
    return K1 * (1 - B + B * length / USUAL)


def counts_of(words: models.SparseVector, length: int, asked: Sequence[int]) -> dict[int, int]:
    """How often terms are in a text, from its numbers: `_sparse` the other way round."""
    values = dict(zip(words.indices, words.values, strict=True))
    norm = _norm(length)
    found = ((term, values.get(term_index(term))) for term in asked)
    return {term: round(value * norm / (K1 + 1 - value)) for term, value in found if value}


def point_of(payload: Mapping[str, Any], vectors: Any) -> Point:
    """The point of a record."""
    dense = vectors.get(DENSE) if isinstance(vectors, Mapping) else None
    return unpacked(b64decode(payload[RECORD]), None if dense is None else np.array(dense, dtype=np.float32))
