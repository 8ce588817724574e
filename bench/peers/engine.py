"""What an engine does in the comparison, and the child process that does it on command.

Commands are lines of JSON on standard input, replies are lines of JSON on what was standard output; whatever the
engine itself prints goes to standard error. Times are seconds of wall clock, taken around the engine's own work.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

CHUNK_TOKENS = 300
CHUNK_CHARACTERS = 1350  # 4.5 characters of English scientific prose a token of the model
CHUNK_WORDS = 190
EMBED = "embed"  # the task of embedding a question without a search

QUIET = {
    "ANONYMIZED_TELEMETRY": "False",
    "DO_NOT_TRACK": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "ORT_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "true",
    "TQDM_DISABLE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}
"""Switches that keep every engine from calling anywhere; set before its libraries are imported."""

Found = tuple[str, str]
"""A passage that was found: the id that it was filled with (or its own), and its text."""


class Engine(Protocol):
    """A system that ingests a folder and retrieves from it, used as its documentation says."""

    modes: tuple[str, ...]  # the ways in which it searches, "semantic" first

    def load(self, model: Path) -> None:
        """Import what is needed and load the embedding model from its sentence-transformers folder."""
        ...

    def ingest(self, folder: Path, into: Path) -> None:
        """Read, cut, embed, index and keep every file below a folder."""
        ...

    def chunks(self) -> Mapping[str, Sequence[str]]:
        """The texts of the chunks that were ingested last, by the extension of their file (".pdf")."""
        ...

    def fill(self, texts: Sequence[str], vectors: NDArray[np.float32], into: Path) -> None:
        """Make an index of ready vectors; the ids of the passages are "0", "1", ..."""
        ...

    def embed(self, question: str) -> Sequence[float] | NDArray[np.float32]:
        """The vector of a question."""
        ...

    def retrieve(self, question: str, limit: int, mode: str) -> Sequence[Found]:
        """The nearest passages of what was filled last, best first."""
        ...


def serve(engine: Engine) -> None:
    """Obey commands until standard input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        command = json.loads(line)
        reply = COMMANDS[command.pop("do")](engine, **command)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def _load(engine: Engine, model: str) -> dict[str, Any]:
    start = time.perf_counter()
    engine.load(Path(model))
    engine.embed("Is the model warm?")
    return {"seconds": time.perf_counter() - start, "modes": engine.modes}


def _ingest(engine: Engine, folder: str, into: str) -> dict[str, Any]:
    start = time.perf_counter()
    engine.ingest(Path(folder), Path(into))
    return {"seconds": time.perf_counter() - start}


def _chunks(engine: Engine) -> dict[str, Any]:
    chunks = engine.chunks()
    return {
        "chunks": sum(len(texts) for texts in chunks.values()),
        "characters": {extension: sum(map(len, texts)) for extension, texts in chunks.items()},
    }


def _fill(engine: Engine, texts: str, vectors: str, count: int, into: str) -> dict[str, Any]:
    passages = json.loads(Path(texts).read_text(encoding="utf-8"))[:count]
    rows = np.ascontiguousarray(np.load(vectors, mmap_mode="r")[:count])
    start = time.perf_counter()
    engine.fill(passages, rows, Path(into))
    return {"seconds": time.perf_counter() - start}


def _embed(engine: Engine, questions: Sequence[str], save: str) -> dict[str, Any]:
    np.save(save, np.stack([np.asarray(engine.embed(one), dtype=np.float32).ravel() for one in questions]))
    return {}


def _ask(engine: Engine, tasks: Sequence[tuple[str, str]], limit: int, at_most: float) -> dict[str, Any]:
    """Do each task, which is a mode (or EMBED) and a question; after `at_most` seconds leave the rest.

    Gives for each task that was done the wall-clock and processor seconds of this process, and the ids that it found.
    """
    done: list[tuple[float, float, list[str]]] = []
    began = time.perf_counter()
    for kind, question in tasks:
        start, used = time.perf_counter(), time.process_time()
        passages = [] if kind == EMBED else engine.retrieve(question, limit, kind)
        if kind == EMBED:
            engine.embed(question)
        done.append((time.perf_counter() - start, time.process_time() - used, [passage for passage, _ in passages]))
        if not all(text for _, text in passages):
            raise RuntimeError(f"A passage without text was retrieved for {question!r}.")
        if time.perf_counter() - began > at_most:
            break
    return {"done": done}


COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {
    "load": _load,
    "ingest": _ingest,
    "chunks": _chunks,
    "fill": _fill,
    "embed": _embed,
    "ask": _ask,
}
