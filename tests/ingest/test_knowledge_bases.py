"""Knowledge bases: names, dimensions, finding, deleting."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.core.chunks import Search
from outcrop.core.errors import Conflict, IndexMissing, Invalid, NotFound, Unavailable
from outcrop.core.protocols import every
from outcrop.core.records import Chunking, DataSource, Document, IngestionJob, KnowledgeBase, Session
from outcrop.ingest.locks import lock_file, locked

EVERYTHING = (KnowledgeBase, DataSource, Document, IngestionJob, Session)


async def records(house) -> list[str]:
    return [type(one).__name__ for kind in EVERYTHING async for one in every(house.metadata, kind, None)]


async def test_a_new_knowledge_base_has_an_index_of_the_models_dimensions(house):
    assert (house.base.status, house.base.dimensions) == ("ACTIVE", 16)
    query = Search(text="", vector=np.ones(16, np.float32) / 4, mode="semantic")
    assert await house.store.search(house.base.index, query) == []


async def test_it_is_found_by_name_and_by_id(house):
    assert await house.bases.get("handbook") == await house.bases.get(house.base.id)
    with pytest.raises(NotFound, match="outcrop kb list"):
        await house.bases.get("nothing")


@pytest.mark.parametrize("name", ["", "-a", "a--b", "a\n", "ü", "a/b", "x" * 101, "a b "])
async def test_names_follow_bedrocks_rule(house, name):
    with pytest.raises(Invalid, match="named"):
        await house.bases.create(name)


async def test_a_name_is_given_once(house):
    with pytest.raises(Conflict, match="handbook"):
        await house.bases.create("handbook")
    assert len(await house.bases.list()) == 1


async def test_a_store_that_cannot_make_the_index_leaves_no_record(tmp_path, make_house):
    class Broken(MemoryVectorStore):
        async def create(self, index):
            raise Unavailable("The store is down.")

    house = make_house(tmp_path, Broken())
    with pytest.raises(Unavailable):
        await house.bases.create("handbook")
    assert await house.bases.list() == []


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"configuration": {"path": "relative"}}, {"configuration": {"path": "/x", "colour": 1}}]
)
async def test_a_data_source_that_says_nothing_sensible_is_refused(house, wrong):
    given = {"name": "docs", "kind": "folder", "configuration": {"path": "/x"}, "chunking": Chunking()}
    with pytest.raises(Invalid):
        await house.bases.add_source(house.base, **{**given, **wrong})


async def test_documents_are_found_by_id_address_and_name(house):
    house.write("deep/a.txt", "Pumps need oil.")
    house.write("b.txt", "FAIL corrupt")
    await house.sync()
    document = await house.bases.document(house.base, "deep/a.txt")
    assert await house.bases.document(house.base, document.id) == document
    assert await house.bases.document(house.base, document.uri) == document
    with pytest.raises(NotFound, match=r"a\.txt"):
        await house.bases.document(house.base, "a.txt")
    assert [one.name async for one in house.bases.documents(house.base, "FAILED")] == ["b.txt"]
    assert len([one async for one in house.bases.documents(house.base)]) == 2


async def test_a_name_that_two_sources_have_must_be_told_apart(house, tmp_path):
    house.write("a.txt", "Pumps need oil.")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text("Valves need none.")
    path = {"path": str(tmp_path / "other")}
    other = await house.bases.add_source(house.base, name="o", kind="folder", configuration=path, chunking=Chunking())
    await house.sync()
    await house.syncs.run(house.base, other)
    with pytest.raises(Conflict, match="id"):
        await house.bases.document(house.base, "a.txt")


async def test_chunks_come_in_order_with_their_parents(house):
    chunking = Chunking(strategy="hierarchical", parent_max_tokens=60, child_max_tokens=15, overlap_tokens=0)
    await house.metadata.put(await house.metadata.get(DataSource, house.source.id))
    source = await house.bases.add_source(
        house.base, name="h", kind="folder", configuration={"path": str(house.folder)}, chunking=chunking
    )
    house.write("a.txt", " ".join(f"Pump {number} needs oil." for number in range(50)))
    await house.syncs.run(house.base, source)
    points = await house.bases.chunks(house.base, await house.bases.document(house.base, "a.txt"))
    assert [point.chunk.ordinal for point in points] == list(range(len(points)))
    assert {point.chunk.searchable for point in points} == {True, False}
    assert all((point.vector is None) is not point.chunk.searchable for point in points)


async def full(house):
    house.write("a.txt", "Pumps need oil.")
    await house.sync()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    session = Session(id="s", created_at=now, updated_at=now, knowledge_base_id=house.base.id, owner="local")
    await house.metadata.put(session)


async def test_a_deleted_knowledge_base_leaves_nothing(house):
    await full(house)
    await house.bases.delete("handbook")
    assert await records(house) == []
    with pytest.raises(IndexMissing):
        await house.store.count(house.base.index)
    assert not lock_file(house.settings.data, house.source.id).exists()
    assert (house.folder / "a.txt").exists()
    await house.bases.create("handbook")


async def test_one_that_is_being_synced_is_not_deleted(house):
    await full(house)
    with locked(house.settings.data, house.source), pytest.raises(Conflict):
        await house.bases.delete("handbook")
    assert (await house.bases.get("handbook")).status == "ACTIVE"
    assert (await house.sync()).status == "COMPLETE"


async def test_a_deletion_that_was_cut_off_is_seen_and_goes_on(tmp_path, make_house):
    class Stubborn(MemoryVectorStore):
        cut = True

        async def drop(self, index):
            if self.cut:
                raise Unavailable("The store is down.")
            await super().drop(index)

    store = Stubborn()
    house = await make_house(tmp_path, store).open()
    await full(house)
    with pytest.raises(Unavailable):
        await house.bases.delete("handbook")
    base = await house.bases.get("handbook")
    assert base.status == "DELETE_UNSUCCESSFUL"
    assert "The store is down." in base.failure_reasons[0]
    with pytest.raises(Conflict, match="DELETE_UNSUCCESSFUL"):
        await house.sync()
    with pytest.raises(Conflict, match="delete it first"):
        await house.bases.create("handbook")
    store.cut = False
    await house.bases.delete("handbook")
    assert await records(house) == []


@pytest.mark.parametrize(("policy", "left"), [("DELETE", 0), ("RETAIN", 1)])
async def test_a_deleted_data_source_takes_its_points_along_unless_they_are_retained(house, policy, left):
    from dataclasses import replace

    await full(house)
    await house.metadata.put(replace(house.source, deletion_policy=policy))
    await house.bases.delete_source(house.base, house.source)
    assert await records(house) == ["KnowledgeBase", "Session"]
    assert len(await house.points()) == left
    verification = await house.verify()
    assert (verification.ok, verification.retained) == (True, left)
