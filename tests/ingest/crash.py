"""A sync in a process of its own that kills itself with SIGKILL at the write of a given number."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from outcrop.adapters.vector_stores.embedded import open_store
from outcrop.core.ids import new_id
from outcrop.core.records import Chunking
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore
from outcrop.ingest.knowledge_bases import KnowledgeBases
from outcrop.ingest.sync import Options, Syncs
from outcrop.ingest.verify import Verifier
from outcrop.store.sql import open_metadata
from outcrop.testing.adapters import GivenAdapters
from outcrop.testing.fakes import TokenHashEmbedder


class Countdown:
    def __init__(self, writes):
        self.left = writes

    def __call__(self):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Mortal:
    """Counts before and after every write of what it wraps."""

    def __init__(self, inner, countdown):
        self._inner, self._countdown = inner, countdown

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if name not in ("put", "delete", "upsert", "create"):
            return found

        async def counted(*arguments, **named):
            self._countdown()
            result = await found(*arguments, **named)
            self._countdown()
            return result

        return counted

    @asynccontextmanager
    async def transaction(self):
        async with self._inner.transaction() as inside:
            yield Mortal(inside, self._countdown)
            self._countdown()
        self._countdown()


class Parts:
    """The services over one data directory; ids are the same in every directory."""

    async def open(self, data: Path, docs: Path, writes: int = 0):
        self.countdown = Countdown(writes)
        settings = Settings(data=data, threads=1, embedding_model="test:token-hash")
        self.sql = await open_metadata(data / "outcrop.db")
        self.store = open_store(settings, NamedStore("embedded", "embedded"))
        metadata = Mortal(self.sql, self.countdown)
        adapters = GivenAdapters({"embedded": Mortal(self.store, self.countdown)}, given_embedder=TokenHashEmbedder(16))
        numbers = count(1)
        named = (metadata, adapters, settings, lambda: datetime.now(UTC))
        self.bases = KnowledgeBases(*named, lambda: f"ID{next(numbers):08}")
        self.syncs = Syncs(*named, new_id)
        self.verifier = Verifier(metadata, adapters, settings)
        if not await self.bases.list():
            base = await self.bases.create("crash")
            path, chunking = {"path": str(docs)}, Chunking(max_tokens=12)
            await self.bases.add_source(base, name="docs", kind="folder", configuration=path, chunking=chunking)
        self.base = await self.bases.get("crash")
        (self.source,) = await self.bases.sources(self.base)
        return self

    async def sync(self):
        return await self.syncs.run(self.base, self.source, None, Options())

    async def held(self):
        """Everything that a search could show, comparable."""
        points = [point async for batch in self.store.scan(self.base.index) for point in batch]
        return sorted(
            (one.chunk.id, one.uri, one.chunk.text, sorted(one.metadata.items()), one.vector.tobytes())
            for one in points
        )

    async def close(self):
        await self.sql.close()
        await self.store.close()


async def main():
    parts = await Parts().open(Path(sys.argv[1]), Path(sys.argv[2]))
    parts.countdown.left = int(sys.argv[3])  # opening is not counted
    await parts.sync()
    await parts.close()


if __name__ == "__main__":
    asyncio.run(main())
