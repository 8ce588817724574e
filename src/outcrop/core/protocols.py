"""The contracts: `async` to wait, plain `def` to think. Each has a suite in `outcrop.testing` for its adapters."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from outcrop.core.answers import Delta, Prompt
from outcrop.core.archive import Archive
from outcrop.core.cards import ModelCard
from outcrop.core.chat import ChatEvent, ChatRequest
from outcrop.core.chunks import Chunk, Hit, IndexSpec, Point, Search, Traits, Vector, Vectors
from outcrop.core.errors import Unreadable
from outcrop.core.filters import Filter, Metadata
from outcrop.core.parsed import Blob, ParsedDocument, RecordStructure
from outcrop.core.records import Chunking, DataSource, Record

Purpose = Literal["document", "query"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A document in its source: its address, its name below the source's root, and its metadata.

    `version` changes when the content or the metadata may have changed (ETags); None where only these can tell. Where
    `described` is False, it has metadata that is yet to be had from the source, by `Describing`. `fault` is
    why it cannot be a document, where the list already shows that; reason `unsupported` means that it is left out on
    purpose. An item that is `unlisted` is a part of the source that cannot be listed, with its fault: what has an
    address that begins with its `uri` is not known, which is another thing than gone.
    """

    uri: str
    name: str
    size: int = 0
    version: str | None = None
    metadata: Metadata = field(default_factory=dict)
    embedded: tuple[str, ...] = ()  # the metadata that is embedded with the text, by name
    structure: RecordStructure | None = None  # of a table whose rows are documents; given by `Describing` alone
    described: bool = True
    fault: Unreadable | None = None
    unlisted: bool = False


@runtime_checkable
class Finding(Protocol):
    """A source that finds one document without listing all of them."""

    async def find(self, uri: str) -> Item | None:
        """The item with this address as `list` would give it, None where there is none. Raises Unavailable."""
        ...


class Source(Protocol):
    """Where documents come from."""

    def list(self, since: str | None) -> AsyncIterator[Item]:
        """Every document that is there now, in a stable order.

        Raises Unavailable where the source as a whole cannot be listed, before the first item.
        """
        ...

    async def fetch(self, item: Item) -> Blob:
        """The content of a document. Raises Unreadable (reason `unreachable`) where it cannot be had."""
        ...


@runtime_checkable
class Describing(Protocol):
    """A source that lists documents without their metadata, which costs a call each."""

    async def describe(self, item: Item) -> Item:
        """The item with its metadata. Raises Unreadable where that cannot be used or had."""
        ...


@runtime_checkable
class MayBeEmpty(Protocol):
    """A source that says whether an empty list is to be believed; that of any other may be a missing drive."""

    allow_empty: bool


class Parser(Protocol):
    """Reads one family of formats. Runs in a guarded process: it may not touch the network or write files."""

    media_types: frozenset[str]
    version: str  # changes when the same file may give another text

    def parse(self, blob: Blob) -> ParsedDocument:
        """The text and its places. Raises Unreadable with the reason where there is none."""
        ...


class Reader(Protocol):
    """Reads any supported file with the parser for its content, in guarded processes."""

    def supports(self, name: str) -> bool:
        """Whether a file of this name may be a document (by its extension); others are IGNORED, not FAILED."""
        ...

    def named(self, name: str, media_type: str) -> str:
        """The name under which a file is read as this media type: with its extension, where it has another one."""
        ...

    def version(self, media_type: str) -> str:
        """The parser and options that read this media type: documents are read again when it changes."""
        ...

    async def read(self, blob: Blob) -> ParsedDocument:
        """The text. Raises Unreadable with the reason; a parser that dies or hangs is a reason, never a crash."""
        ...

    async def close(self) -> None:
        """End the processes."""
        ...


class Tokenizer(Protocol):
    """Counts as an embedding model does."""

    def spans(self, text: str) -> NDArray[np.int32]:
        """The characters [start, end) of each token, without special tokens: shape (n, 2), in order."""
        ...


