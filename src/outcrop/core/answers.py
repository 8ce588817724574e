"""What is asked of a knowledge base, and what comes back: requests, prompts, citations and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from outcrop.core.boxes import Region
from outcrop.core.chunks import Hit, SearchMode
from outcrop.core.filters import Filter, Metadata
from outcrop.core.records import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChoice:
    """Which of a document's metadata a model reads besides the text: none, all, only `names`, or all but them."""

    kind: Literal["none", "all", "only", "except"] = "none"
    names: frozenset[str] = frozenset()

    def of(self, metadata: Metadata) -> Metadata:
        """The metadata that are chosen."""
        if self.kind in ("none", "all"):
            return metadata if self.kind == "all" else {}
        return {name: value for name, value in metadata.items() if (name in self.names) == (self.kind == "only")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reranking:
    """How the hits of a search are put in a better order: by which model, and how many of them stay (None: all)."""

    model: str
    results: int | None = None
    fields: FieldChoice = field(default_factory=FieldChoice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A metadata field that a model may filter by, as it is described to the model."""

    key: str
    kind: Literal["STRING", "NUMBER", "BOOLEAN", "STRING_LIST"]
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplicitFilter:
    """A filter that a language model makes from the question, over these attributes only."""

    model: str
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveRequest:
    """A retrieval: at most `limit` hits (1 to 100) for a question (1 to 20,000 characters)."""

    question: str
    limit: int = 5
    mode: SearchMode = "hybrid"
    where: Filter | None = None
    rerank: Reranking | None = None  # None leaves the fused order
    implicit: ImplicitFilter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """How a model generates; None leaves the provider's default, except temperature, which is 0 for answers.

    `extra` are fields of the provider's own request, handed through.
    """

    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int | None = 1024
    stop: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orchestration:
    """How a language model makes search questions of what is asked: a follow-up stands by itself, a long one is split.

    The template may hold $query$, $conversation_history$, $current_time$ and $output_format_instructions$.
    """

    decompose: bool = False
    prompt_template: str | None = None
    inference: Inference = field(default_factory=lambda: Inference(max_tokens=300))


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRequest:
    """A question to be answered from a knowledge base. `model` None means the one that the server is set to.

    `history` is the conversation so far, oldest first, where the caller keeps it: no session is kept then.
    `instructions` are told to a language model besides its own; the extractive answerer follows none.
    """

    question: str
    caller: str = "local"  # who asks; a session belongs to the caller that opened it
    session_id: str | None = None
    model: str | None = None
    limit: int = 8  # passages that are considered
    mode: SearchMode = "hybrid"
    where: Filter | None = None
    rerank: Reranking | None = None
    implicit: ImplicitFilter | None = None
    prompt_template: str | None = None  # with $search_results$, and places that answer.prompts lists
    history: tuple[Turn, ...] | None = None
    instructions: tuple[str, ...] = ()
    inference: Inference = field(default_factory=Inference)
    orchestration: Orchestration = field(default_factory=Orchestration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation with a model."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a generator is given.

    A language model reads `system` and `messages`; the extractive answerer reads `question` and `passages`, which
    the messages hold as well, numbered from 1.
    """

    question: str
    passages: tuple[Hit, ...]
    system: str = ""
    messages: tuple[Message, ...] = ()
    inference: Inference = field(default_factory=Inference)
    refusal: str = ""  # the words to answer with where the passages do not hold the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that a model call took in and gave out; those read from and written to a cache are in `input_tokens`."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A verbatim piece of a passage: `passage` indexes Prompt.passages (from 0); [start, end) of its chunk's text."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """A piece of generated text; `quotes` where the generator itself knows what the piece was taken from."""

    text: str = ""
    quotes: tuple[Quote, ...] = ()
    usage: Usage | None = None  # with the last delta
    details: Mapping[str, str | int | float | bool] = field(default_factory=dict)  # what was decided, for the trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What supports a part of an answer: `quote` is exactly the characters [start, end) of the document's text.

    `page`, `sheet` and `row` count from 1 and say where the quote begins; `regions` are its rectangles on PDF pages.
    """

    hit: Hit
    quote: str
    start: int
    end: int
    page: int | None = None
    sheet: str | None = None
    row: int | None = None
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """The characters [start, end) of the answer's text and what supports them."""

    start: int
    end: int
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpan:
    """One step of the chain as it ran: its name, its start and length in milliseconds, and what it decided."""

    name: str
    started_ms: float
    took_ms: float
    details: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A finished answer. `available` is False where the evidence was too weak: then `text` is the refusal."""

    text: str
    available: bool
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]  # what was retrieved, best first
    session_id: str
    model: str
    question: str  # as it was searched: rewritten for a follow-up
    usage: Usage | None = None
    trace: tuple[StepSpan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """The next piece of an answer's text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationPart:
    """A citation of text that has already been sent."""

    citation: Citation


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalPart:
    """The whole answer, once at the end. Where `available` is False it replaces all text that was streamed."""

    answer: Answer


AnswerPart = TextPart | CitationPart | FinalPart
