"""Outcrop itself, through its Python library, at the same door as its peers."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.peers.engine import CHUNK_TOKENS, Found, serve

if TYPE_CHECKING:
    from outcrop.core.chunks import Point

BATCH = 1000


class Product:
    """One data directory; every ingestion makes a knowledge base of its own in it."""

    modes: tuple[str, ...] = ("semantic", "hybrid")

    def load(self, model: Path) -> None:  # noqa: ARG002 # it brings the same weights
        """Open the data directory and load the model."""
        from outcrop import Outcrop

        self.scratch = tempfile.TemporaryDirectory()
        self.outcrop = Outcrop(data=self.scratch.name)
        self.base = self.outcrop.create("warm")
        self.made = 0

    def ingest(self, folder: Path, into: Path) -> None:
        """Ingest a folder."""
        from outcrop.core.records import Chunking

        name = into.name
        self.base = self.outcrop.create(name)
        self.outcrop.add_folder(name, folder, Chunking(max_tokens=CHUNK_TOKENS))
        for job in self.outcrop.sync(name):
            if job.status != "COMPLETE" or job.statistics.failed:
                raise RuntimeError(f"The sync ended as {job.status} with {job.statistics.failed} failed documents.")

    def chunks(self) -> Mapping[str, Sequence[str]]:
        """The chunks ingested last."""
        texts: dict[str, list[str]] = {}
        for point in self.outcrop.call(self._points, self.base):
            texts.setdefault(Path(point.uri).suffix, []).append(point.chunk.text)
        return texts

    def fill(self, texts: Sequence[str], vectors: NDArray[np.float32], into: Path) -> None:
        """Index ready vectors."""
        self.base = self.outcrop.create(f"filled-{into.name}")
        store = self.outcrop.services.adapters.vector_store(self.base.vector_store)
        for start in range(0, len(texts), BATCH):
            points = [
                _point(place, texts[place], vectors[place]) for place in range(start, min(start + BATCH, len(texts)))
            ]
            self.outcrop.call(store.upsert, self.base.index, points)

    def embed(self, question: str) -> NDArray[np.float32]:
        """Embed a question."""
        embedder = self.outcrop.services.adapters.embedder(self.base.embedding_model)
        return self.outcrop.call(embedder.embed, [question], "query")[0]

    def retrieve(self, question: str, limit: int, mode: str) -> Sequence[Found]:
        """Find passages."""
        hits = self.outcrop.retrieve(self.base.id, question, limit=limit, mode=mode)  # type: ignore[arg-type]
        return [(hit.chunk.id, hit.chunk.text) for hit in hits]

    async def _points(self, base: Any) -> list[Point]:
        store = self.outcrop.services.adapters.vector_store(base.vector_store)
        return [point async for points in store.scan(base.index) for point in points]


def _point(place: int, text: str, vector: NDArray[np.float32]) -> Point:
    from outcrop.core.chunks import Chunk, Point

    chunk = Chunk(
        id=str(place),
        document_id=f"document {place}",
        ordinal=0,
        text=text,
        start=0,
        end=len(text),
        tokens=len(text) // 4,
    )
    return Point(chunk=chunk, vector=vector, uri=f"file:///{place}.txt", data_source_id="ready")


if __name__ == "__main__":
    serve(Product())
