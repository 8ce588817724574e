"""Models that fastembed runs on this machine, from files that are there already (https://qdrant.github.io/fastembed/)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from outcrop.adapters.embedders.lanes import Lanes
from outcrop.adapters.embedders.processor import usable_processors
from outcrop.adapters.embedders.tokens import ModelTokens
from outcrop.adapters.embedders.windows import TextWindow, pooled, text_windows
from outcrop.core.chunks import Vectors
from outcrop.core.errors import Invalid, MissingDependency
from outcrop.core.protocols import Purpose, Tokenizer
from outcrop.core.quiet import silence
from outcrop.core.settings import Settings

if TYPE_CHECKING:
    from tokenizers import Tokenizer as LoadedTokenizer

TEXTS_AT_ONCE = 32  # in one step; fastembed pads them to the longest
UNTOLD = {"max_length": 512}  # where the tokenizer's file does not say; every model of fastembed reads as many
SPECIAL = 2  # tokens that open and close every text


class FastembedEmbedder:
    """Computes vectors with a model of fastembed, which is loaded here.

    `runner` is its `TextEmbedding`.
    """

    def __init__(self, runner: Any, name: str, threads: int) -> None:
        self._runner = runner
        self.model = name
        self.dimensions = int(runner.embedding_size)
        loaded: LoadedTokenizer = runner.model.tokenizer
        self.max_tokens = int((loaded.truncation or UNTOLD)["max_length"]) - SPECIAL
        self.tokenizer: Tokenizer = ModelTokens(lambda: type(loaded).from_str(loaded.to_str()))
        self._lanes = Lanes(threads)

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> Vectors:
        """One unit vector a text, in order: shape (n, dimensions), float32."""
        windows = await self._lanes.run(purpose, self._cut, texts)
        if not windows:
            return np.empty((0, self.dimensions), dtype=np.float32)
        step = self._runner.query_embed if purpose == "query" else self._runner.passage_embed
        order = sorted(range(len(windows)), key=lambda place: len(windows[place].piece))
        batches = [
            [windows[place] for place in order[first : first + TEXTS_AT_ONCE]]
            for first in range(0, len(order), TEXTS_AT_ONCE)
        ]
        found = await self._lanes.spread(
            purpose, lambda batch: np.stack(list(step([window.piece for window in batch]))), batches
        )
        owners, weights = zip(*((window.text, window.weight) for batch in batches for window in batch), strict=True)
        return pooled(len(texts), owners, weights, np.concatenate(found).astype(np.float32))

    async def close(self) -> None:
        """End the threads."""
        self._lanes.close()

    def _cut(self, texts: Sequence[str]) -> list[TextWindow]:
        return list(text_windows(texts, self.tokenizer, self.max_tokens))


def open_embedder(model: str, settings: Settings) -> FastembedEmbedder:
    """The embedder for `fastembed:NAME`.

    Raises:
        MissingDependency: fastembed, or the model's files, are not on this machine.
        Invalid: fastembed knows no such model.
    """
    silence()
    name = model.partition(":")[2]
    folder = settings.data / "models" / "fastembed"
    try:
        from fastembed import TextEmbedding
    except ImportError as error:
        raise MissingDependency(
            f"The model {model} needs a package that is not installed: pip install fastembed"
        ) from error
    known = {each["model"].lower() for each in TextEmbedding.list_supported_models()}
    if name.lower() not in known:
        raise Invalid(f"fastembed knows no model called {name!r}. Its documentation lists them.")
    try:
        # One thread a step, and several steps at once: with more, threads of one step wait for each other.
        runner = TextEmbedding(name, cache_dir=str(folder), threads=1, local_files_only=True)
    except Exception as error:  # fastembed lets through whatever its downloader and onnxruntime raise
        raise MissingDependency(_missing(model, name, folder)) from error
    return FastembedEmbedder(runner, model, settings.threads or usable_processors())


def _missing(model: str, name: str, folder: Path) -> str:
    command = f'python -c "from fastembed import TextEmbedding; TextEmbedding({name!r}, cache_dir={str(folder)!r})"'
    return (
        f"The files of {model} are not in {folder}, and Outcrop downloads nothing by itself. Where there is a network: "
        f"HF_HUB_OFFLINE=0 {command}"
    )
