"""The records of an index that is being built in the place of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from outcrop.core.records import Document, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuiltDocument(Document):
    """A document as an index holds it that is being built and does not serve yet."""

    collection: ClassVar[str] = "rebuilt_documents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild(Record):
    """The building of an index that is to replace the one of a knowledge base; its id is the knowledge base's.

    BUILDING: the old one serves, and its documents are the `Document` records; SWAPPED: the new one serves, and what
    is not in it is yet to be taken from the records; MOVING: and its documents are yet to take the place of the old
    ones.
    """

    collection: ClassVar[str] = "rebuilds"

    index: str
    replaces: str  # the index that serves until then
    embedding_model: str
    dimensions: int
    sources: tuple[str, ...]  # the ids of the data sources whose documents are made anew; the others' are copied
    done: tuple[str, ...] = ()  # those of them that are made
    asked: bool = False  # by someone, and not because a setting changed
    status: Literal["BUILDING", "SWAPPED", "MOVING"] = "BUILDING"