class Chunker(Protocol):
    """Cuts a document. Chunks come in order; parents before their children."""

    async def chunk(self, document_id: str, document: ParsedDocument) -> Sequence[Chunk]:
        """The chunks; every word of the text is in at least one of them."""
        ...


class Embedder(Protocol):
    """Turns texts into vectors."""

    model: str
    dimensions: int
    max_tokens: int  # the longest text that is read in one piece; longer ones are averaged over windows
    tokenizer: Tokenizer

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> Vectors:
        """One unit vector a text, in order: shape (n, dimensions), float32."""
        ...


@runtime_checkable
class EmbedsHere(Protocol):
    """An embedder that can also compute in the thread that calls it: to get to another takes longer than to search."""

    def embed_here(self, question: str) -> Vector:
        """The unit vector of one question, float32. Takes milliseconds: not for the event loop."""
        ...


class VectorStore(Protocol):
    """Keeps points and finds them. Where the index is not there, all but `create` and `drop` raise IndexMissing."""

    traits: Traits

    async def create(self, index: IndexSpec) -> None:
        """Make an empty index; one that exists with the same dimensions stays as it is, else Conflict."""
        ...

    async def drop(self, index: str) -> None:
        """Remove an index and all that it keeps; nothing happens where there is none."""
        ...

    async def upsert(self, index: str, points: Sequence[Point], *, sweep: Collection[str] = ()) -> None:
        """Put points by chunk id, then remove those points of the documents in `sweep` that were not among them.

        When it returns, a search sees the new points and none of the old, also after a crash. Raises Invalid where a
        vector has another length than the index.
        """
        ...

    async def delete(self, index: str, where: Filter) -> int:
        """Remove the points that satisfy a filter; how many there were."""
        ...

    async def search(self, index: str, query: Search) -> Sequence[Hit]:
        """The best hits, best first; equal scores in order of chunk id. Raises Unsupported for a mode not in traits."""
        ...

    async def get(self, index: str, chunk_ids: Sequence[str]) -> Sequence[Point]:
        """The points with these ids that exist, in the order asked; parents too."""
        ...

    def scan(self, index: str, where: Filter | None = None) -> AsyncIterator[Sequence[Point]]:
        """Every point, parents too, in batches."""
        ...

    async def count(self, index: str) -> int:
        """The number of points, parents included."""
        ...

    async def close(self) -> None:
        """Let go of files and connections."""
        ...


