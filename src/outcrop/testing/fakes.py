"""Small, honest stand-ins for tests: they compute, but know no language."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from outcrop.core.chunks import Vectors
from outcrop.core.protocols import Purpose, Tokenizer

_WORD = re.compile(r"\w+|[^\w\s]")


class WordTokenizer:
    """A token is a word or a mark; a character that is neither belongs to none."""

    def spans(self, text: str) -> NDArray[np.int32]:
        """The characters [start, end) of each token: shape (n, 2), int32."""
        found = [match.span() for match in _WORD.finditer(text)]
        return np.array(found, dtype=np.int32).reshape(-1, 2)


class TokenHashEmbedder:
    """A bag of hashed words as a unit vector: texts that share words are near. For tests only."""

    def __init__(self, dimensions: int = 64) -> None:
        self.model = f"test:token-hash-{dimensions}"
        self.dimensions = dimensions
        self.max_tokens = 100_000
        self.tokenizer: Tokenizer = WordTokenizer()
        self.embedded = 0  # texts so far, to prove that what is unchanged is not embedded again

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> Vectors:
        """One unit vector a text: shape (n, dimensions), float32."""
        del purpose  # the same space for both
        self.embedded += len(texts)
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row, 0] = 1e-3  # so that a text without words has a direction too
            for word in _WORD.findall(text.lower()):
                code = zlib.crc32(word.encode("utf-8", "surrogatepass"))
                vectors[row, code % self.dimensions] += 1.0 if code & 0x80000000 else -1.0
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
