"""The adapters that the settings name, each loaded on first use and kept."""

from __future__ import annotations

from threading import RLock
from typing import Any

from outcrop.core import registry
from outcrop.core.cards import ModelCard
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
from outcrop.core.stores import named_store
from outcrop.models.catalog import Catalog
from outcrop.models.gateway import Gateway, Records
from outcrop.models.generator import ChatGenerator


class LoadedAdapters:
    """`core.protocols.Adapters` over the registry."""

    def __init__(self, settings: Settings, metadata: Records | None = None) -> None:
        self._settings = settings
        self.models = Gateway(Catalog(settings), self, metadata)
        self._made: dict[tuple[str, str | ModelCard], Any] = {}
        self._lock = RLock()

    def blobs(self) -> Blobs:
        """The blob store, one for all knowledge bases."""
        make = registry.load({"blobs": registry.BLOBS}, "blobs", "blob store")
        return self._once("blobs", "", lambda: make(self._settings))  # type: ignore[no-any-return]

    def reader(self) -> Reader:
        """The reader of files, one for all knowledge bases."""
        make = registry.load({"reader": registry.READER}, "reader", "reader")
        return self._once("reader", "", lambda: make(self._settings))  # type: ignore[no-any-return]

    def source(self, source: DataSource) -> Source:
        """A source of its own for each data source: its configuration may change."""
        make = registry.load(registry.SOURCES, source.kind, "kind of data source")
        return make(source.configuration, self._settings)  # type: ignore[no-any-return]

    def embedder(self, model: str) -> Embedder:
        """The embedder of a model, named as a target or by its id, shared by all knowledge bases that use it."""
        return self.embedding_model(self.models.catalog.of_target(model, "embedding"))

    def embedding_model(self, card: ModelCard) -> Embedder:
        """The embedder of a card."""
        family = _family(card)
        if family in registry.EMBEDDERS:
            make = registry.load(registry.EMBEDDERS, family, "embedder")
            return self._once("embedder", card.target, lambda: make(card.target, self._settings))  # type: ignore[no-any-return]
        make = registry.load(registry.CARD_EMBEDDERS, family, "embedder", registry.REMOTE_EMBEDDERS)
        return self.models.limited(card, self._of_card("embedder", card, make))

    def chunker(self, chunking: Chunking, embedder: Embedder) -> Chunker:
        """A chunker for a configuration."""
        make = registry.load({"chunker": registry.CHUNKER}, "chunker", "chunker")
        return make(chunking, embedder)  # type: ignore[no-any-return]

    def vector_store(self, name: str) -> VectorStore:
        """The vector store, one connection pool for all indexes in it."""
        store = named_store(name, self._settings.vector_stores, registry.VECTOR_STORES)
        make = registry.load(registry.VECTOR_STORES, store.kind, "kind of vector store")
        return self._once("vector_store", name, lambda: make(self._settings, store))  # type: ignore[no-any-return]

    def generator(self, model: str) -> Generator:
        """The generator of a model, named as a target or by its id: one of our own, or a language model."""
        card = self.models.catalog.of_target(model, "chat")
        family = _family(card)
        if family in registry.GENERATORS:
            make = registry.load(registry.GENERATORS, family, "generator")
            return self._once("generator", card.target, lambda: make(card.target, self._settings, self))  # type: ignore[no-any-return]
        self.chat_model(card)  # what is missing is said now
        return ChatGenerator(self.models, card)

    def chat_model(self, card: ModelCard) -> ChatModel:
        """The language model of a card."""
        make = registry.load(registry.CHAT_MODELS, _family(card), "provider", registry.REMOTE_CHAT_MODELS)
        return self._of_card("chat_model", card, make)  # type: ignore[no-any-return]

    def reranker(self, name: str) -> Reranker:
        """The reranker of this name."""
        make = registry.load(registry.RERANKERS, name, "reranker")
        return self._once("reranker", name, lambda: make(self._settings, self))  # type: ignore[no-any-return]

    def text_reranker(self, card: ModelCard) -> TextReranker:
        """The reranker of a card."""
        make = registry.load(registry.TEXT_RERANKERS, _family(card), "reranker", registry.REMOTE_TEXT_RERANKERS)
        return self._of_card("text_reranker", card, make)  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Close whatever was made and can be closed."""
        made, self._made = self._made, {}
        for adapter in made.values():
            close = getattr(adapter, "close", None)
            if close is not None:
                await close()

    def _of_card(self, what: str, card: ModelCard, make: Any) -> Any:
        return self._once(what, card, lambda: make(card, self._settings, self))

    def _once(self, what: str, name: str | ModelCard, make: Any) -> Any:
        with self._lock:
            key = (what, name)
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]


def _family(card: ModelCard) -> str:
    """The provider of a card's target, which chooses the adapter."""
    return card.target.partition(":")[0]
