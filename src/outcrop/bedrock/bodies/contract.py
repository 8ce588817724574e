"""What a family of bodies is: for models that talk, that embed, and that rerank. A family's module is one itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from outcrop.core.chat import ChatEvent, ChatReply, ChatRequest
from outcrop.core.chunks import Vectors
from outcrop.core.protocols import Purpose

Body = Mapping[str, Any]
Chunk = dict[str, Any]
Chunks = Callable[[ChatEvent], Iterable[Chunk]]
"""Translates a reply's events to the chunks of a stream, each at once; the last event gives at least one."""


class ChatBody(Protocol):
    """The bodies of models that talk."""

    def request(self, body: Body) -> ChatRequest:
        """What a body asks. Raises Invalid or Unsupported, naming the member."""
        ...

    def reply(self, reply: ChatReply, model: str) -> Chunk:
        """The body of a whole reply."""
        ...

    def chunks(self, model: str) -> Chunks:
        """What makes the chunks of one streamed reply."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingAsked:
    """Texts to embed, and what makes the reply's body of their vectors and tokens."""

    texts: Sequence[str]
    reply: Callable[[Vectors, int], Chunk]
    purpose: Purpose = "document"
    dimensions: int | None = None  # as asked for, and the member's name for it
    dimensions_member: str = "dimensions"


class EmbeddingBody(Protocol):
    """The bodies of models that embed."""

    def asked(self, body: Body) -> EmbeddingAsked:
        """What a body asks. Raises Invalid or Unsupported, naming the member."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankAsked:
    """Texts to put in order, and how many of the best."""

    question: str
    texts: Sequence[str]
    top: int


class RerankBody(Protocol):
    """The bodies of models that rerank."""

    def asked(self, body: Body) -> RerankAsked:
        """What a body asks. Raises Invalid, naming the member."""
        ...

    def reply(self, found: Sequence[tuple[int, float]]) -> Chunk:
        """The body of the order that was found."""
        ...
