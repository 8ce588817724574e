"""An index that is built beside the one that serves, and takes its place."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.core.answers import RetrieveRequest
from outcrop.core.errors import Conflict, IndexMissing, Invalid, Unavailable
from outcrop.core.protocols import every
from outcrop.core.rebuilds import Rebuild, RebuiltDocument
from outcrop.core.records import CUSTOM, Chunking
from outcrop.ingest.direct import DirectDocument
from outcrop.ingest.locks import locked
from outcrop.testing.fakes import TokenHashEmbedder
from outcrop.testing.whole import Whole

LONG = "\n\n".join(f"Paragraph {number} says that pump {number} needs {number} litres of oil." for number in range(30))
BIG = "test:big"


class Watched(MemoryVectorStore):
    """Shows what an index holds after each write, and fails at a given one."""

    fail_at = None
    writes = 0

    async def upsert(self, index, points, *, sweep=()):
        self.writes += 1
        if self.writes == self.fail_at:
            raise Unavailable("The connection was lost.")
        await super().upsert(index, points, sweep=sweep)
        await self.after()

    async def after(self):
        """For a test to look."""


@pytest.fixture
async def watched(tmp_path, make_house):
    house = await make_house(tmp_path, Watched()).open()
    house.adapters.other_embedders = {BIG: TokenHashEmbedder(32)}
    return house


async def records(house):
    found = [one async for one in every(house.metadata, Rebuild, None)]
    return found + [one async for one in every(house.metadata, RebuiltDocument, None)]


async def left(house):
    """What is left of rebuilding: records, and indexes other than the one that serves."""
    return await records(house), [name for name in house.store._indexes if name != await house.index()]


async def vectors(house):
    return {point.chunk.id: point.vector.tolist() for point in await house.points()}


async def test_nothing_of_other_settings_is_searched_before_all_of_it_is_there(watched):
    for number in range(5):
        watched.write(f"{number}.txt", f"Number {number}. {LONG}")
    await watched.sync()
    before, serving = await watched.texts(), await watched.index()
    seen = []

    async def look():
        seen.append((await watched.index() == serving, await watched.texts() == before))

    watched.store.after = look
    await watched.metadata.put(replace(watched.source, chunking=Chunking(max_tokens=40)))
    assert (await watched.sync()).statistics.modified == 5
    assert set(seen) == {(True, True)}
    assert await watched.index() != serving
    assert await watched.texts() != before
    assert await left(watched) == ([], [])
    assert (await watched.verify()).ok


async def test_an_embedding_model_of_other_dimensions_takes_the_place_of_the_old_one(watched):
    watched.write("a.txt", LONG, {"team": "plant"})
    watched.write("b.txt", "FAIL encrypted")
    watched.write("movie.mp4", "x")
    await watched.sync()
    await watched.bases.rebuild(watched.base, BIG)
    job = await watched.sync()
    base = await watched.bases.get(watched.base.id)
    assert (base.embedding_model, base.dimensions) == (BIG, 32)
    assert (job.statistics.modified, job.statistics.failed, job.statistics.ignored) == (1, 1, 1)
    assert {point.vector.shape for point in await watched.points()} == {(32,)}
    assert {point.metadata["team"] for point in await watched.points()} == {"plant"}
    assert await left(watched) == ([], [])
    assert (await watched.verify()).ok
    assert (await watched.sync()).statistics.unchanged == 1


async def test_a_rebuild_with_the_same_model_reads_and_embeds_nothing(watched):
    watched.write("a.txt", LONG)
    watched.write("b.txt", "Valves need none.")
    await watched.sync()
    before, costs = await vectors(watched), (watched.reader.reads, watched.embedder.embedded)
    await watched.bases.rebuild(watched.base)
    spent = watched.embedder.embedded - costs[1]  # the model is asked for its dimensions
    job = await watched.sync()
    assert (watched.reader.reads, watched.embedder.embedded - spent) == costs
    assert job.statistics.unchanged == 2
    assert await vectors(watched) == before
    assert await watched.index() != watched.base.index


async def test_another_precision_embeds_the_same_chunks_without_reading_their_files(watched):
    watched.write("a.txt", LONG, {"year": 2025})
    first = (await watched.sync()).statistics
    watched.write("a.txt", LONG, {"year": 2026})
    watched.settings.embedding_precision = "fp32"
    job = await watched.sync()
    assert (job.statistics.parsed, job.statistics.chunks_embedded) == (0, first.chunks_embedded)
    assert {point.metadata["year"] for point in await watched.points()} == {2026}
    assert (await watched.verify()).ok


@pytest.mark.parametrize("at", range(1, 6))
async def test_a_rebuild_that_breaks_off_leaves_the_old_index_serving_and_goes_on(watched, at):
    other = await watched.bases.add_source(watched.base, name="desk", kind=CUSTOM, configuration={})
    for number in range(4):
        watched.write(f"{number}.txt", f"Number {number}. {LONG}")
    await watched.sync()
    desk = watched.source, other
    watched.source = other
    await watched.put("z.txt", "Doors close at nine.")
    watched.source = desk[0]
    before = await watched.texts()
    await watched.metadata.put(replace(watched.source, chunking=Chunking(max_tokens=40)))
    watched.settings.threads = 1
    watched.store.writes, watched.store.fail_at = 0, at
    job = await watched.sync()
    if job.status == "FAILED":
        assert await watched.texts() == before
        watched.store.fail_at = None
        assert (await watched.sync()).status == "COMPLETE"
    texts = await watched.texts()
    assert texts["z.txt"] == before["z.txt"]
    assert texts["0.txt"] != before["0.txt"]
    assert await left(watched) == ([], [])
    assert (await watched.verify()).ok


async def test_what_was_made_before_a_rebuild_broke_off_is_not_made_again(watched):
    for number in range(4):
        watched.write(f"{number}.txt", f"Number {number}. {LONG}")
    await watched.sync()
    await watched.metadata.put(replace(watched.source, chunking=Chunking(strategy="none")))
    write = watched.store.upsert

    async def last(index, points, *, sweep=()):
        await write(index, points, sweep=sweep)
        raise Unavailable("The connection was lost.")

    watched.store.upsert = last
    assert (await watched.sync()).status == "FAILED"
    watched.store.upsert = write
    made = len([one async for one in every(watched.metadata, RebuiltDocument, None)])
    reads = watched.reader.reads
    await watched.sync()
    assert watched.reader.reads - reads == 4 - made
    assert (await watched.verify()).ok


async def test_a_setting_that_is_put_back_abandons_the_new_index(watched):
    watched.write("a.txt", LONG)
    await watched.sync()
    before = await vectors(watched)
    await watched.metadata.put(replace(watched.source, chunking=Chunking(max_tokens=40)))
    watched.store.writes, watched.store.fail_at = 0, 1
    assert (await watched.sync()).status == "FAILED"
    watched.store.fail_at = None
    await watched.metadata.put(replace(watched.source, chunking=watched.source.chunking))
    assert (await watched.sync()).statistics.unchanged == 1
    assert await vectors(watched) == before
    assert await left(watched) == ([], [])


async def test_a_swap_that_was_interrupted_is_finished_by_the_next_sync(watched):
    watched.write("a.txt", LONG)
    watched.write("b.txt", "Valves need none.")
    await watched.sync()
    watched.remove("b.txt")
    await watched.metadata.put(replace(watched.source, chunking=Chunking(max_tokens=40)))
    drop, watched.store.drop = watched.store.drop, _Broken()
    with pytest.raises(KeyError):
        await watched.sync()
    watched.store.drop = drop
    await watched.sync()
    assert sorted(await watched.documents()) == ["a.txt"]
    assert await left(watched) == ([], [])
    assert (await watched.verify()).ok


class _Broken:
    """Fails when the old index is to go."""

    def __init__(self):
        self.calls = 0

    async def __call__(self, index):
        self.calls += 1
        if self.calls > 1:
            raise KeyError(index)


async def test_what_a_data_source_left_behind_on_purpose_is_embedded_by_the_new_model_too(watched):
    other = await watched.bases.add_source(
        watched.base, name="desk", kind=CUSTOM, configuration={}, deletion_policy="RETAIN"
    )
    watched.write("a.txt", LONG)
    await watched.sync()
    folder, watched.source = watched.source, other
    await watched.put("z.txt", "Doors close at nine.")
    watched.source = folder
    await watched.bases.delete_source(watched.base, other)
    await watched.bases.rebuild(watched.base, BIG)
    await watched.sync()
    (kept,) = [point for point in await watched.points() if point.chunk.text == "Doors close at nine."]
    assert kept.vector.shape == (32,)


async def test_a_document_that_is_handed_over_while_an_index_is_built_is_not_lost(watched):
    other = await watched.bases.add_source(watched.base, name="desk", kind=CUSTOM, configuration={})
    watched.write("a.txt", LONG)
    await watched.sync()
    folder, watched.source = watched.source, other
    await watched.put("y.txt", "Doors open at eight.")
    await watched.bases.rebuild(watched.base, BIG)
    await watched.sync()  # the desk is done, the folder is not
    await watched.put("z.txt", "Doors close at nine.")
    assert "z.txt" in await watched.texts()
    watched.source = folder
    await watched.sync()
    assert await watched.index() == watched.base.index
    watched.source = other
    await watched.sync()
    assert await watched.index() != watched.base.index
    assert {"y.txt", "z.txt", "a.txt"} == set(await watched.texts())
    assert (await watched.verify()).ok


async def test_documents_that_cannot_be_reached_come_along_as_they_are(watched):
    watched.write("a.txt", LONG)
    await watched.sync()
    before = await watched.texts()
    await watched.bases.rebuild(watched.base, BIG)

    class Unreachable:
        def __init__(self, real):
            self.real = real

        def list(self, since):
            return self.real.list(since)

        async def fetch(self, item):
            raise PermissionError(13, "Permission denied")

    real = watched.adapters.source
    watched.adapters.source = lambda source: Unreachable(real(source))
    job = await watched.sync()
    assert (job.status, job.statistics.failed) == ("COMPLETE", 1)
    assert await watched.texts() == before
    assert {point.vector.shape for point in await watched.points()} == {(32,)}
    watched.adapters.source = real
    assert (await watched.sync()).statistics.modified == 1
    assert (await watched.verify()).ok


async def test_only_one_index_is_built_at_a_time(watched):
    watched.write("a.txt", LONG)
    await watched.sync()
    await watched.bases.rebuild(watched.base, BIG)
    with pytest.raises(Conflict, match="rebuil"):
        await watched.bases.rebuild(watched.base)
    with pytest.raises(Invalid):
        await watched.bases.create("other", embedding_model=BIG, dimensions=3)


async def test_a_knowledge_base_that_is_deleted_leaves_nothing_of_a_new_index(watched):
    watched.write("a.txt", LONG)
    await watched.sync()
    await watched.bases.rebuild(watched.base, BIG)
    watched.store.writes, watched.store.fail_at = 0, 1
    await watched.sync()
    await watched.bases.delete(watched.base.id)
    assert watched.store._indexes == {}
    assert await records(watched) == []


async def test_a_knowledge_base_without_data_sources_is_rebuilt_at_once(watched):
    await watched.bases.delete_source(watched.base, watched.source)
    await watched.bases.rebuild(watched.base, BIG)
    base = await watched.bases.get(watched.base.id)
    assert (base.dimensions, base.embedding_model) == (32, BIG)
    with pytest.raises(IndexMissing):
        await watched.store.count(watched.base.index)


async def test_another_sync_of_the_knowledge_base_is_waited_for_before_the_swap(watched):
    other = await watched.bases.add_source(watched.base, name="desk", kind=CUSTOM, configuration={})
    watched.write("a.txt", LONG)
    await watched.sync()
    await watched.metadata.put(replace(watched.source, chunking=Chunking(max_tokens=40)))
    with locked(watched.settings.data, other):
        running = asyncio.create_task(watched.sync())
        while not running.done() and not any(  # noqa: ASYNC110 # nobody tells when the last document is done
            [one.done async for one in every(watched.metadata, Rebuild, None)]
        ):
            await asyncio.sleep(0)  # only lets the sync go on
        assert not running.done()
        assert await watched.index() == watched.base.index
    assert (await running).status == "COMPLETE"
    assert await watched.index() != watched.base.index


async def test_a_question_that_is_being_answered_as_the_index_is_replaced_goes_to_the_new_one(tmp_path):
    services = Whole(tmp_path / "data").services()
    base = await services.knowledge_bases.create("handbook")
    source = await services.knowledge_bases.add_source(base, name="desk", kind=CUSTOM, configuration={})
    await services.direct.put(base, source, DirectDocument(uri="a.txt", data="Pumps need oil."))
    await services.knowledge_bases.rebuild(base)
    await services.syncs.run(base, source)
    (hit,) = (await services.answers.retrieve(base, RetrieveRequest(question="oil"))).hits  # as it was read before
    assert hit.chunk.text == "Pumps need oil."
    await services.direct.close()