class Generator(Protocol):
    """Writes an answer from a prompt."""

    model: str
    instructable: bool  # a language model, which does what it is told; one that is not only quotes the passages

    def generate(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """The answer, piece by piece as it comes. Raises ModelFailed, Throttled, TimedOut or Unavailable."""
        ...


class ChatModel(Protocol):
    """A language model of a provider, asked directly: the gateway adds retries, limits and fall-backs."""

    model: str

    def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The reply as it comes, ChatEnded last; closing it ends the request.

        Raises Throttled, TimedOut, Unavailable, Denied or ModelFailed; Unsupported for what the model cannot be given.
        """
        ...

    async def count(self, request: ChatRequest) -> int:
        """The input tokens that a request would take. Raises Unsupported where the provider does not tell."""
        ...


class TextReranker(Protocol):
    """Puts texts in the order in which they answer a question."""

    async def rerank(self, question: str, texts: Sequence[str], top: int) -> Sequence[tuple[int, float]]:
        """The best `top` texts as (index, score from 0 to 1), best first. Raises as `ChatModel.stream`."""
        ...


class Models(Protocol):
    """The gateway: every model that the server offers, by its id or by an ARN that ends in one."""

    async def cards(self) -> Sequence[ModelCard]:
        """Every model, in a stable order."""
        ...

    async def card(self, reference: str) -> ModelCard:
        """The model of an id, an ARN or an inference profile. Raises NotFound, naming those that there are."""
        ...

    def chat(self, reference: str, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The reply as it comes. Raises as `card` and `ChatModel.stream`; Invalid for sampling out of range."""
        ...

    async def embed(self, reference: str, texts: Sequence[str], purpose: Purpose) -> tuple[Vectors, int]:
        """One unit vector a text, and the tokens that they took. Raises as `chat`."""
        ...

    async def rerank(
        self, reference: str, question: str, texts: Sequence[str], top: int
    ) -> Sequence[tuple[int, float]]:
        """The best `top` texts as (index, score from 0 to 1), best first. Raises as `chat`."""
        ...

    async def count_tokens(self, reference: str, request: ChatRequest) -> int:
        """The input tokens that a request would take. Raises Unsupported where the model cannot tell."""
        ...


class Reranker(Protocol):
    """Puts hits in a better order."""

    async def rerank(self, question: str, hits: Sequence[Hit], top: int) -> list[Hit]:
        """The best `top` hits, best first, with new scores from 0 to 1."""
        ...


class Blobs(Protocol):
    """Keeps contents under keys that are made from them: the SHA-256, in hexadecimal."""

    async def put(self, data: bytes) -> str:
        """Keep a content; its key. When it returns, it is there after a crash too."""
        ...

    async def read(self, key: str) -> bytes:
        """The content. Raises NotFound."""
        ...

    async def delete(self, key: str) -> None:
        """Remove a content; nothing happens where there is none."""
        ...

    def kept(self) -> AsyncIterator[str]:
        """Every key, in no order."""
        ...


class Adapters(Protocol):
    """The adapters that are in use, each made on first use and kept."""

    def blobs(self) -> Blobs:
        """Where contents are kept that no source has."""
        ...

    def archive(self) -> Archive | None:
        """Where embeddings are archived, if they are. Raises Invalid and MissingDependency."""
        ...

    def reader(self, parser: str = "") -> Reader:
        """What reads files, by the parser of this name or the one that is set. Raises Invalid where it lacks a key."""
        ...

    def source(self, source: DataSource) -> Source:
        """The source that a data source is set to. Raises Invalid where its configuration is wrong."""
        ...

    def embedder(self, model: str) -> Embedder:
        """The embedder for a model's name. Raises Invalid for one that does not exist."""
        ...

    def chunker(self, chunking: Chunking, embedder: Embedder) -> Chunker:
        """The chunker for a configuration, counting (and comparing) with this embedder."""
        ...

    def vector_store(self, name: str) -> VectorStore:
        """The vector store of this name."""
        ...

    def generator(self, model: str) -> Generator:
        """The generator for a model's name. Raises Invalid for one that does not exist."""
        ...

    def reranker(self, name: str) -> Reranker:
        """The reranker of this name."""
        ...

    def chat_model(self, card: ModelCard) -> ChatModel:
        """The language model of a card. Raises Invalid where it lacks its key, MissingDependency its package."""
        ...

    def embedding_model(self, card: ModelCard) -> Embedder:
        """The embedder of a card. Raises as `chat_model`."""
        ...

    def text_reranker(self, card: ModelCard) -> TextReranker:
        """The reranker of a card. Raises as `chat_model`."""
        ...


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """A page of a list; `after` is the token for the next one, None at the end."""

    records: tuple[R, ...]
    after: str | None = None


class MetadataStore(Protocol):
    """Keeps records, in five verbs."""

    async def get(self, kind: type[R], id: str) -> R:
        """The record. Raises NotFound."""
        ...

    async def put(self, record: R, expect: int | None = None) -> R:
        """Keep a record; the one returned has the next version. Raises Conflict unless `expect` is what is stored."""
        ...

    async def delete(self, kind: type[R], id: str) -> None:
        """Remove a record; nothing happens where there is none."""
        ...

    async def page(self, kind: type[R], where: Filter | None, after: str | None, limit: int) -> Page[R]:
        """Records in order of creation (then id) whose attributes satisfy a filter on `kind.indexed`."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[MetadataStore]:
        """All or nothing: what is done through the store that it gives."""
        ...


async def every(store: MetadataStore, kind: type[R], where: Filter | None) -> AsyncIterator[R]:
    """Every record that satisfies a filter, page by page."""
    after: str | None = None
    while True:
        page = await store.page(kind, where, after, 500)
        for record in page.records:
            yield record
        if page.after is None:
            return
        after = page.after
