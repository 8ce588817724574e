"""A knowledge base in memory with real search, sessions and sentences; the generator is in the test's hands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from outcrop.adapters.generators.scripted import ScriptedGenerator
from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.answer.service import Answers
from outcrop.core.answers import AskRequest, FinalPart
from outcrop.core.chunks import Chunk, IndexSpec, Point
from outcrop.core.records import KnowledgeBase
from outcrop.core.settings import Settings
from outcrop.models.catalog import Catalog
from outcrop.models.gateway import Gateway
from outcrop.store.memory import MemoryMetadata
from outcrop.testing.adapters import GivenAdapters
from outcrop.testing.fakes import TokenHashEmbedder

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = "scripted:test"


def base(name: str = "handbook") -> KnowledgeBase:
    return KnowledgeBase(
        id=f"{name.upper()[:8]:X<10}",
        created_at=MOMENT,
        updated_at=MOMENT,
        name=name,
        embedding_model="test:token-hash",
        dimensions=64,
        index=name,
    )


class House:
    """Stores, adapters and the service of one test."""

    def __init__(self, path, *replies):
        ticks = count()
        self.store, self.metadata, self.embedder = MemoryVectorStore(), MemoryMetadata(), TokenHashEmbedder()
        self.generator = ScriptedGenerator(*replies, model=MODEL)
        self.adapters = GivenAdapters(
            {"embedded": self.store}, given_embedder=self.embedder, generators={MODEL: self.generator}
        )
        self.settings = Settings(data=path, model=MODEL)
        self.models = Gateway(Catalog(self.settings), self.adapters)
        clock = lambda: MOMENT + timedelta(seconds=next(ticks))  # noqa: E731
        self.answers = Answers(self.metadata, self.adapters, self.settings, clock, self.models)
        self.base = base()

    async def open(self, *texts, **more):
        await self.store.create(IndexSpec(name=self.base.index, dimensions=64))
        await self.put(*[chunk(text, ordinal=i, **more) for i, text in enumerate(texts)])
        return self

    async def put(self, *chunks):
        vectors = await self.embedder.embed([one.embedded_text() for one in chunks], "document")
        points = [
            Point(
                chunk=one,
                vector=vector if one.searchable else None,
                uri=f"file:///{one.document_id}.md",
                data_source_id="SOURCE0001",
            )
            for one, vector in zip(chunks, vectors, strict=True)
        ]
        await self.store.upsert(self.base.index, points)

    async def ask(self, question, **more):
        return [part async for part in self.answers.ask(self.base, AskRequest(question=question, **more))]

    async def answer(self, question, **more):
        parts = await self.ask(question, **more)
        assert isinstance(parts[-1], FinalPart)
        return parts[-1].answer


def chunk(text, *, ordinal=0, document="doc", **more):
    return Chunk(
        id=f"{document}-{ordinal}",
        document_id=f"{document}{ordinal}",
        ordinal=ordinal,
        text=text,
        start=1000,
        end=1000 + len(text),
        tokens=len(text.split()),
        **more,
    )


@pytest.fixture
def house(tmp_path):
    return lambda *replies: House(tmp_path, *replies)
