"""Points as rows of PostgreSQL's binary COPY, and back.

https://www.postgresql.org/docs/current/sql-copy.html (binary format); arrays and numbers as their `_recv` functions
read them, vectors as pgvector's.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from outcrop.adapters.vector_stores.packing import packed, unpacked
from outcrop.adapters.vector_stores.pgvector.text import coded, fields_json
from outcrop.adapters.vector_stores.scoring import K1, B
from outcrop.adapters.vector_stores.words import counted
from outcrop.core.chunks import Point, Vector

HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TAIL = b"\xff\xff"
_LONG, _SHORT = 20, 21  # the type numbers of bigint and smallint
_MOST = 32767
_PLACES, _MOST_PLACES = 1_000_000_000, 16_000  # of a sparse vector
_USUAL = 200.0  # terms of a text


@dataclass(frozen=True, slots=True)
class Draft:
    """A point made ready for the database but for its number, which only the transaction knows."""

    chunk: str
    document: str
    fields: bytes
    record: bytes
    vector: bytes | None
    counts: Counter[int] | None  # of the terms; None for a parent


def drafted(point: Point) -> Draft:
    """A point made ready."""
    return Draft(
        chunk=coded(point.chunk.id),
        document=coded(point.chunk.document_id),
        fields=fields_json(point.fields()).encode(),
        record=packed(point),
        vector=None if point.vector is None or not point.chunk.searchable else vector_bytes(point.vector),
        counts=counted(point.chunk.embedded_text()) if point.chunk.searchable else None,
    )


def vector_bytes(vector: Vector) -> bytes:
    """A vector as pgvector's `vector_recv` reads it."""
    return struct.pack("!hh", len(vector), 0) + vector.astype(">f4").tobytes()


def vector_of(sent: bytes | None) -> Vector | None:
    """The vector that pgvector's `vector_send` gave."""
    return None if sent is None else np.frombuffer(sent, dtype=">f4", offset=4).astype(np.float32)


def vector_text(vector: Vector) -> str:
    """A vector as text, for a parameter."""
    return f"[{','.join(map(repr, vector.astype(np.float64).tolist()))}]"


def point_rows(drafts: Sequence[Draft], first: int) -> Iterable[bytes]:
    """The rows of `points`."""
    for number, draft in enumerate(drafts, first):
        fields = b"\x01" + draft.fields  # jsonb in its version 1
        yield _row(_long(number), draft.chunk.encode(), draft.document.encode(), fields, draft.record)


def word_rows(drafts: Sequence[Draft], first: int) -> Iterable[bytes]:
    """The rows of `words`."""
    for number, draft in enumerate(drafts, first):
        if draft.counts is not None:
            terms = sorted(draft.counts)
            counts = [min(draft.counts[term], _MOST) for term in terms]
            length = struct.pack("!i", draft.counts.total())
            arrays = (_array(terms, _LONG, ">i8"), _array(counts, _SHORT, ">i2"))
            weights = _sparse({place_of(term): _weight(n, draft.counts.total()) for term, n in draft.counts.items()})
            yield _row(_long(number), draft.chunk.encode(), length, *arrays, weights)


def place_of(term: int) -> int:
    """The place of a term in sparse vectors, which have fewer places than there may be terms."""
    return term % _PLACES


def sparse_text(weights: Mapping[int, float]) -> str:
    """What terms weigh as a sparse vector in text, for a parameter; places count from 1 there."""
    merged = {place_of(term): weight for term, weight in weights.items() if weight}
    return "{" + ",".join(f"{place + 1}:{merged[place]!r}" for place in sorted(merged)) + f"}}/{_PLACES}"


def _weight(count: int, length: int) -> float:
    """What BM25 makes of a count, for a usual length of texts: it finds candidates, which are then scored exactly."""
    return count / (count + K1 * (1 - B + B * length / _USUAL))


def _sparse(values: Mapping[int, float]) -> bytes:
    """A sparse vector as pgvector's `sparsevec_recv` reads it: the strongest where there are more than it takes."""
    strongest = sorted(values, key=lambda place: -values[place])[:_MOST_PLACES]
    places = np.array(sorted(strongest), dtype=">i4")
    numbers = np.array([values[int(place)] for place in places], dtype=">f4")
    return struct.pack("!iii", _PLACES, len(places), 0) + places.tobytes() + numbers.tobytes()


def vector_rows(drafts: Sequence[Draft], first: int) -> Iterable[bytes]:
    """The rows of `vectors`."""
    for number, draft in enumerate(drafts, first):
        if draft.vector is not None:
            yield _row(_long(number), draft.chunk.encode(), draft.vector)


def point_of(record: bytes, vector: bytes | None) -> Point:
    """The point of a row."""
    return unpacked(record, vector_of(vector))


def _row(*values: bytes) -> bytes:
    return struct.pack("!h", len(values)) + b"".join(struct.pack("!i", len(value)) + value for value in values)


def _long(number: int) -> bytes:
    return struct.pack("!q", number)


def _array(values: Sequence[int], type_number: int, layout: str) -> bytes:
    """A one-dimensional array without nulls: each element with its length before it."""
    if not values:
        return struct.pack("!iii", 0, 0, type_number)
    width = np.dtype(layout).itemsize
    elements = np.empty(len(values), dtype=[("width", ">i4"), ("value", layout)])
    elements["width"], elements["value"] = width, values
    return struct.pack("!iiiii", 1, 0, type_number, len(values), 1) + elements.tobytes()
