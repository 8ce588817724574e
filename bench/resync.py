"""Syncs of one large folder of small files: all new, nothing changed, one in a hundred changed; by a stand-in model."""

from __future__ import annotations

import asyncio
import random
import resource
import tempfile
import time
from pathlib import Path

from bench.options import Options
from bench.report import Section
from outcrop.app.adapters import LoadedAdapters
from outcrop.core.clock import now
from outcrop.core.ids import new_id
from outcrop.core.settings import Settings
from outcrop.ingest.knowledge_bases import KnowledgeBases
from outcrop.ingest.sync import Syncs
from outcrop.store.sql import open_metadata
from outcrop.testing.adapters import GivenAdapters
from outcrop.testing.fakes import TokenHashEmbedder

FILES = 20_000
WORDS = [f"word{number}" for number in range(3000)]


def run(options: Options) -> Section:
    """Measure three syncs; what is embedded is hashed words, so that all but embedding is measured."""
    del options
    section = Section("Syncs of 20,000 small files")
    with tempfile.TemporaryDirectory() as scratch:
        rows = asyncio.run(_measured(Path(scratch)))
    section.table(["Sync", "wall s", "CPU s", "parsed", "chunks embedded", "peak memory MiB"], rows)
    section.say("Text files of 320 words each, embedded by hashed words: what is left is all but the model.")
    return section


async def _measured(scratch: Path) -> list[list[object]]:
    docs = scratch / "docs"
    for number in range(FILES):
        _write(docs, number, 0)
    settings = Settings(data=scratch / "data", embedding_model="test:token-hash", ocr="off")
    settings.data.mkdir()
    loaded, metadata = LoadedAdapters(settings), await open_metadata(settings.data / "outcrop.db")
    store = loaded.vector_store("embedded")
    adapters = GivenAdapters({"embedded": store}, loaded.reader(), TokenHashEmbedder(384))
    bases = KnowledgeBases(metadata, adapters, settings, now, new_id)
    syncs = Syncs(metadata, adapters, settings, now, new_id)
    base = await bases.create("many")
    source = await bases.add_source(base, name="docs", kind="folder", configuration={"path": str(docs)})
    rows: list[list[object]] = []
    for label in ("all new", "nothing changed", "1 % changed"):
        if label == "1 % changed":
            for number in range(0, FILES, 100):
                _write(docs, number, 1)
        wall, cpu = time.perf_counter(), time.process_time()
        done = (await syncs.run(base, source)).statistics
        spent = (time.perf_counter() - wall, time.process_time() - cpu)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append([label, *spent, done.parsed, done.chunks_embedded, memory])
    await metadata.close()
    await loaded.close()
    return rows


def _write(docs: Path, number: int, version: int) -> None:
    chance = random.Random(number * 7 + version)  # noqa: S311 # the same folder every time
    path = docs / f"{number % 100:02}" / f"file-{number}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    paragraphs = [" ".join(chance.choices(WORDS, k=40)) + "." for _ in range(8)]
    path.write_text("\n\n".join(paragraphs), encoding="utf-8")
