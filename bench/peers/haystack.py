"""Haystack with its converters and its in-memory document store, saved to disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.peers.engine import CHUNK_WORDS, Found, serve


class Haystack:
    """MultiFileConverter, DocumentSplitter and SentenceTransformersDocumentEmbedder as one pipeline, then the store."""

    modes: tuple[str, ...] = ("semantic",)

    def load(self, model: Path) -> None:
        """Load the model, for documents and for questions."""
        import haystack
        from haystack.components.converters import MultiFileConverter
        from haystack.components.preprocessors import DocumentSplitter
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
            SentenceTransformersTextEmbedder,
        )

        self.haystack = haystack
        documents = SentenceTransformersDocumentEmbedder(model=str(model), progress_bar=False)
        self.questions = SentenceTransformersTextEmbedder(model=str(model), progress_bar=False)
        self.questions.warm_up()
        self.flow = haystack.Pipeline()
        self.flow.add_component("convert", MultiFileConverter())
        splitter = DocumentSplitter(split_by="word", split_length=CHUNK_WORDS, split_overlap=0)
        self.flow.add_component("split", splitter)
        self.flow.add_component("embed", documents)
        self.flow.connect("convert.documents", "split.documents")
        self.flow.connect("split.documents", "embed.documents")
        self.flow.warm_up()

    def ingest(self, folder: Path, into: Path) -> None:
        """Ingest a folder."""
        store = self._store()
        self.pieces = self.flow.run({"convert": {"sources": sorted(folder.rglob("*.*"))}})["embed"]["documents"]
        store.write_documents(self.pieces)
        into.mkdir(parents=True, exist_ok=True)
        store.save_to_disk(str(into / "documents.json"))

    def chunks(self) -> Mapping[str, Sequence[str]]:
        """The chunks ingested last."""
        texts: dict[str, list[str]] = {}
        for document in self.pieces:
            texts.setdefault(Path(document.meta["file_path"]).suffix, []).append(document.content or "")
        return texts

    def fill(self, texts: Sequence[str], vectors: NDArray[np.float32], into: Path) -> None:  # noqa: ARG002 # in memory
        """Index ready vectors."""
        from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever

        rows = enumerate(zip(texts, vectors.tolist(), strict=True))
        store = self._store()
        store.write_documents(
            [self.haystack.Document(id=str(place), content=text, embedding=row) for place, (text, row) in rows]
        )
        self.search = self.haystack.Pipeline()
        self.search.add_component("embed", self.questions)
        self.search.add_component("retrieve", InMemoryEmbeddingRetriever(store))
        self.search.connect("embed.embedding", "retrieve.query_embedding")

    def embed(self, question: str) -> Sequence[float]:
        """Embed a question."""
        return self.questions.run(question)["embedding"]

    def retrieve(self, question: str, limit: int, mode: str) -> Sequence[Found]:  # noqa: ARG002 # it has one
        """Find passages."""
        found = self.search.run({"embed": {"text": question}, "retrieve": {"top_k": limit}})
        return [(hit.id, hit.content) for hit in found["retrieve"]["documents"]]

    def _store(self) -> Any:
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        return InMemoryDocumentStore(embedding_similarity_function="cosine", return_embedding=False, shared=False)


if __name__ == "__main__":
    serve(Haystack())
