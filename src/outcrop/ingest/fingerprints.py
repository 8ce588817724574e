"""The hashes by which change is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from outcrop.core.filters import Metadata
from outcrop.core.ids import derived_id
from outcrop.core.parsed import Blob
from outcrop.core.records import Chunking

BLOCK = 1 << 20  # bytes that are read at a time


def content_hash(blob: Blob) -> str:
    """SHA-256 of a file's bytes, which are never held whole. Raises OSError."""
    if blob.path is None:
        return hashlib.sha256(blob.read()).hexdigest()
    with blob.path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def metadata_hash(metadata: Metadata) -> str:
    """A hash of metadata, whatever the order of its members."""
    return derived_id(_canonical(metadata))


@lru_cache(maxsize=4096)
def settings_hash(reader_version: str, chunking: Chunking, embedded: str, model: str, precision: str) -> str:
    """A hash of all that makes chunks and vectors of a content, in three parts: "cutting-attributes-vectors".

    `embedded` is the metadata that is embedded with the text. The model is a part of the cutting too, because chunks
    are measured in its tokens.
    """
    cutting = derived_id(reader_version, _canonical(asdict(chunking)), model)
    return f"{cutting}-{derived_id(embedded)}-{derived_id(model, precision)}"


def same_vectors(one: str, other: str) -> bool:
    """Whether two settings hashes say that the same text has the same vector."""
    return one.rpartition("-")[2] == other.rpartition("-")[2] != ""


def same_chunks(one: str, other: str) -> bool:
    """Whether two settings hashes say that the same content has the same chunks."""
    return one.rpartition("-")[0] == other.rpartition("-")[0] != ""


def same_making(one: str, other: str) -> bool:
    """Whether two settings hashes differ at most in the metadata that is embedded, which is the document's own."""
    return one.partition("-")[0] == other.partition("-")[0] != "" and same_vectors(one, other)


def with_attributes(one: str, other: str) -> str:
    """A settings hash with the attributes of another."""
    cutting, _, rest = one.partition("-")
    return f"{cutting}-{other.partition('-')[2].partition('-')[0]}-{rest.rpartition('-')[2]}"


def chunks_hash(ids: Iterable[str]) -> str:
    """A hash of the ids of a document's chunks, whatever their order."""
    return derived_id(*sorted(ids))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
