"""Measures the embedded index: quality of its answers, time of each kind of search, size, and time to open.

Run: OUTCROP_BENCH_DATA=DIR python bench/index.py [SIZE ...] [--where DIR]

Texts are abstracts of SciFact recombined sentence by sentence; vectors are mixtures of two of the reference
embeddings of all-MiniLM-L6-v2 with noise, so that near neighbours are as close together as in real collections.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import lzma
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from outcrop.adapters.vector_stores.embedded import EmbeddedVectorStore
from outcrop.core.chunks import Chunk, IndexSpec, Place, Point, Search
from outcrop.core.filters import equals

DATA = Path(os.environ.get("OUTCROP_BENCH_DATA", "."))
BATCH = 64
QUERIES = 200


def sentences() -> list[str]:
    with lzma.open(DATA / "scifact" / "corpus.jsonl.xz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    return [sentence for text in texts for sentence in text.split(". ") if len(sentence) > 40]


def questions() -> list[str]:
    with (DATA / "scifact" / "queries.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines][:QUERIES]


def mixtures(count: int, random: np.random.Generator, known: np.ndarray) -> np.ndarray:
    first, second = random.integers(0, len(known), (2, count))
    share = random.uniform(0.5, 1, (count, 1)).astype(np.float32)
    mixed = share * known[first] + (1 - share) * known[second]
    mixed += random.normal(0, 0.02, mixed.shape).astype(np.float32)
    return (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)


def points(count: int, vectors: np.ndarray, random: np.random.Generator) -> Iterator[list[Point]]:
    pool = sentences()
    for start in range(0, count, BATCH):
        batch = []
        for i in range(start, min(start + BATCH, count)):
            text = ". ".join(pool[j] for j in random.integers(0, len(pool), 8))
            chunk = Chunk(
                id=f"{i:024x}",
                document_id=f"d{i // 10}",
                ordinal=i % 10,
                text=text,
                start=0,
                end=len(text),
                tokens=len(text.split()),
                place=Place(first_page=i % 10 + 1, last_page=i % 10 + 1),
            )
            document = i // 10
            metadata = {"percent": document % 100, "tenth": document % 10, "half": "even" if document % 2 else "odd"}
            batch.append(
                Point(chunk=chunk, vector=vectors[i], uri=f"f://{document}", data_source_id="s", metadata=metadata)
            )
        yield batch


async def timed(store: EmbeddedVectorStore, searches: list[Search]) -> tuple[float, float, float]:
    """Milliseconds a search: median, 99th percentile, and CPU time."""
    for query in searches[:20]:
        await store.search("bench", query)
    took = []
    cpu = time.process_time()
    for query in searches:
        begun = time.perf_counter()
        await store.search("bench", query)
        took.append((time.perf_counter() - begun) * 1000)
    spent = (time.process_time() - cpu) / len(searches) * 1000
    return statistics.median(took), sorted(took)[int(len(took) * 0.99)], spent


async def build(store: EmbeddedVectorStore, count: int, vectors: np.ndarray, random: np.random.Generator) -> None:
    await store.create(IndexSpec(name="bench", dimensions=vectors.shape[1]))
    wall, cpu = 0.0, 0.0
    for batch in points(count, vectors, random):
        begun, used = time.perf_counter(), time.process_time()
        await store.upsert("bench", batch)
        wall, cpu = wall + time.perf_counter() - begun, cpu + time.process_time() - used
    print(f"  build   {count / wall:8.0f} chunks/s  {count / cpu:8.0f} chunks/CPU s (upserts of {BATCH})")


async def measure(folder: Path, queries: np.ndarray, vectors: np.ndarray) -> None:
    begun = time.perf_counter()
    store = EmbeddedVectorStore(folder)
    await store.count("bench")
    opened = (time.perf_counter() - begun) * 1000
    await store.search("bench", Search(text="open", vector=queries[0]))
    first = (time.perf_counter() - begun) * 1000
    disk = size(folder)
    print(f"  open {opened:.1f} ms, with the first search {first:.1f} ms; disk {disk / 1e6:.0f} MB")
    asked = questions()
    kinds = {
        "vector": {"mode": "semantic"},
        "vector, filtered 1 %": {"mode": "semantic", "where": equals("percent", 7)},
        "vector, filtered 10 %": {"mode": "semantic", "where": equals("tenth", 7)},
        "vector, filtered 50 %": {"mode": "semantic", "where": equals("half", "odd")},
        "keyword": {"mode": "keyword"},
        "keyword, filtered 1 %": {"mode": "keyword", "where": equals("percent", 7)},
        "hybrid": {"mode": "hybrid"},
        "hybrid, filtered 50 %": {"mode": "hybrid", "where": equals("half", "odd")},
    }
    for name, options in kinds.items():
        searches = [
            Search(text="" if options["mode"] == "semantic" else text, vector=vector, **options)
            for text, vector in zip(asked, queries, strict=False)
        ]
        p50, p99, cpu = await timed(store, searches)
        print(f"  {name:22s} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  CPU {cpu:6.2f} ms")
    await recall(store, queries, vectors)
    await store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory of this process (with the vectors to compare with) {peak:.0f} MB")


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def recall(store: EmbeddedVectorStore, queries: np.ndarray, vectors: np.ndarray) -> None:
    found = 0
    for query in queries:
        exact = np.argpartition(-(vectors @ query), 10)[:10]
        hits = await store.search("bench", Search(vector=query, mode="semantic"))
        found += len({int(hit.chunk.id, 16) for hit in hits} & {int(i) for i in exact})
    print(f"  recall@10 {found / len(queries) / 10:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[5000, 100_000])
    parser.add_argument("--where", type=Path, help="a folder to keep the indexes in; one of this size is used again")
    options = parser.parse_args()
    reference = np.load(DATA / "minilm_reference" / "vectors.npz")
    for count in options.sizes:
        random = np.random.default_rng(count)
        vectors = mixtures(count, random, reference["c"])
        folder = (options.where or Path(tempfile.mkdtemp())) / str(count)
        print(f"{count} chunks")
        if not folder.exists():
            store = EmbeddedVectorStore(folder)
            asyncio.run(build(store, count, vectors, random))
            asyncio.run(store.close())
        asyncio.run(measure(folder, reference["q"][:QUERIES], vectors))
        if not options.where:
            shutil.rmtree(folder.parent)


if __name__ == "__main__":
    sys.exit(main())
