"""LangChain with its FAISS vector store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.peers.engine import Found, serve


class LangChainFaiss:
    """Loaders, recursive splitter, FAISS.from_documents, save_local."""

    modes: tuple[str, ...] = ("semantic",)

    def load(self, model: Path) -> None:
        """Load the model."""
        from langchain_community.vectorstores import FAISS

        from bench.peers import langchain_files

        self.files, self.faiss = langchain_files, FAISS
        self.embeddings = langchain_files.embeddings(model)

    def ingest(self, folder: Path, into: Path) -> None:
        """Ingest a folder."""
        self.pieces = self.files.chunks(folder)
        self.faiss.from_documents(self.pieces, self.embeddings).save_local(str(into))

    def chunks(self) -> Mapping[str, Sequence[str]]:
        """The chunks ingested last."""
        return self.files.by_extension(self.pieces)

    def fill(self, texts: Sequence[str], vectors: NDArray[np.float32], into: Path) -> None:  # noqa: ARG002 # in memory
        """Index ready vectors."""
        pairs = zip(texts, vectors.tolist(), strict=True)
        self.store = self.faiss.from_embeddings(pairs, self.embeddings, ids=[str(i) for i in range(len(texts))])

    def embed(self, question: str) -> Sequence[float]:
        """Embed a question."""
        return self.embeddings.embed_query(question)

    def retrieve(self, question: str, limit: int, mode: str) -> Sequence[Found]:  # noqa: ARG002 # it has one
        """Find passages."""
        return [(str(hit.id), hit.page_content) for hit in self.store.similarity_search(question, k=limit)]


if __name__ == "__main__":
    serve(LangChainFaiss())
