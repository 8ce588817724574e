"""Change detection, pure: what is stored of documents against what their source has now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from outcrop.core.records import Document, DocumentStatus

Change = Literal["new", "changed", "metadata", "unchanged"]

# Reasons that may be gone at the next attempt though the file is the same; the others are tried again only when the
# content or what reads it has changed.
TRANSIENT = frozenset({"timeout", "crashed", "out_of_memory", "too_large", "unreachable", "missing_dependency"})
SEARCHABLE: frozenset[DocumentStatus] = frozenset({"INDEXED", "PARTIALLY_INDEXED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """Three hashes: of the content, of the settings that make chunks and vectors of it, and of the metadata."""

    content: str = ""
    settings: str = ""
    metadata: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored of a document, as far as comparing needs it; small, because there may be very many.

    `in_doubt` where the index and the record do not agree, so that the record proves nothing; `recorded` is False
    for points in the index that have no record at all.
    """

    id: str
    uri: str
    prints: Fingerprints = Fingerprints()
    status: DocumentStatus = "FAILED"
    reason_code: str | None = None
    media_type: str = ""
    chunks_hash: str = ""
    source_version: str | None = None
    created_at: datetime | None = None
    in_doubt: bool = False
    recorded: bool = True
    job_id: str | None = None
    outcome: str | None = None

    @classmethod
    def of(cls, document: Document, *, in_doubt: bool = False) -> Known:
        """What matters of a record."""
        return cls(
            id=document.id,
            uri=document.uri,
            prints=Fingerprints(
                content=document.content_hash, settings=document.settings_hash, metadata=document.metadata_hash
            ),
            status=document.status,
            reason_code=document.reason_code,
            media_type=document.media_type,
            chunks_hash=document.chunks_hash,
            source_version=document.source_version,
            created_at=document.created_at,
            in_doubt=in_doubt,
            job_id=document.job_id,
            outcome=document.outcome,
        )

    @property
    def searchable(self) -> bool:
        """Whether it was indexed, as far as is known."""
        return self.recorded and self.status in SEARCHABLE


def change_of(known: Known | None, now: Fingerprints) -> Change:
    """What became of one document: "metadata" means that nothing but its metadata differs."""
    if known is None or not known.recorded:
        return "new"
    same = (known.prints.content, known.prints.settings) == (now.content, now.settings)
    again = known.status == "IGNORED" or (known.status == "FAILED" and known.reason_code in TRANSIENT)
    if known.in_doubt or again or not same:
        return "changed"
    return "unchanged" if known.prints.metadata == now.metadata else "metadata"


def vanished(known: Iterable[Known], seen: Collection[str], unlisted: Sequence[str] = ()) -> list[Known]:
    """The documents that the source no longer has: not among the ids `seen`, nor below a part that was not listed.

    `unlisted` are the beginnings of their addresses.
    """
    return [one for one in known if one.id not in seen and not one.uri.startswith(tuple(unlisted))]
