"""What can be chosen for a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured: `files` of the mixed folder, turns of ingestion, chunks in the retrieval indexes."""

    peers_python: str | None = None
    peers: tuple[str, ...] = ()
    files: int = 160
    rounds: int = 2
    sizes: tuple[int, ...] = (5_000, 100_000)
    blocks: int = 6
