"""Two knowledge bases with real search, the real extractive answerer and scripted language models, behind a server."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from botocore.exceptions import ClientError

from outcrop.access.tags import TagStore
from outcrop.adapters.generators.scripted import scripted
from outcrop.answer.service import Answers
from outcrop.app.adapters import LoadedAdapters
from outcrop.bedrock.app import bedrock_app
from outcrop.core.chunks import Chunk, IndexSpec, Place, Point
from outcrop.core.errors import NotFound
from outcrop.core.ids import derived_id
from outcrop.core.settings import CardEntry, Settings
from outcrop.store.memory import MemoryMetadata
from outcrop.testing.serving import served
from outcrop.testing.small import BASE, SmallKeys, SmallServices, SmallTokens

MOMENT = datetime(2026, 11, 20, 16, 5, tzinfo=UTC)
OTHER = replace(BASE, id="PRODUCTS01", name="products", index="products01", description="What is sold.")
WRITER = "arn:aws:bedrock:us-east-1::foundation-model/test.writer-v1"
SCRIPT = "writer"
HANDBOOK = {
    "leave.md": (
        "Leave",
        "Every full-time employee has twenty-eight days of paid leave a year. Leave is approved by Anna Keller.",
        {"department": "people", "year": 2025, "public": True, "tags": ["time", "absence"]},
    ),
    "travel.md": (
        "Travel",
        "Employees may book business class on flights longer than six hours. Shorter flights are economy.",
        {"department": "travel", "year": 2026, "public": False, "tags": ["flights", "hotels"]},
    ),
    "canteen.md": (
        "Canteen",
        "The canteen opens at noon and closes at two. Lunch costs 7 euros.",
        {"department": "office", "year": 2024, "public": True, "tags": ["food"]},
    ),
    "keller.md": (
        "Anna Keller",
        "Anna Keller leads the people team. Her office is room 214 in Hamburg.",
        {"department": "people", "year": 2026, "public": True, "tags": ["names"]},
    ),
}
PRODUCTS = {
    "x100.md": ("X-100", "The X-100 costs 400 euros. It weighs two kilograms.", {"department": "sales", "year": 2026}),
}


class Bases:
    """The two knowledge bases, by id."""

    async def get(self, reference):
        """One of them. Raises NotFound."""
        for one in (BASE, OTHER):
            if reference in (one.id, one.name):
                return one
        raise NotFound(f"There is no knowledge base {reference}.")


class SharedAdapters(LoadedAdapters):
    """The real adapters, over one embedder and one reader for all tests."""

    shared = None

    def embedding_model(self, card):
        """The local embedder."""
        return SharedAdapters.shared.embedder(card.target) if SharedAdapters.shared else super().embedding_model(card)

    def reader(self, parser=""):
        """The guarded processes."""
        return SharedAdapters.shared.reader(parser)


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    SharedAdapters.shared = LoadedAdapters(Settings(data=tmp_path_factory.mktemp("shared"), threads=1))
    yield SharedAdapters.shared
    asyncio.run(SharedAdapters.shared.close())
    SharedAdapters.shared = None


@pytest.fixture
def settings(tmp_path):
    writer = CardEntry(target=f"scripted:{SCRIPT}", retries=0)
    return Settings(data=tmp_path, models={"test.writer-v1": writer})


@pytest.fixture
def services(settings, shared):
    adapters, metadata, ticks = SharedAdapters(settings), MemoryMetadata(), count()
    clock = lambda: MOMENT + timedelta(seconds=next(ticks))  # noqa: E731
    bases = (replace(one, vector_store="memory") for one in (BASE, OTHER))
    held = Bases()
    made = {one.id: one for one in bases}

    async def get(reference):
        return made[(await Bases.get(held, reference)).id]

    held.get = get
    asyncio.run(filled(adapters, made))
    return SmallServices(
        settings=settings,
        metadata=metadata,
        adapters=adapters,
        knowledge_bases=held,
        answers=Answers(metadata, adapters, settings, clock, adapters.models),
        models=adapters.models,
        keys=SmallKeys(),
        tags=TagStore(metadata, clock),
        console=SmallTokens(),
    )


async def filled(adapters, bases):
    store, embedder = adapters.vector_store("memory"), adapters.embedder(BASE.embedding_model)
    for base, documents in ((bases[BASE.id], HANDBOOK), (bases[OTHER.id], PRODUCTS)):
        await store.create(IndexSpec(name=base.index, dimensions=384))
        points = [point for name, document in documents.items() for point in points_of(name, *document)]
        vectors = await embedder.embed([one.chunk.embedded_text() for one in points], "document")
        await store.upsert(
            base.index, [replace(one, vector=vector) for one, vector in zip(points, vectors, strict=True)]
        )


def points_of(name, title, text, metadata):
    """A document of one passage, on its page 3."""
    document = derived_id("document", name)
    chunk = Chunk(
        id=derived_id(document, "0"),
        document_id=document,
        ordinal=0,
        text=text,
        start=10,
        end=10 + len(text),
        tokens=len(text.split()),
        context=title,
        place=Place(first_page=3, last_page=3),
    )
    held = {key: tuple(value) if isinstance(value, list) else value for key, value in metadata.items()}
    yield Point(chunk=chunk, vector=None, uri=f"s3://papers/{name}", data_source_id="SOURCE0001", metadata=held)


@pytest.fixture
def server(services):
    with served(lambda: bedrock_app(services)) as running:
        yield running


@pytest.fixture
def runtime(client):
    return client("bedrock-agent-runtime")


@pytest.fixture
def writes():
    """Says what the language model replies, in order; gives the model, which keeps what it was asked."""
    return lambda *replies: scripted(SCRIPT, *([reply] if isinstance(reply, str) else reply for reply in replies))


@pytest.fixture
def refused():
    """The code and message of the error that a call ends with."""

    def caught(call, **parameters):
        with pytest.raises(ClientError) as raised:
            call(**parameters)
        return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]

    return caught
