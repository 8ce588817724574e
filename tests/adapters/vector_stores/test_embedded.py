"""What is particular to the embedded store: its files, several processes, merging, exactness at size."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3

import numpy as np
import pytest

from outcrop.adapters.vector_stores.embedded import EmbeddedVectorStore, keywords, segments, snapshots
from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.core.chunks import DOCUMENT_ID, IndexSpec, Search
from outcrop.core.errors import Conflict, IndexBroken, IndexMissing
from outcrop.core.filters import equals
from outcrop.testing.crashes import INDEX, version_of, write_until_killed
from outcrop.testing.points import DIMENSIONS, ids, point, same_hits, unit
from outcrop.testing.vector_stores import scanned

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["outcrop.testing.crashes"])


@pytest.fixture
async def store(tmp_path):
    store = EmbeddedVectorStore(tmp_path, wait_seconds=0.2)
    await store.create(IndexSpec(name="i", dimensions=DIMENSIONS))
    yield store
    await store.close()


@pytest.fixture
def merging_often(monkeypatch):
    monkeypatch.setattr(snapshots, "MAX_SMALL", 2)


async def test_what_was_put_is_there_when_it_is_opened_again(tmp_path, store):
    await store.upsert("i", [point("a", "some words")])
    await store.close()
    again = EmbeddedVectorStore(tmp_path)
    assert ids(await again.search("i", Search(text="words", vector=unit(1)))) == ["a"]
    await again.close()


async def test_another_store_on_the_folder_sees_each_change_at_once(tmp_path, store):
    reader = EmbeddedVectorStore(tmp_path)
    for version in ("old", "new", "newest"):
        await store.upsert("i", [point(f"{version}-id", f"{version} words", document="d")], sweep=["d"])
        hits = await reader.search("i", Search(text="words", vector=unit(1)))
        assert [hit.chunk.text for hit in hits] == [f"{version} words"]
    assert await reader.delete("i", equals(DOCUMENT_ID, "d")) == 1
    assert not await store.search("i", Search(text="words", vector=unit(1)))
    await reader.close()


@pytest.mark.parametrize("every", [1, 2, 3, 5])
async def test_a_store_that_looks_now_and_then_follows_merges(tmp_path, store, merging_often, every):
    reader = EmbeddedVectorStore(tmp_path)
    for number in range(20):
        await store.upsert("i", [point(f"c{number % 7}", f"word{number}")])
        if number % every == 0:
            assert ids(await reader.search("i", Search(text=f"word{number}", mode="keyword"))) == [f"c{number % 7}"]
            wanted = {f"c{n}" for n in range(min(number + 1, 7))}
            assert set(ids(await reader.search("i", Search(vector=unit(1), mode="semantic")))) == wanted
    await reader.close()


async def test_another_process_writes_while_this_one_reads(tmp_path, store):
    receiver, sender = processes.Pipe(duplex=False)
    writer = processes.Process(target=write_until_killed, args=(tmp_path, 7, 0, sender))
    writer.start()
    sender.close()
    newest = {}
    while len(newest) < 3:
        state, document, version = receiver.recv()
        if state == "done":
            newest[document] = version
            query = Search(text=f"document{document}", mode="keyword", limit=100)
            texts = [hit.chunk.text for hit in await store.search(INDEX, query)]
            seen = {int(text.split("version")[1].split()[0]) for text in texts}
            assert len(seen) == 1
            assert seen.pop() >= version
    writer.kill()
    writer.join()
    receiver.close()
    writer.close()


async def test_an_index_that_another_process_made_anew_is_opened_anew(tmp_path, store):
    await store.upsert("i", [point("a")])
    other = EmbeddedVectorStore(tmp_path)
    await other.drop("i")
    with pytest.raises(IndexMissing):
        await store.count("i")
    await other.create(IndexSpec(name="i", dimensions=3))
    assert await store.count("i") == 0
    await other.close()


async def test_a_writer_gives_up_when_another_takes_too_long(tmp_path, store):
    await store.upsert("i", [point("a")])
    holder = sqlite3.connect(tmp_path / "i" / "points.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Conflict, match="writing to i"):
        await store.upsert("i", [point("b")])
    assert ids(await store.search("i", Search(vector=unit(1), mode="semantic"))) == ["a"]
    holder.close()
    await store.upsert("i", [point("b")])
    assert await store.count("i") == 2


async def test_searches_in_many_tasks_while_documents_change(store, merging_often):
    async def write():
        for version in range(20):
            await store.upsert("i", version_of(0, version) + version_of(1, version), sweep=["d0", "d1"])

    async def read():
        for _ in range(20):
            hits = await store.search("i", Search(text="document0", vector=unit(1), limit=50))
            assert len({hit.point.metadata["version"] for hit in hits}) <= 1

    await asyncio.gather(write(), *(read() for _ in range(4)))


async def test_merging_keeps_few_segments_and_forgets_what_was_removed(tmp_path, store, merging_often):
    for round_ in range(3):
        for number in range(30):
            await store.upsert("i", [point(f"c{number}", f"word{number} round{round_}")])
    connection = sqlite3.connect(tmp_path / "i" / "points.db")
    rows, count = connection.execute("SELECT sum(rows), count(*) FROM segments").fetchone()
    connection.close()
    assert count < 12
    assert rows < 90
    assert len(list((tmp_path / "i").glob("*.segment"))) <= count
    assert await store.check("i") == []
    assert ids(await store.search("i", Search(text="word7", mode="keyword"))) == ["c7"]
    assert not await store.search("i", Search(text="round0", mode="keyword"))


async def damaged(store, tmp_path, damage):
    """An index whose only segment file was changed; that file."""
    await store.upsert("i", [point(f"c{i}", f"word{i}", vector=unit(1, i)) for i in range(1100)])
    await store.close()
    (path,) = (tmp_path / "i").glob("*.segment")
    damage(path)
    return path


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def emptied(path):
    path.write_bytes(b"")


def removed(path):
    path.unlink()


@pytest.mark.parametrize("damage", [cut, emptied, removed])
async def test_a_damaged_segment_is_named_and_made_anew(tmp_path, store, damage):
    path = await damaged(store, tmp_path, damage)
    again = EmbeddedVectorStore(tmp_path)
    with pytest.raises(IndexBroken, match=path.name):
        await again.search("i", Search(vector=unit(1), mode="semantic"))
    assert path.name in (await again.check("i"))[0]
    await again.rebuild("i")
    assert await again.check("i") == []
    assert ids(await again.search("i", Search(text="word17", vector=unit(1, 17), limit=1))) == ["c17"]
    await again.close()


def one_bit_changed(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


async def test_a_bit_that_changed_is_found_by_a_check(tmp_path, store):
    path = await damaged(store, tmp_path, one_bit_changed)
    again = EmbeddedVectorStore(tmp_path)
    assert path.name in (await again.check("i"))[0]
    await again.close()


async def test_a_check_finds_rows_that_only_one_side_has(tmp_path, store):
    await store.upsert("i", [point("a"), point("b", vector=unit(0, 1))])
    connection = sqlite3.connect(tmp_path / "i" / "points.db")
    connection.execute("DELETE FROM points WHERE chunk = 'a'")
    connection.execute("UPDATE vectors SET vector = ? WHERE row = 2", (unit(0, 0, 1).tobytes(),))
    connection.commit()
    connection.close()
    missing, changed = await store.check("i")
    assert "1 chunks in the search columns that are not in the database" in missing
    assert "vectors" in changed


async def test_a_database_that_is_none_is_named(tmp_path, store):
    await store.close()
    for path in (tmp_path / "i").iterdir():
        path.write_bytes(b"not a database" * 100)
    again = EmbeddedVectorStore(tmp_path)
    with pytest.raises(IndexBroken, match=r"points\.db"):
        await again.count("i")
    assert "points.db" in (await again.check("i"))[0]
    await again.close()


def zipf_texts(random, count):
    words = np.array([f"w{i}" for i in range(400)])
    share = 1 / np.arange(1, 401)
    chosen = random.choice(words, (count, 30), p=share / share.sum())
    return [" ".join(row[: random.integers(5, 30)]) for row in chosen]


async def test_skipping_common_words_changes_no_score(store, monkeypatch):
    monkeypatch.setattr(keywords, "_SHORT", 20)
    monkeypatch.setattr(snapshots, "MAX_SMALL_ROWS", 500)
    random, reference = np.random.default_rng(5), MemoryVectorStore()
    await reference.create(IndexSpec(name="i", dimensions=DIMENSIONS))
    texts = zipf_texts(random, 1500)
    every = [point(f"{i:05}", text, metadata={"third": i % 3}) for i, text in enumerate(texts)]
    for one in (store, reference):
        await one.upsert("i", every[:1000])
        await one.upsert("i", every[1000:])
        await one.delete("i", equals("third", 1))
    for query_text in zipf_texts(random, 8):
        for where in (None, equals("third", 2)):
            query = Search(text=query_text, mode="keyword", limit=7, where=where)
            same_hits(await store.search("i", query), await reference.search("i", query))


async def test_codes_find_the_nearest_of_many(tmp_path):
    random = np.random.default_rng(3)
    centres = random.normal(size=(60, 64))
    vectors = centres[random.integers(0, 60, 6000)] + 0.7 * random.normal(size=(6000, 64))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    store = EmbeddedVectorStore(tmp_path)
    await store.create(IndexSpec(name="i", dimensions=64))
    await store.upsert("i", [point(str(i), "", vector=vector) for i, vector in enumerate(vectors)])
    found = 0
    for query in vectors[:50]:
        exact = {str(i) for i in np.argsort(-(vectors @ query))[:10]}
        found += len(exact & set(ids(await store.search("i", Search(vector=query, mode="semantic")))))
    assert found >= 0.99 * 500
    await store.close()


def test_a_segment_is_the_same_after_writing_and_reading(tmp_path):
    made = segments.build([point("a", "x y y", vector=unit(1, 2)), point("b", "", vector=unit(3))], DIMENSIONS)
    segments.write(made, tmp_path / "s")
    read = segments.read(tmp_path / "s", checked=True)
    for column in segments.fields(segments.Segment):
        assert np.array_equal(getattr(made, column.name), getattr(read, column.name))


async def test_a_scan_goes_on_while_points_are_removed(store):
    await store.upsert("i", [point(f"c{i}") for i in range(1200)])
    seen = []
    async for batch in store.scan("i"):
        seen += [one.chunk.id for one in batch]
        await store.delete("i", equals(DOCUMENT_ID, "doc"))
    assert len(seen) == 500
    assert await scanned(store, "i") == {}
