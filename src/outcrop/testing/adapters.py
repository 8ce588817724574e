"""Adapters that are given, not loaded, and a reader of plain text that fails as it is told to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from outcrop.adapters.chunkers import open_chunker
from outcrop.core import registry
from outcrop.core.archive import Archive
from outcrop.core.cards import ModelCard
from outcrop.core.errors import Invalid, Reason, Unreadable
from outcrop.core.parsed import Blob, Page, ParsedDocument
from outcrop.core.protocols import (
    Blobs,
    ChatModel,
    Chunker,
    Embedder,
    Generator,
    Reader,
    Reranker,
    Source,
    TextReranker,
    VectorStore,
)
from outcrop.core.records import Chunking, DataSource
from outcrop.core.settings import Settings
from outcrop.testing.blobs import MemoryBlobs
from outcrop.testing.fakes import TokenHashEmbedder


@dataclass
class PlainReader:
    """Reads .txt and .md as UTF-8 in this process; form feeds end pages.

    A text `FAIL reason` raises Unreadable with that reason, `BUG` raises RuntimeError. `reads` counts.
    """

    reads: int = 0
    parser_version: str = "plain/1"

    def supports(self, name: str) -> bool:
        """Whether the name ends with .txt or .md."""
        return name.endswith((".txt", ".md"))

    def named(self, name: str, media_type: str) -> str:
        """The name, with .txt where it is not read."""
        del media_type
        return name if self.supports(name) else f"{name}.txt"

    def version(self, media_type: str) -> str:
        """The version that the test gave."""
        return f"{self.parser_version} {media_type}"

    async def read(self, blob: Blob) -> ParsedDocument:
        """The text."""
        self.reads += 1
        text = blob.read().decode("utf-8")
        word, _, reason = text.strip().partition(" ")
        if word == "FAIL" and reason in get_args(Reason):
            raise Unreadable(reason, f"It is said to be {reason}.")  # type: ignore[arg-type]  # checked just before
        if word == "BUG":
            raise RuntimeError("a bug in a parser")
        pages = _pages(text)
        lost = tuple(
            f"Page {page.number} could not be read."
            for page in pages
            if page.end > page.start and page.method == "empty"
        )
        return ParsedDocument(text=text, media_type="text/plain", parser="plain", pages=pages, warnings=lost)

    async def close(self) -> None:
        """There is nothing to end."""


def _pages(text: str) -> tuple[Page, ...]:
    if "\f" not in text:
        return ()
    pages, start = [], 0
    for number, part in enumerate(text.split("\f"), start=1):
        method = "text" if part.strip() else "empty"
        pages.append(Page(number=number, start=start, end=start + len(part), method=method))  # type: ignore[arg-type]
        start += len(part) + 1
    return tuple(pages)


@dataclass
class GivenAdapters:
    """`core.protocols.Adapters` over what a test gives; sources and chunkers are the real ones."""

    stores: Mapping[str, VectorStore]
    plain_reader: Reader = field(default_factory=PlainReader)
    given_embedder: Embedder = field(default_factory=TokenHashEmbedder)
    other_embedders: Mapping[str, Embedder] = field(default_factory=dict)  # by name
    generators: Mapping[str, Generator] = field(default_factory=dict)
    rerankers: Mapping[str, Reranker] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    chat_models: Mapping[str, ChatModel] = field(default_factory=dict)  # by target
    text_rerankers: Mapping[str, TextReranker] = field(default_factory=dict)  # by target
    given_blobs: Blobs = field(default_factory=MemoryBlobs)
    given_archive: Archive | None = None

    def blobs(self) -> Blobs:
        """The blob store that was given."""
        return self.given_blobs

    def archive(self) -> Archive | None:
        """The archive that was given."""
        return self.given_archive

    def reader(self, parser: str = "") -> Reader:
        """The reader that was given."""
        del parser
        return self.plain_reader

    def source(self, source: DataSource) -> Source:
        """The real source."""
        make = registry.load(registry.SOURCES, source.kind, "kind of data source")
        return make(source.configuration, self.settings)  # type: ignore[no-any-return]

    def embedder(self, model: str) -> Embedder:
        """The embedder that was given under this name, or for all of them."""
        return self.other_embedders.get(model, self.given_embedder)

    def chunker(self, chunking: Chunking, embedder: Embedder) -> Chunker:
        """The real chunkers."""
        return open_chunker(chunking, embedder)

    def vector_store(self, name: str) -> VectorStore:
        """The store that was given under this name."""
        return self.stores[name]

    def generator(self, model: str) -> Generator:
        """The generator that was given under this name. Raises Invalid."""
        if model not in self.generators:
            raise Invalid(f"There is no generator {model}.")
        return self.generators[model]

    def chat_model(self, card: ModelCard) -> ChatModel:
        """The model that was given under the card's target. Raises Invalid."""
        if card.target not in self.chat_models:
            raise Invalid(f"There is no chat model {card.target}.")
        return self.chat_models[card.target]

    def embedding_model(self, card: ModelCard) -> Embedder:
        """The embedder that was given, for whatever card."""
        del card
        return self.given_embedder

    def text_reranker(self, card: ModelCard) -> TextReranker:
        """The reranker of texts that was given under the card's target. Raises Invalid."""
        if card.target not in self.text_rerankers:
            raise Invalid(f"There is no reranker of texts {card.target}.")
        return self.text_rerankers[card.target]

    def reranker(self, name: str) -> Reranker:
        """The reranker that was given under this name. Raises Invalid."""
        if name not in self.rerankers:
            raise Invalid(f"There is no reranker {name}.")
        return self.rerankers[name]
