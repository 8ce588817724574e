"""What an agentic retrieval is asked, and what it tells as it goes: its plan, what it searched, found and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from outcrop.core.answers import Citation, Reranking, TextPart, Usage
from outcrop.core.chunks import Hit
from outcrop.core.filters import Filter
from outcrop.core.records import KnowledgeBase, Turn

MAX_ROUNDS = 10
Activity = Literal["Planning", "SpeculativeRetrieval", "Retrieval", "FullDocumentExpansion"]
Status = Literal["IN_PROGRESS", "SUCCEEDED", "FAILED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retriever:
    """A knowledge base that may be searched: what it holds, under which filter, and how many hits a search gives."""

    base: KnowledgeBase
    where: Filter | None = None
    limit: int = 10
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """A question for knowledge bases. `model` plans and answers; `rounds` is how often it may plan (0 to 10)."""

    question: str
    retrievers: tuple[Retriever, ...]
    model: str
    turns: tuple[Turn, ...] = ()  # of the conversation before, oldest first
    rounds: int = 3
    rerank: Reranking | None = None
    generate: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """A hit and the retriever that it came from, by its place in the request."""

    hit: Hit
    retriever: int

    @property
    def key(self) -> str:
        """What tells it from others: no two knowledge bases have chunks of one id."""
        return self.hit.chunk.id


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAction:
    """A search of some retrievers; `beyond` leaves out the documents in which something was found before."""

    query: str
    retrievers: tuple[int, ...]
    beyond: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAction:
    """The reading of what stands around a hit in its document."""

    found: Found


Action = SearchAction | ReadAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A question within a question: as it was asked, and as it is searched for, with the words that it points at."""

    asked: str
    searched: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is done next, and why; nothing where enough was found. `parts` are the questions within the question."""

    why: str
    actions: Sequence[Action] = ()
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A step as it begins or ends."""

    activity: Activity
    status: Status
    message: str
    at: datetime
    actions: Sequence[Action] = ()
    searched: tuple[int, ...] = ()
    found: Sequence[Found] = ()
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """The end: everything that was found, best first, and the answer where one was wanted.

    `citations` refer to hits of `found`. Where `available` is False, `text` is the refusal.
    """

    found: tuple[Found, ...]
    question: str
    text: str | None = None
    available: bool = False
    citations: tuple[Citation, ...] = ()
    usage: Usage | None = None
    references: tuple[tuple[int, ...], ...] = ()  # for each citation the places in `found`


ExploredPart = Traced | TextPart | Explored
