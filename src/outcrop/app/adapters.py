"""The adapters that the settings name, each loaded on first use and kept."""

from __future__ import annotations

from collections.abc import Mapping
from threading import RLock
from typing import Any

from outcrop.core import registry
from outcrop.core.errors import Invalid
from outcrop.core.protocols import Blobs, Chunker, Embedder, Generator, Reader, Reranker, Source, VectorStore
from outcrop.core.records import Chunking, DataSource
from outcrop.core.settings import Settings


class LoadedAdapters:
    """`core.protocols.Adapters` over the registry."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[tuple[str, str], Any] = {}
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
        """The embedder of a model, shared by all knowledge bases that use it."""
        make = _family(model, registry.EMBEDDERS, "embedder", registry.REMOTE_EMBEDDERS)
        return self._once("embedder", model, lambda: make(model, self._settings))  # type: ignore[no-any-return]

    def chunker(self, chunking: Chunking, embedder: Embedder) -> Chunker:
        """A chunker for a configuration."""
        make = registry.load({"chunker": registry.CHUNKER}, "chunker", "chunker")
        return make(chunking, embedder)  # type: ignore[no-any-return]

    def vector_store(self, name: str) -> VectorStore:
        """The vector store, one connection pool for all indexes in it."""
        make = registry.load(registry.VECTOR_STORES, name, "vector store")
        return self._once("vector_store", name, lambda: make(self._settings))  # type: ignore[no-any-return]

    def generator(self, model: str) -> Generator:
        """The generator of a model."""
        make = _family(model, registry.GENERATORS, "generator", registry.REMOTE_GENERATORS)
        return self._once("generator", model, lambda: make(model, self._settings, self))  # type: ignore[no-any-return]

    def reranker(self, name: str) -> Reranker:
        """The reranker of this name."""
        make = registry.load(registry.RERANKERS, name, "reranker")
        return self._once("reranker", name, lambda: make(self._settings, self))  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Close whatever was made and can be closed."""
        made, self._made = self._made, {}
        for adapter in made.values():
            close = getattr(adapter, "close", None)
            if close is not None:
                await close()

    def _once(self, what: str, name: str, make: Any) -> Any:
        with self._lock:
            key = (what, name)
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]


def _family(model: str, table: Mapping[str, str], what: str, remote: str) -> Any:
    """The factory for a model's family. Raises Invalid where the name has no family."""
    family, colon, name = model.partition(":")
    if not colon or not name:
        raise Invalid(f"A model is named provider:name, such as openai:gpt-5-mini; {model!r} is not.")
    return registry.load(table, family, what, otherwise=remote)
