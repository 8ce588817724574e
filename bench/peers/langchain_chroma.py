"""LangChain with its Chroma vector store, persistent as by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.peers.engine import Found, serve


class LangChainChroma:
    """Loaders, recursive splitter, Chroma.from_documents into a folder."""

    modes: tuple[str, ...] = ("semantic",)

    def load(self, model: Path) -> None:
        """Load the model."""
        import chromadb
        from langchain_chroma import Chroma

        from bench.peers import langchain_files

        self.files, self.chroma, self.chromadb = langchain_files, Chroma, chromadb
        self.embeddings = langchain_files.embeddings(model)

    def ingest(self, folder: Path, into: Path) -> None:
        """Ingest a folder."""
        self.pieces = self.files.chunks(folder)
        self.chroma.from_documents(self.pieces, self.embeddings, persist_directory=str(into))

    def chunks(self) -> Mapping[str, Sequence[str]]:
        """The chunks ingested last."""
        return self.files.by_extension(self.pieces)

    def fill(self, texts: Sequence[str], vectors: NDArray[np.float32], into: Path) -> None:
        """Index ready vectors."""
        client = self.chromadb.PersistentClient(str(into))
        collection = client.create_collection("filled")
        step = client.get_max_batch_size()
        for start in range(0, len(texts), step):
            rows = slice(start, start + step)
            ids = [str(start + place) for place in range(len(texts[rows]))]
            collection.add(ids, embeddings=vectors[rows], documents=list(texts[rows]))
        self.store = self.chroma("filled", self.embeddings, client=client)

    def embed(self, question: str) -> Sequence[float]:
        """Embed a question."""
        return self.embeddings.embed_query(question)

    def retrieve(self, question: str, limit: int, mode: str) -> Sequence[Found]:  # noqa: ARG002 # it has one
        """Find passages."""
        return [(str(hit.id), hit.page_content) for hit in self.store.similarity_search(question, k=limit)]


if __name__ == "__main__":
    serve(LangChainChroma())
