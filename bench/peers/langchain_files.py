"""LangChain's own loaders, splitter and embeddings, shared by its two vector stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from langchain_community.document_loaders import (
    BSHTMLLoader,
    CSVLoader,
    Docx2txtLoader,
    PyPDFLoader,
    TextLoader,
)
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

from bench.peers.engine import CHUNK_CHARACTERS

LOADERS: dict[str, Any] = {
    ".txt": lambda path: TextLoader(path, encoding="utf-8"),
    ".md": lambda path: TextLoader(path, encoding="utf-8"),
    ".html": lambda path: BSHTMLLoader(path, open_encoding="utf-8"),
    ".docx": Docx2txtLoader,
    ".pdf": PyPDFLoader,
    ".csv": lambda path: CSVLoader(path, encoding="utf-8"),
}


def embeddings(model: Path) -> HuggingFaceEmbeddings:
    """The embedding model, normalising as its card says."""
    return HuggingFaceEmbeddings(model_name=str(model), encode_kwargs={"normalize_embeddings": True})


def chunks(folder: Path) -> list[Document]:
    """Every file below a folder, loaded and split."""
    documents = [document for path in sorted(folder.rglob("*.*")) for document in _load(path)]
    splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK_CHARACTERS, chunk_overlap=0)
    return splitter.split_documents(documents)


def by_extension(pieces: list[Document]) -> dict[str, list[str]]:
    """The texts of chunks by the extension of their file."""
    texts: dict[str, list[str]] = {}
    for piece in pieces:
        texts.setdefault(Path(piece.metadata["source"]).suffix, []).append(piece.page_content)
    return texts


def _load(path: Path) -> list[Document]:
    if path.suffix == ".xlsx":  # its only loader for Excel needs models that are downloaded; pandas is what people use
        sheets = pd.read_excel(path, sheet_name=None)
        return [
            Document(page_content=sheet.to_csv(index=False), metadata={"source": str(path), "sheet": name})
            for name, sheet in sheets.items()
        ]
    return LOADERS[path.suffix](str(path)).load()
