"""txtai with its text extraction, FAISS index and content database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.peers.engine import CHUNK_CHARACTERS, Found, serve


class Txtai:
    """Textractor with a recursive chunker, Embeddings with content, save.

    Textractor reads text, Markdown, HTML and, by LiteParse, PDF; Word and spreadsheets are given to it as text.
    """

    modes: tuple[str, ...] = ("semantic",)

    def load(self, model: Path) -> None:
        """Load the model."""
        import docx2txt
        import pandas as pd
        import txtai
        from liteparse import LiteParse
        from sentence_transformers import SentenceTransformer
        from txtai.pipeline import Textractor

        self.txtai, self.pandas, self.docx = txtai, pd, docx2txt
        self.path = str(model)
        cut = {"chunker": "recursive", "chunk_size": CHUNK_CHARACTERS, "tokenizer": "character"}
        self.plain = Textractor(backend=None, **cut)
        self.pdf = Textractor(backend="liteparse", **cut)
        self.pdf.html.backend.liteparse = LiteParse(output_format="markdown", ocr_enabled=False)  # OCR downloads
        self.model = SentenceTransformer(str(model))
        self.embeddings = self._empty()

    def ingest(self, folder: Path, into: Path) -> None:
        """Ingest a folder."""
        self.pieces: dict[str, list[str]] = {}
        for path in sorted(folder.rglob("*.*")):
            self.pieces.setdefault(path.suffix, []).extend(self._chunks(path))
        self.embeddings = self._empty()
        self.embeddings.index(piece for pieces in self.pieces.values() for piece in pieces)
        self.embeddings.save(str(into))

    def chunks(self) -> Mapping[str, Sequence[str]]:
        """The chunks ingested last."""
        return self.pieces

    def fill(self, texts: Sequence[str], vectors: NDArray[np.float32], into: Path) -> None:  # noqa: ARG002 # in memory
        """Index ready vectors, which txtai takes from an external transform."""
        ready = dict(zip(texts, vectors, strict=True))

        def transform(inputs: Iterable[str]) -> NDArray[np.float32]:
            return np.stack([ready[text] if text in ready else self.model.encode(text) for text in inputs])

        self.embeddings = self.txtai.Embeddings(method="external", transform=transform, content=True)
        self.embeddings.index((str(place), text, None) for place, text in enumerate(texts))

    def embed(self, question: str) -> Sequence[float]:
        """Embed a question."""
        return self.embeddings.transform(question)

    def retrieve(self, question: str, limit: int, mode: str) -> Sequence[Found]:  # noqa: ARG002 # it has one
        """Find passages."""
        return [(hit["id"], hit["text"]) for hit in self.embeddings.search(question, limit)]

    def _empty(self) -> Any:
        return self.txtai.Embeddings(path=self.path, content=True)

    def _chunks(self, path: Path) -> list[str]:
        if path.suffix == ".pdf":
            return self.pdf(str(path))
        if path.suffix == ".docx":
            return self.plain(self.docx.process(str(path)))
        if path.suffix == ".xlsx":
            sheets = self.pandas.read_excel(path, sheet_name=None)
            return [piece for sheet in sheets.values() for piece in self.plain(sheet.to_csv(index=False))]
        return self.plain(str(path))


if __name__ == "__main__":
    serve(Txtai())
