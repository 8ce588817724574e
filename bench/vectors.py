"""Ready vectors for the retrieval benchmark: real chunks, and many more that lie as real ones do.

The first vectors are those of SciFact's abstracts and XQuAD's English paragraphs. Each further one is a random one of
them plus Gaussian noise with the covariance of the real vectors, made unit length again: its cosine to the vector it
comes from is about 0.8, and two that come from the same are about 0.65 apart, as neighbours in a real collection are.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from bench import sets
from bench.peers.engine import CHUNK_CHARACTERS
from outcrop.adapters.embedders.local import MODEL, open_embedder
from outcrop.core.settings import Settings

NOISE = 0.7
SEED = 20262
CACHE = user_cache_path("outcrop", appauthor=False) / "bench"


@dataclass(frozen=True, slots=True)
class Filling:
    """Texts (a JSON list) and their vectors (a numpy file) with the same rows, and questions to ask of them."""

    texts: Path
    vectors: Path
    questions: tuple[str, ...]


def filling(place: Path, count: int) -> Filling:
    """So many texts and vectors, written into a folder."""
    abstracts, paragraphs = sets.scifact(), sets.xquad("en")
    real = [f"{abstracts.titles[one]}. {text}"[:CHUNK_CHARACTERS] for one, text in abstracts.texts.items()]
    real += paragraphs.texts.values()
    texts, vectors = more(real, _embedded(real), count)
    found = Filling(
        texts=place / "texts.json",
        vectors=place / "vectors.npy",
        questions=_mixed([*abstracts.questions.values()], [*paragraphs.questions.values()]),
    )
    found.texts.write_text(json.dumps(texts), encoding="utf-8")
    np.save(found.vectors, vectors)
    return found


def _embedded(texts: list[str]) -> NDArray[np.float32]:
    """The vectors of texts in full precision, kept for the next run."""
    kept = CACHE / f"{hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]}.npy"
    if kept.is_file():
        return np.load(kept)
    embedder = open_embedder(MODEL, Settings(data=CACHE, embedding_precision="fp32"))
    vectors = asyncio.run(embedder.embed(texts, "document"))
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.save(kept, vectors)
    return vectors


def more(texts: list[str], vectors: NDArray[np.float32], count: int) -> tuple[list[str], NDArray[np.float32]]:
    """As many as asked: the real ones in random order first, then noisy ones with texts of their own."""
    chance = np.random.default_rng(SEED)
    order = chance.permutation(len(texts))[:count]
    drawn = chance.integers(0, len(texts), count - len(order))
    width = vectors.shape[1]
    spread = np.linalg.cholesky(np.cov(vectors, rowvar=False) + 1e-6 * np.eye(width)).astype(np.float32)
    noisy = vectors[drawn] + NOISE * (chance.standard_normal((len(drawn), width), dtype=np.float32) @ spread.T)
    noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
    further = [f"Copy {number}. {texts[source]}" for number, source in enumerate(drawn)]
    return [*(texts[place] for place in order), *further], np.concatenate([vectors[order], noisy])


def _mixed(one: list[str], other: list[str]) -> tuple[str, ...]:
    """Both lists in one random order, the same every time, each question once."""
    every = sorted({*one, *other})
    return tuple(every[place] for place in np.random.default_rng(SEED).permutation(len(every)))
