"""A process that writes to an embedded index until it is killed: proves what a crash leaves behind."""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from outcrop.adapters.vector_stores.embedded import EmbeddedVectorStore, snapshots
from outcrop.core.chunks import IndexSpec, Point
from outcrop.testing.points import DIMENSIONS, point, unit

DOCUMENTS = 5
INDEX = "crash"


def version_of(document: int, version: int) -> list[Point]:
    """The points of a version of a document; how many, and their ids, change with the version."""
    return [
        point(
            f"d{document}-{(version + i) % 7}",
            f"document{document} version{version} part{i}",
            document=f"d{document}",
            vector=unit(document + 1, version % 11, i),
            metadata={"version": version},
        )
        for i in range(1 + (document + version) % 4)
    ]


def write_until_killed(folder: Path, seed: int, first: int, done: Connection) -> None:
    """Put versions from `first` on of documents at random, and tell each (document, version) that was put."""
    snapshots.MAX_SMALL = 3  # merge often, so that some kills fall into a merge
    asyncio.run(_write(folder, np.random.default_rng(seed), first, done))


async def _write(folder: Path, chance: np.random.Generator, version: int, done: Connection) -> None:
    store = EmbeddedVectorStore(folder)
    await store.create(IndexSpec(name=INDEX, dimensions=DIMENSIONS))
    while True:
        document = int(chance.integers(DOCUMENTS))
        done.send(("began", document, version))
        await store.upsert(INDEX, version_of(document, version), sweep=[f"d{document}"])
        done.send(("done", document, version))
        version += 1
