"""Tokens as the bundled model counts them, and texts cut into windows that it can read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECE = 100_000  # characters tokenized at once: a token object is larger than its text, so memory needs a bound
_LAST_SPACE = re.compile(r"[ \t\r\n](?=[^ \t\r\n]*\Z)")

Ids = NDArray[np.int32]


class WordPieces:
    """The model's own tokenizer, without special tokens. Loads its vocabulary on first use."""

    def __init__(self, vocabulary_file: Path) -> None:
        self._file = vocabulary_file
        self._loaded: Tokenizer | None = None

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
            from tokenizers import Tokenizer

            loaded = Tokenizer.from_file(str(self._file))
            loaded.no_padding()
            loaded.no_truncation()
            self._loaded = loaded
        return self._loaded


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """The text in pieces of at most PIECE characters with their starts, cut at white space where there is some.

    White space parts words, so the tokens are those of the whole text. Half of a surrogate pair, which has no
    UTF-8 form, becomes a question mark.
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    start = 0
    while len(text) - start > PIECE:
        piece = text[start : start + PIECE]
        space = _LAST_SPACE.search(piece)
        end = space.end() if space and space.start() else PIECE
        yield start, piece[:end]
        start += end
    yield start, text[start:]


def windows(ids: Ids, limit: int) -> list[Ids]:
    """The tokens in the fewest windows of at most `limit`, of about equal length; one empty window for no tokens."""
    return np.array_split(ids, max(1, -(-len(ids) // limit)))
