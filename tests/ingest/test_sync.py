"""The sync: what it does to the index, the records and the job."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace

import numpy as np
import pytest

from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.core.chunks import DOCUMENT_ID, Search
from outcrop.core.errors import Conflict, Invalid, Unavailable, Unreadable
from outcrop.core.filters import equals
from outcrop.core.protocols import Item, every
from outcrop.core.records import Chunking, DataSource, IngestionJob
from outcrop.ingest.locks import locked
from outcrop.testing.fakes import TokenHashEmbedder

LONG = "\n\n".join(f"Paragraph {number} says that pump {number} needs {number} litres of oil." for number in range(30))


async def test_a_first_sync_makes_every_document_searchable(house):
    house.write("a.txt", "Pumps need oil.")
    house.write("deep/b.md", "Valves need none.")
    job = await house.sync()
    assert (job.status, job.statistics.indexed, job.statistics.scanned) == ("COMPLETE", 2, 2)
    assert await house.texts() == {"a.txt": ["Pumps need oil."], "deep/b.md": ["Valves need none."]}
    query = Search(text="oil", mode="keyword")
    hits = await house.store.search(house.base.index, query)
    assert [hit.point.uri for hit in hits] == [(house.folder / "a.txt").as_uri()]
    assert {one.status for one in (await house.documents()).values()} == {"INDEXED"}
    assert (await house.verify()).ok


async def test_what_is_unchanged_is_neither_read_nor_embedded_again(house):
    house.write("a.txt", LONG, {"team": "plant"})
    house.write("b.txt", "FAIL encrypted")
    await house.sync()
    reads, embedded = house.reader.reads, house.embedder.embedded
    before = await house.points()
    job = await house.sync()
    assert (house.reader.reads, house.embedder.embedded) == (reads, embedded)
    assert (job.statistics.unchanged, job.statistics.failed, job.statistics.parsed) == (1, 1, 0)
    assert await house.points() == before


async def test_a_changed_document_embeds_only_the_chunks_that_are_new(house):
    house.write("a.txt", LONG)
    first = (await house.sync()).statistics
    house.write("a.txt", LONG.replace("Paragraph 7 says", "Paragraph 7 denies"))
    job = await house.sync()
    assert job.statistics.modified == 1
    assert 1 <= job.statistics.chunks_embedded <= 3
    assert job.statistics.chunks_embedded + job.statistics.chunks_reused == first.chunks_embedded
    text = " ".join((await house.texts())["a.txt"])
    assert "Paragraph 7 denies" in text
    assert "Paragraph 7 says" not in text


async def test_a_deleted_document_leaves_nothing_behind(house):
    house.write("a.txt", "Pumps need oil.")
    house.write("b.txt", "Valves need none.")
    await house.sync()
    house.remove("a.txt")
    job = await house.sync()
    assert (job.statistics.deleted, job.statistics.unchanged) == (1, 1)
    assert list(await house.texts()) == list(await house.documents()) == ["b.txt"]


async def test_a_renamed_document_is_found_under_its_new_name_only(house):
    house.write("a.txt", "Pumps need oil.")
    await house.sync()
    (house.folder / "a.txt").rename(house.folder / "c.txt")
    job = await house.sync()
    assert (job.statistics.indexed, job.statistics.deleted) == (1, 1)
    assert await house.texts() == {"c.txt": ["Pumps need oil."]}


async def test_new_metadata_reaches_the_index_without_reading_or_embedding(house):
    house.write("a.txt", LONG, {"team": "plant", "year": 2025})
    await house.sync()
    vectors = {point.chunk.id: point.vector for point in await house.points()}
    reads, embedded = house.reader.reads, house.embedder.embedded
    house.write("a.txt", LONG, {"team": "plant", "year": 2026})
    job = await house.sync()
    assert (house.reader.reads, house.embedder.embedded) == (reads, embedded)
    assert (job.statistics.metadata_modified, job.statistics.modified) == (1, 0)
    assert {point.metadata["year"] for point in await house.points()} == {2026}
    assert all(np.array_equal(vectors[point.chunk.id], point.vector) for point in await house.points())
    assert (await house.sync()).statistics.unchanged == 1


async def test_metadata_that_is_embedded_is_part_of_the_text_that_is_searched(house):
    attribute = {"value": {"type": "STRING", "stringValue": "Skarnholt"}, "includeForEmbedding": True}
    house.write("a.txt", LONG, {"maker": attribute})
    await house.sync()
    hits = await house.store.search(house.base.index, Search(text="Skarnholt", mode="keyword"))
    assert hits
    assert "Skarnholt" not in hits[0].chunk.text
    embedded = house.embedder.embedded
    attribute["value"]["stringValue"] = "Steinmoor"
    house.write("a.txt", LONG, {"maker": attribute})
    assert (await house.sync()).statistics.modified == 1
    assert house.embedder.embedded > embedded
    assert not await house.store.search(house.base.index, Search(text="Skarnholt", mode="keyword"))


@pytest.mark.parametrize("change", ["chunking", "parser", "precision"])
async def test_other_settings_make_every_document_anew(house, change):
    house.write("a.txt", LONG)
    first = (await house.sync()).statistics
    if change == "chunking":
        await house.metadata.put(replace(house.source, chunking=Chunking(strategy="none")))
    elif change == "parser":
        house.reader.parser_version = "plain/2"
    else:
        house.settings.embedding_precision = "fp32"
    job = await house.sync()
    assert (job.statistics.modified, job.statistics.parsed) == (1, 1)
    if change == "precision":  # the same chunks, but their vectors are of another kind
        assert job.statistics.chunks_embedded == first.chunks_embedded
    if change == "parser":  # the same chunks and the same vectors
        assert job.statistics.chunks_reused == first.chunks_embedded
    assert (await house.verify()).ok


async def test_a_document_that_cannot_be_read_has_a_reason_and_stops_nobody(house):
    house.write("a.txt", "FAIL encrypted")
    house.write("b.txt", "BUG")
    house.write("c.txt", " \n ")
    house.write("d.txt", "Pumps need oil.")
    job = await house.sync()
    documents = await house.documents()
    assert (job.status, job.statistics.failed, job.statistics.indexed) == ("COMPLETE", 3, 1)
    assert {name: one.reason_code for name, one in documents.items()} == {
        "a.txt": "encrypted", "b.txt": "crashed", "c.txt": "no_text", "d.txt": None,
    }  # fmt: skip
    assert "RuntimeError" in documents["b.txt"].reason
    assert any(line.startswith("a.txt: ") for line in job.failure_reasons)
    assert (await house.verify()).ok


async def test_a_document_that_fails_now_no_longer_serves_its_old_text(house):
    house.write("a.txt", "Pumps need oil.")
    await house.sync()
    house.write("a.txt", "FAIL corrupt")
    await house.sync()
    assert await house.points() == []
    document = (await house.documents())["a.txt"]
    assert (document.status, document.chunks) == ("FAILED", 0)
    house.write("a.txt", "Pumps need oil.")
    assert (await house.sync()).statistics.indexed == 1
    assert await house.texts() == {"a.txt": ["Pumps need oil."]}


@pytest.mark.parametrize(
    ("reason", "again"), [("timeout", 1), ("crashed", 1), ("missing_dependency", 1), ("corrupt", 0), ("no_text", 0)]
)
async def test_only_what_may_have_passed_is_tried_again(house, reason, again):
    house.write("a.txt", f"FAIL {reason}")
    await house.sync()
    job = await house.sync()
    assert (job.statistics.parsed, job.statistics.failed) == (again, 1)


async def test_a_bad_metadata_file_fails_its_document_with_the_reason(house):
    house.write("a.txt", "Pumps need oil.")
    (house.folder / "a.txt.metadata.json").write_text("{")
    job = await house.sync()
    document = (await house.documents())["a.txt"]
    assert (job.status, document.status, document.reason_code) == ("COMPLETE", "FAILED", "corrupt")
    assert "a.txt.metadata.json" in document.reason


async def test_a_document_that_cannot_be_reached_stays_as_it_was(house):
    house.write("a.txt", "Pumps need oil.")
    house.write("deep/b.txt", "Valves need none.")
    await house.sync()
    before = await house.points()
    house.adapters.source = lambda source: _Unlistable(house)
    job = await house.sync()
    assert (job.status, job.statistics.failed, job.statistics.deleted) == ("COMPLETE", 2, 0)
    assert await house.points() == before
    assert any("stays" in line for line in job.failure_reasons)


class _Unlistable:
    """A source whose one file cannot be fetched and whose one folder cannot be listed."""

    def __init__(self, house):
        self.house = house

    async def list(self, since):
        yield Item(uri=(self.house.folder / "a.txt").as_uri(), name="a.txt")
        fault = Unreadable("unreachable", "The folder cannot be read. It stays.")
        yield Item(uri=(self.house.folder / "deep").as_uri() + "/", name="deep/", fault=fault, unlisted=True)

    async def fetch(self, item):
        raise Unreadable("unreachable", "The file cannot be opened.")


async def test_a_blank_page_takes_nothing_from_a_document(house):
    house.write("a.txt", "First page.\f\fThird page.")
    await house.sync()
    assert (await house.documents())["a.txt"].status == "INDEXED"


async def test_pages_that_could_not_be_read_make_a_document_partially_indexed(house):
    house.write("a.txt", "First page.\f  \fThird page.")
    await house.sync()
    document = (await house.documents())["a.txt"]
    assert (document.status, document.reason) == ("PARTIALLY_INDEXED", "1 of 3 pages gave no text: 2.")
    assert document.coverage.empty_pages == 1
    assert (await house.sync()).statistics.unchanged == 1


async def test_files_that_are_no_documents_are_ignored_by_name(house):
    house.write("a.txt", "Pumps need oil.")
    house.write("movie.mp4", "x")
    assert (await house.sync()).statistics.ignored == 1
    assert (await house.documents())["movie.mp4"].status == "IGNORED"
    assert (await house.sync()).statistics.ignored == 1
    assert house.reader.reads == 1


async def test_a_folder_that_is_gone_fails_the_job_and_empties_nothing(house):
    house.write("a.txt", "Pumps need oil.")
    await house.sync()
    shutil.move(house.folder, house.folder.with_name("away"))
    job = await house.sync()
    assert job.status == "FAILED"
    assert str(house.folder) in job.failure_reasons[0]
    assert await house.texts() == {"a.txt": ["Pumps need oil."]}


async def test_a_folder_that_is_suddenly_empty_may_be_an_unmounted_drive(house):
    house.write("a.txt", "Pumps need oil.")
    await house.sync()
    house.remove("a.txt")
    job = await house.sync()
    assert job.status == "FAILED"
    assert "--allow-empty" in job.failure_reasons[0]
    assert await house.texts() == {"a.txt": ["Pumps need oil."]}
    assert (await house.sync(allow_empty=True)).statistics.deleted == 1
    assert await house.points() == []


async def test_one_sync_of_a_data_source_at_a_time(house):
    with locked(house.settings.data, house.source), pytest.raises(Conflict, match="being synced"):
        await house.sync()
    assert (await house.sync()).status == "COMPLETE"


async def test_a_job_whose_process_died_is_finished_by_the_next_sync(house):
    house.write("a.txt", "Pumps need oil.")
    job = await house.sync()
    await house.metadata.put(replace(job, status="IN_PROGRESS", finished_at=None, slot=house.source.id))
    await house.sync()
    jobs = [one async for one in every(house.metadata, IngestionJob, None)]
    assert [(one.status, one.resumed, one.slot) for one in jobs] == [("COMPLETE", 1, None), ("COMPLETE", 0, None)]


class _Cut(MemoryVectorStore):
    """Loses its connection just after it has done what it was asked."""

    cut = False

    async def upsert(self, index, points, *, sweep=()):
        await super().upsert(index, points, sweep=sweep)
        if self.cut:
            raise Unavailable("The connection was lost.")


async def test_what_a_broken_sync_published_does_not_pass_for_what_is_recorded(tmp_path, make_house):
    store = _Cut()
    house = await make_house(tmp_path, store).open()
    house.write("a.txt", "Pumps need oil.")
    await house.sync()
    house.write("a.txt", "Pumps need air.")
    store.cut = True
    assert (await house.sync()).status == "FAILED"
    assert await house.texts() == {"a.txt": ["Pumps need air."]}
    store.cut = False
    house.write("a.txt", "Pumps need oil.")  # as it was recorded: nothing but the index tells that it is not there
    await house.sync()
    assert await house.texts() == {"a.txt": ["Pumps need oil."]}


async def test_points_that_were_lost_come_back_and_orphans_go(house):
    house.write("a.txt", LONG)
    house.write("b.txt", "Valves need none.")
    await house.sync()
    before = sorted(point.chunk.id for point in await house.points())
    ids = {name: one.id for name, one in (await house.documents()).items()}
    stray = replace((await house.points())[0].chunk, id="stray", document_id="nobody")
    await house.store.delete(house.base.index, equals(DOCUMENT_ID, ids["b.txt"]))
    await house.store.upsert(house.base.index, [replace((await house.points())[0], chunk=stray)])
    assert {problem.kind for problem in (await house.verify()).problems} == {"points", "orphan"}
    await house.sync(check=True)
    assert sorted(point.chunk.id for point in await house.points()) == before
    assert (await house.verify()).ok


async def test_an_index_that_is_gone_is_made_again(house):
    house.write("a.txt", LONG)
    await house.sync()
    before = await house.texts()
    await house.store.drop(house.base.index)
    assert [problem.kind for problem in (await house.verify()).problems] == ["index", "points"]
    await house.sync()
    assert await house.texts() == before


async def test_a_large_document_is_written_in_parts_and_swept_when_it_shrinks(house):
    words = [
        f"Item {number} of the list stands in a sentence of its own, which is long enough." for number in range(700)
    ]
    house.write("a.txt", "\n\n".join(words))
    await house.sync()
    assert len(await house.points()) > 600
    assert (await house.verify()).ok
    house.write("a.txt", "\n\n".join(words[100:500]))
    job = await house.sync()
    assert job.statistics.chunks_reused > 0
    text = " ".join((await house.texts())["a.txt"])
    assert "Item 99 " not in text
    assert "Item 500 " not in text
    assert (await house.verify()).ok


class _Choosy(TokenHashEmbedder):
    """Refuses a word as a provider may, and can be out of order."""

    down = False

    async def embed(self, texts, purpose):
        if self.down:
            raise Unavailable("The model does not answer.")
        if any("forbidden" in text for text in texts):
            raise Invalid("This text is not allowed.")
        return await super().embed(texts, purpose)


async def test_a_text_that_the_model_refuses_fails_its_document_alone(house):
    house.adapters.given_embedder = _Choosy(16)
    house.write("a.txt", "Pumps need oil.")
    house.write("b.txt", "A forbidden word.")
    house.write("c.txt", LONG * 20 + "\n\nforbidden")
    job = await house.sync()
    assert (job.status, job.statistics.indexed, job.statistics.failed) == ("COMPLETE", 1, 2)
    assert list(await house.texts()) == ["a.txt"]
    assert "not allowed" in (await house.documents())["b.txt"].reason
    assert (await house.verify()).ok


async def test_a_model_that_is_down_fails_the_job_and_no_document(house):
    embedder = house.adapters.given_embedder = _Choosy(16)
    house.write("a.txt", "Pumps need oil.")
    embedder.down = True
    job = await house.sync()
    assert (job.status, job.failure_reasons) == ("FAILED", ("The model does not answer.",))
    assert await house.documents() == {}
    embedder.down = False
    assert (await house.sync()).statistics.indexed == 1


class _Gate(TokenHashEmbedder):
    """Waits in the middle of a sync until the test lets it go on."""

    def __init__(self):
        super().__init__(16)
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    async def embed(self, texts, purpose):
        self.reached.set()
        await self.open.wait()
        return await super().embed(texts, purpose)


async def test_a_cancelled_sync_is_stopped_and_the_next_finishes_it(house):
    house.write("a.txt", "Pumps need oil.")
    gate = house.adapters.given_embedder = _Gate()
    task = asyncio.create_task(house.sync())
    await gate.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    jobs = [one async for one in every(house.metadata, IngestionJob, None)]
    assert [one.status for one in jobs] == ["STOPPED"]
    gate.open.set()
    assert (await house.sync()).statistics.indexed == 1


async def test_a_running_job_can_be_asked_to_stop(house):
    house.syncs.heartbeat = 0.01
    house.write("a.txt", "Pumps need oil.")
    gate = house.adapters.given_embedder = _Gate()
    task = asyncio.create_task(house.sync())
    await gate.reached.wait()
    (job,) = [one async for one in every(house.metadata, IngestionJob, None)]
    while True:
        try:
            await house.syncs.stop(job.id)
            break
        except Conflict:  # the heartbeat was faster
            continue
    assert (await task).status == "STOPPED"
    with pytest.raises(Conflict, match="STOPPED"):
        await house.syncs.stop(job.id)


async def test_progress_ends_with_everything_done(house):
    for number in range(20):
        house.write(f"{number}.txt", f"Pump {number} needs oil.")
    shown = []
    await house.sync(shown.append)
    assert (shown[-1].found, shown[-1].done, shown[-1].chunks) == (20, 20, 20)
    assert all(one.done <= one.found for one in shown)


async def test_two_sources_of_a_knowledge_base_do_not_touch_each_other(house):
    other = house.folder.with_name("other")
    other.mkdir()
    (other / "a.txt").write_text("Other pumps need water.")
    house.write("a.txt", "Pumps need oil.")
    second = await house.bases.add_source(
        house.base, name="other", kind="folder", configuration={"path": str(other)}, chunking=Chunking()
    )
    await house.sync()
    await house.syncs.run(house.base, second)
    house.write("b.txt", "More.")
    house.remove("a.txt")
    await house.sync()
    assert {point.chunk.text for point in await house.points()} == {"Other pumps need water.", "More."}
    assert (await house.verify()).ok
    assert len([one async for one in every(house.metadata, DataSource, None)]) == 2
