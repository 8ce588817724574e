"""A worker in a process of its own, over everything real but the model, that a test may kill at any instant."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from outcrop.adapters.vector_stores.embedded import open_store
from outcrop.core.errors import Conflict
from outcrop.core.ids import new_id
from outcrop.core.protocols import every
from outcrop.core.records import Chunking, Document, IngestionJob
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore
from outcrop.ingest.jobs import Jobs
from outcrop.ingest.knowledge_bases import KnowledgeBases
from outcrop.ingest.sync import Options, Syncs
from outcrop.ingest.verify import Verifier
from outcrop.store.sql import open_metadata
from outcrop.testing.adapters import GivenAdapters, PlainReader
from outcrop.testing.fakes import TokenHashEmbedder

BASE, SOURCE = "CRASHBASE1", "CRASHDOCS1"


class LoggedEmbedder(TokenHashEmbedder):
    """Writes down what it embeds, line by line, so that it is known after a death; it takes `seconds` a text."""

    def __init__(self, log: Path, seconds: float = 0.0) -> None:
        super().__init__(16)
        self._log = log
        self._seconds = seconds

    async def embed(self, texts, purpose):
        with self._log.open("a") as file:
            file.write("".join(json.dumps([os.getpid(), text]) + "\n" for text in texts))
        await asyncio.sleep(self._seconds * len(texts))
        return await super().embed(texts, purpose)


class LethalReader(PlainReader):
    """Ends the process at a document that says so."""

    async def read(self, blob):
        if "KILLS" in (blob.path.read_text() if blob.path is not None else blob.read().decode()):
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().read(blob)


class Parts:
    """The services over one data directory, or over one and a database; ids are the same everywhere."""

    async def open(self, data: Path, docs: Path, database: str = "", seconds: float = 0.0) -> Parts:
        data.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 # nobody waits
        settings = Settings(data=data, threads=2, embedding_model="test:token-hash")
        self.metadata = await open_metadata(database or data / "outcrop.db")
        self.store = open_store(settings, NamedStore("embedded", "embedded"))
        embedder = LoggedEmbedder(data / "embedded.log", seconds)
        adapters = GivenAdapters({"embedded": self.store}, LethalReader(), embedder)
        named = (self.metadata, adapters, settings, lambda: datetime.now(UTC), new_id)
        self.bases, self.syncs = KnowledgeBases(*named), Syncs(*named)
        self.jobs = Jobs(self.metadata, self.bases, self.syncs)
        self.verifier = Verifier(self.metadata, adapters, settings)
        self.base = await self.bases.create("crash", base_id=BASE)
        self.source = await self.bases.add_source(
            self.base,
            name="docs",
            kind="folder",
            configuration={"path": str(docs)},
            chunking=Chunking(max_tokens=12),
            source_id=SOURCE,
        )
        return self

    async def held(self):
        """Everything that a search could show, comparable."""
        points = [point async for batch in self.store.scan(self.base.index) for point in batch]
        return sorted(
            (one.chunk.id, one.uri, one.chunk.text, sorted(one.metadata.items()), one.vector.tobytes())
            for one in points
        )

    async def recorded(self) -> set[str]:
        """The addresses of the documents whose records are kept."""
        return {one.uri async for one in every(self.metadata, Document, None)}

    async def job(self, job_id: str) -> IngestionJob:
        return await self.metadata.get(IngestionJob, job_id)

    async def all_jobs(self):
        return [one async for one in every(self.metadata, IngestionJob, None)]

    async def close(self) -> None:
        await self.jobs.close()
        await self.metadata.close()
        await self.store.close()


async def sync(parts: Parts) -> None:
    """Finish the job that is there, or do one."""
    if await parts.syncs.finish_interrupted(parts.source) is None and not await parts.all_jobs():
        await parts.syncs.run(parts.base, parts.source, None, Options())


async def work(parts: Parts) -> None:
    """Take part in all work for ever."""
    await parts.jobs.watch()
    with suppress(Conflict):
        await asyncio.Event().wait()


async def main() -> None:
    what, data, docs, database, seconds = sys.argv[1:]
    parts = await Parts().open(Path(data), Path(docs), database, float(seconds))
    print("ready", flush=True)  # noqa: T201 # the test waits for it
    await (sync(parts) if what == "sync" else work(parts))
    await parts.close()


if __name__ == "__main__":
    asyncio.run(main())
