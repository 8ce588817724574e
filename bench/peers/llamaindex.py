"""LlamaIndex with its own readers and its default vector store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.peers.engine import CHUNK_TOKENS, Found, serve


class LlamaIndex:
    """SimpleDirectoryReader, SentenceSplitter, VectorStoreIndex, persist."""

    modes: tuple[str, ...] = ("semantic",)

    def load(self, model: Path) -> None:
        """Load the model."""
        from llama_index import core
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        self.core = core
        self.model = HuggingFaceEmbedding(model_name=str(model))
        core.Settings.embed_model = self.model
        core.Settings.llm = None

    def ingest(self, folder: Path, into: Path) -> None:
        """Ingest a folder."""
        from llama_index.core.node_parser import SentenceSplitter

        documents = self.core.SimpleDirectoryReader(str(folder), recursive=True).load_data()
        splitter = SentenceSplitter(chunk_size=CHUNK_TOKENS, chunk_overlap=0)
        self.nodes = splitter.get_nodes_from_documents(documents)
        self.core.VectorStoreIndex(self.nodes).storage_context.persist(str(into))

    def chunks(self) -> Mapping[str, Sequence[str]]:
        """The chunks ingested last."""
        texts: dict[str, list[str]] = {}
        for node in self.nodes:
            texts.setdefault(Path(node.metadata["file_path"]).suffix, []).append(node.get_content())
        return texts

    def fill(self, texts: Sequence[str], vectors: NDArray[np.float32], into: Path) -> None:  # noqa: ARG002 # in memory
        """Index ready vectors."""
        from llama_index.core.schema import TextNode

        rows = zip(texts, vectors.tolist(), strict=True)
        nodes = [TextNode(id_=str(place), text=text, embedding=vector) for place, (text, vector) in enumerate(rows)]
        self.index = self.core.VectorStoreIndex(nodes)

    def embed(self, question: str) -> Sequence[float]:
        """Embed a question."""
        return self.model.get_query_embedding(question)

    def retrieve(self, question: str, limit: int, mode: str) -> Sequence[Found]:  # noqa: ARG002 # it has one
        """Find passages."""
        hits = self.index.as_retriever(similarity_top_k=limit).retrieve(question)
        return [(hit.node.node_id, hit.node.get_content()) for hit in hits]


if __name__ == "__main__":
    serve(LlamaIndex())
