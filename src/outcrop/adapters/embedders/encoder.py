"""The bundled model, loaded: run by onnxruntime on the thread that calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from outcrop.adapters.embedders.build import CLASSIFY, SEPARATE, Precision, model_file, session
from outcrop.adapters.embedders.tokens import Ids
from outcrop.adapters.embedders.weights import Weights
from outcrop.core.chunks import Vectors

SPECIAL = 2  # tokens that open and close every text
POSITIONS = 512


class Encoder:
    """Turns batches of tokens into vectors. Safe to call from many threads at once; each call uses its own alone."""

    def __init__(self, weights: Weights, precision: Precision, folder: Path) -> None:
        self._words = weights.tensors["embeddings.word_embeddings.weight"]
        self._session = _open_kept(weights, precision, folder)

    def encode(self, batch: Ids) -> Vectors:
        """Unit vectors for texts of equal length: shape (texts, tokens) to (texts, dimensions).

        Tokens come without the special ones, at most POSITIONS - SPECIAL a text.
        """
        ids = np.pad(batch, ((0, 0), (1, 1)), constant_values=((0, 0), (CLASSIFY, SEPARATE)))
        (vectors,) = self._session.run(None, {"words": self._words[ids]})
        return vectors  # type: ignore[no-any-return]


def _open_kept(weights: Weights, precision: Precision, folder: Path) -> Any:
    """A session on the kept graph; a file that cannot be loaded is built again, once."""
    path = model_file(weights, precision, folder)
    try:
        return session(path)
    except Exception:  # noqa: BLE001 # onnxruntime raises a class of its own for each status, all from Exception
        path.unlink(missing_ok=True)
    return session(model_file(weights, precision, folder))
