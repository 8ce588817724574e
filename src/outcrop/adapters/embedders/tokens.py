"""Tokens as a local model counts them, and its windows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.embedders.windows import encodable

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECE = 100_000  # characters tokenized at once: a token object is larger than its text, so memory needs a bound
_LAST_SPACE = re.compile(r"[ \t\r\n](?=[^ \t\r\n]*\Z)")

Ids = NDArray[np.int32]


class ModelTokens:
    """A model's own tokenizer, without special tokens. Loaded on first use."""

    def __init__(self, load: Callable[[], Tokenizer]) -> None:
        self._load = load
        self._loaded: Tokenizer | None = None

    @classmethod
    def of_file(cls, path: Path) -> ModelTokens:
        """The tokenizer that a `tokenizer.json` describes."""

        def load() -> Tokenizer:
            from tokenizers import Tokenizer

            return Tokenizer.from_file(str(path))

        return cls(load)

    def spans(self, text: str) -> NDArray[np.int32]:
        """The characters [start, end) of each token, in order: shape (n, 2), int32."""
        found = [np.empty((0, 2), dtype=np.int32)]
        for start, piece in pieces(text):
            offsets = chain.from_iterable(self._tokenizer().encode(piece, add_special_tokens=False).offsets)
            found.append(np.fromiter(offsets, dtype=np.int32).reshape(-1, 2) + np.int32(start))
        return np.concatenate(found)

    def ids(self, texts: Sequence[str]) -> list[Ids]:
        """The token numbers of each text."""
        cut = [[piece for _, piece in pieces(text)] for text in texts]
        encoded = iter(self._tokenizer().encode_batch_fast(list(chain.from_iterable(cut)), add_special_tokens=False))
        return [np.fromiter(chain.from_iterable(next(encoded).ids for _ in parts), dtype=np.int32) for parts in cut]

    def _tokenizer(self) -> Tokenizer:
        if self._loaded is None:
            loaded = self._load()
            loaded.no_padding()
            loaded.no_truncation()
            self._loaded = loaded
        return self._loaded


def pieces(text: str, size: int = PIECE) -> Iterator[tuple[int, str]]:
    """The text in pieces of at most `size` characters with their starts, cut at white space where there is some.

    White space parts words, so the tokens are those of the whole text.
    """
    text = encodable(text)
    start = 0
    while len(text) - start > size:
        piece = text[start : start + size]
        space = _LAST_SPACE.search(piece)
        end = space.end() if space and space.start() else size
        yield start, piece[:end]
        start += end
    yield start, text[start:]


def windows(ids: Ids, limit: int) -> list[Ids]:
    """The tokens in the fewest windows of at most `limit`, of about equal length; one empty window for no tokens."""
    return np.array_split(ids, max(1, -(-len(ids) // limit)))
