"""A knowledge base over a folder, with everything real but the model, and the parts in the test's hands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.core.ids import new_id
from outcrop.core.protocols import every
from outcrop.core.records import CUSTOM, Chunking, Document
from outcrop.core.settings import Settings
from outcrop.ingest.direct import Direct, DirectDocument
from outcrop.ingest.knowledge_bases import KnowledgeBases
from outcrop.ingest.sync import Options, Syncs
from outcrop.ingest.verify import Verifier
from outcrop.jobs.items import Listed
from outcrop.store.memory import MemoryMetadata
from outcrop.testing.adapters import GivenAdapters, PlainReader
from outcrop.testing.fakes import TokenHashEmbedder


class Clock:
    def __init__(self):
        self.ticks = count()

    def __call__(self):
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=next(self.ticks))


class House:
    """Folder, reader, embedder, stores and services of one test."""

    def __init__(self, path, store=None):
        self.folder = path / "docs"
        self.folder.mkdir(parents=True)
        self.reader = PlainReader()
        self.embedder = TokenHashEmbedder(16)
        self.store = store or MemoryVectorStore()
        self.metadata = MemoryMetadata()
        self.settings = Settings(data=path / "data", threads=2, embedding_model="test:token-hash")
        self.adapters = GivenAdapters({"embedded": self.store}, self.reader, self.embedder)
        parts = (self.metadata, self.adapters, self.settings, Clock(), new_id)
        self.bases, self.syncs = KnowledgeBases(*parts), Syncs(*parts)
        self.direct = Direct(self.metadata, self.adapters, self.settings, parts[3])
        self.verifier = Verifier(self.metadata, self.adapters, self.settings)
        self.base = self.source = None

    async def open(self, chunking=Chunking(max_tokens=20)):  # noqa: B008 # frozen
        self.base = await self.bases.create("handbook")
        self.source = await self.bases.add_source(
            self.base, name="docs", kind="folder", configuration={"path": str(self.folder)}, chunking=chunking
        )
        return self

    async def open_custom(self):
        """A data source that is handed its documents one by one."""
        self.base = await self.bases.create("handbook")
        self.source = await self.bases.add_source(self.base, name="desk", kind=CUSTOM, configuration={})
        return self

    async def put(self, name, text, **more):
        document = DirectDocument(uri=name, data=text, **more)
        return await self.direct.put(self.base, self.source, document)

    def write(self, name, text, metadata=None):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        if metadata is not None:
            sidecar = path.with_name(f"{path.name}.metadata.json")
            sidecar.write_text(json.dumps({"metadataAttributes": metadata}))

    def remove(self, name):
        (self.folder / name).unlink()
        (self.folder / f"{name}.metadata.json").unlink(missing_ok=True)

    async def sync(self, progress=None, **options):
        return await self.syncs.run(self.base, self.source, progress, Options(**options))

    async def sync_listing(self, steps):
        """What the listing of a job would put into its steps."""
        listed = [Listed(item=item) async for item in self.adapters.source(self.source).list(None)]
        await steps.add([listed], [{}])

    async def documents(self):
        return {one.name: one async for one in every(self.metadata, Document, None)}

    async def points(self):
        return [point async for points in self.store.scan(self.base.index) for point in points]

    async def texts(self):
        """What is searchable: the texts of each document's chunks in order, by the document's name."""
        names = {one.id: one.name for one in (await self.documents()).values()}
        found = {}
        for point in sorted(await self.points(), key=lambda point: point.chunk.ordinal):
            found.setdefault(names.get(point.chunk.document_id, point.uri), []).append(point.chunk.text)
        return found

    async def verify(self):
        return await self.verifier.verify(self.base)


@pytest.fixture
async def house(tmp_path):
    return await House(tmp_path).open()


@pytest.fixture
async def desk(tmp_path):
    house = await House(tmp_path).open_custom()
    yield house
    await house.direct.close()


@pytest.fixture
def make_house():
    return House
