"""What an index is in Redis: its keys, its counts, and a point as bytes.

All keys of an index have its name in braces, so that a cluster keeps them on one node and a transaction can hold them.
Points have numbers, which are never used twice; what is filed under a word or a token is only ever appended to, and
the numbers that are dead are marked in one bitmap.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.vector_stores.narrowing import tokens_of
from outcrop.adapters.vector_stores.packing import packed, unpacked
from outcrop.adapters.vector_stores.words import Collection, counted
from outcrop.core.chunks import Point, Vector

Numbers = NDArray[np.uint32]
POSTING = np.dtype([("number", "<u4"), ("count", "<u4"), ("length", "<u4")])
_HEAD = struct.Struct("<II")


def meta_key(prefix: str, name: str) -> str:
    """The hash that says what an index is; an index exists where this does."""
    return f"{prefix}:{{{name}}}:meta"


@dataclass(frozen=True, slots=True)
class Index:
    """An index as its hash says: its dimensions, how its vectors are searched, and its counts."""

    prefix: str
    name: str
    generation: str  # random, so that what a broken-off drop left behind belongs to no later index
    dimensions: int
    dialect: str
    version: int
    next: int
    points: int
    searchable: int
    length: int

    @classmethod
    def of(cls, prefix: str, name: str, kept: Mapping[bytes, bytes]) -> Index:
        """The index that a hash describes."""
        counts = {key: int(kept[key.encode()]) for key in ("dimensions", *COUNTS)}
        return cls(prefix, name, kept[b"generation"].decode(), dialect=kept[b"dialect"].decode(), **counts)

    def key(self, what: str) -> str:
        """The key of one of its parts."""
        return f"{self.prefix}:{{{self.name}}}:{self.generation}:{what}"

    def word(self, term: int) -> str:
        """The key of what is filed under a term: records of POSTING."""
        return self.key(f"w:{term:x}")

    def token(self, token: str) -> str:
        """The key of what is filed under a token: numbers."""
        return self.key(f"f:{token}")

    @property
    def collection(self) -> Collection:
        """What BM25 knows of it."""
        return Collection(self.searchable, self.length)


COUNTS = ("version", "next", "points", "searchable", "length")


@dataclass(frozen=True)
class Record:
    """A point as it is kept: its chunk's id and its vector at hand, the rest unpacked when asked for."""

    chunk: bytes
    vector: Vector | None
    body: bytes

    @cached_property
    def point(self) -> Point:
        """All of it."""
        return unpacked(self.body, self.vector)

    @cached_property
    def counts(self) -> Mapping[int, int]:
        """How often it has each term; none where it is never searched."""
        chunk = self.point.chunk
        return counted(chunk.embedded_text()) if chunk.searchable else {}

    @cached_property
    def tokens(self) -> Sequence[str]:
        """What filters find it by."""
        return tokens_of(self.point.fields())

    @property
    def id(self) -> str:
        """Its chunk's id."""
        return self.chunk.decode("utf-8", "surrogatepass")

    def to_bytes(self) -> bytes:
        """As it is kept."""
        numbers = b"" if self.vector is None else self.vector.astype("<f4").tobytes()
        return _HEAD.pack(len(self.chunk), len(numbers)) + self.chunk + numbers + self.body


def record_of(point: Point) -> Record:
    """A point as a record, with its terms and tokens counted."""
    record = Record(encoded(point.chunk.id), point.vector, packed(point))
    record.__dict__["point"] = point
    return record


def read_record(data: bytes) -> Record:
    """The record that `to_bytes` wrote."""
    ids, numbers = _HEAD.unpack_from(data)
    start = _HEAD.size + ids
    vector = np.frombuffer(data, "<f4", numbers // 4, start) if numbers else None
    return Record(data[_HEAD.size : start], vector, data[start + numbers :])


def encoded(text: str) -> bytes:
    """Text as bytes; lone halves of surrogate pairs too."""
    return text.encode("utf-8", "surrogatepass")
