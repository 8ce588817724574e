"""Chunkers: from a parsed document to chunks of whole sentences, rows, sections or tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from outcrop.adapters.chunkers.code import CodeChunker
from outcrop.adapters.chunkers.fixed import FixedChunker
from outcrop.adapters.chunkers.hierarchical import HierarchicalChunker
from outcrop.adapters.chunkers.semantic import SemanticChunker
from outcrop.adapters.chunkers.sentences import SentenceChunker
from outcrop.adapters.chunkers.whole import WholeChunker
from outcrop.core.protocols import Chunker, Embedder
from outcrop.core.records import Chunking

__all__ = ["open_chunker"]

STRATEGIES: Mapping[str, Callable[[Chunking, Embedder], Chunker]] = {
    "default": SentenceChunker,
    "section": SentenceChunker,
    "fixed": FixedChunker,
    "semantic": SemanticChunker,
    "hierarchical": HierarchicalChunker,
    "none": WholeChunker,
    "code": CodeChunker,
}


def open_chunker(chunking: Chunking, embedder: Embedder) -> Chunker:
    """The chunker for a configuration; sizes are counted with the embedder's tokenizer."""
    return STRATEGIES[chunking.strategy](chunking, embedder)
