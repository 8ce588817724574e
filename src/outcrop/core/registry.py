"""The concrete adapters by name, each loaded only when chosen."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from outcrop.core.errors import Invalid

# A source's factory is given its configuration and the settings.
SOURCES: Mapping[str, str] = {
    "folder": "outcrop.adapters.sources.folder:open_source",
    "s3": "outcrop.adapters.sources.s3:open_source",
    "web": "outcrop.adapters.sources.web:open_source",
    "git": "outcrop.adapters.sources.git:open_source",
    "openapi": "outcrop.adapters.sources.openapi:open_source",
}
BLOBS = "outcrop.store.blobs:open_blobs"  # (settings) -> Blobs
VECTOR_STORES: Mapping[str, str] = {  # by kind: (settings, NamedStore) -> VectorStore
    "embedded": "outcrop.adapters.vector_stores.embedded:open_store",
    "memory": "outcrop.adapters.vector_stores.memory:open_store",
    "pgvector": "outcrop.adapters.vector_stores.pgvector:open_store",
    "opensearch": "outcrop.adapters.vector_stores.opensearch:open_store",
    "redis": "outcrop.adapters.vector_stores.redis:open_store",
    "qdrant": "outcrop.adapters.vector_stores.qdrant:open_store",
}
# A model's name is "family:name"; the family chooses the adapter. One on this machine is given the name and the
# settings, one over the network its card, which says where and how it is asked.
EMBEDDERS: Mapping[str, str] = {
    "local": "outcrop.adapters.embedders.local:open_embedder",
    "fastembed": "outcrop.adapters.embedders.fastembed:open_embedder",
}
CARD_EMBEDDERS: Mapping[str, str] = {
    "sagemaker": "outcrop.adapters.embedders.sagemaker:open_embedder",
}
REMOTE_EMBEDDERS = "outcrop.adapters.embedders.remote:open_embedder"
ARCHIVE = "outcrop.adapters.archives.parquet:open_archive"  # (settings) -> Archive | None
LOCAL = "local"  # the parser that is no service
READER = "outcrop.adapters.parsers.reader:open_reader"  # (settings) -> Reader
# Services that read PDF files and pictures in its place: (settings, the reader on this machine) -> Reader.
PAGE_SERVICES: Mapping[str, str] = {
    "textract": "outcrop.adapters.parsers.services.textract:open_reader",
    "mathpix": "outcrop.adapters.parsers.services.mathpix:open_reader",
}
CHUNKER = "outcrop.adapters.chunkers:open_chunker"  # (chunking, embedder) -> Chunker
# A generator's factory is given the adapters too: the extractive one compares sentences with the bundled model.
GENERATORS: Mapping[str, str] = {
    "extractive": "outcrop.adapters.generators.extractive:open_generator",
}
# Factories of models by card: (card, settings, adapters).
CHAT_MODELS: Mapping[str, str] = {
    "extractive": "outcrop.adapters.generators.extractive_chat:open_chat_model",
    "sagemaker": "outcrop.adapters.generators.sagemaker:open_chat_model",
    "scripted": "outcrop.adapters.generators.scripted:open_chat_model",
}
TEXT_RERANKERS: Mapping[str, str] = {
    "evidence": "outcrop.adapters.rerankers:open_evidence_texts",
}
REMOTE_TEXT_RERANKERS = "outcrop.adapters.remote_rerankers:open_text_reranker"
REMOTE_CHAT_MODELS = "outcrop.adapters.generators.providers:open_chat_model"
RERANKERS: Mapping[str, str] = {
    "evidence": "outcrop.adapters.rerankers:open_evidence",
}


def load(table: Mapping[str, str], name: str, what: str, otherwise: str | None = None) -> Any:
    """The factory registered under a name.

    Raises:
        Invalid: There is none; the message lists those that there are.
    """
    target = table.get(name, otherwise)
    if target is None:
        raise Invalid(f"There is no {what} called {name!r}. Choose one of: {', '.join(sorted(table))}.")
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)
