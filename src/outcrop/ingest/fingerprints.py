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
def settings_hash(reader_version: str, chunking: Chunking, embedded: str, embedding: str) -> str:
    """A hash of all that makes chunks and vectors of a content, in two parts: "chunks-vectors".

    `embedded` is the metadata that is embedded with the text; `embedding` names the model and its precision.
    """
    cutting = derived_id(reader_version, _canonical(asdict(chunking)), embedded)
    return f"{cutting}-{derived_id(embedding)}"


def same_vectors(one: str, other: str) -> bool:
    """Whether two settings hashes say that the same text has the same vector."""
    return one.partition("-")[2] == other.partition("-")[2] != ""


def chunks_hash(ids: Iterable[str]) -> str:
    """A hash of the ids of a document's chunks, whatever their order."""
    return derived_id(*sorted(ids))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
