"""Single documents: the guarantees of a sync, for one document at a time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.ingest.crash import Mortal

from outcrop.core.errors import Conflict, Invalid, NotFound, Unavailable
from outcrop.core.ids import derived_id
from outcrop.core.protocols import every
from outcrop.core.records import CUSTOM, Deposit, Document
from outcrop.ingest.direct import Direct, DirectDocument
from outcrop.ingest.locks import locked

LONG = "\n\n".join(f"Paragraph {number} says that pump {number} needs {number} litres of oil." for number in range(30))


async def kept(house):
    return [key async for key in house.adapters.blobs().kept()]


async def deposits(house):
    return [deposit async for deposit in every(house.metadata, Deposit, None)]


async def state(house, uri):
    return (await house.direct.states(house.source, [uri]))[0]


async def test_a_document_that_was_put_is_searchable_and_agrees_with_its_source(desk):
    document = await desk.put("a.txt", "Pumps need oil.", metadata={"team": "plant", "tags": ["a", "b"]})
    assert (document.status, document.uri, document.metadata) == (
        "INDEXED",
        "a.txt",
        {"team": "plant", "tags": ("a", "b")},
    )
    assert await desk.texts() == {"a.txt": ["Pumps need oil."]}
    assert (await desk.verify()).ok


async def test_the_same_content_costs_no_parse_and_no_embedding(desk):
    await desk.put("a.txt", LONG)
    before = (desk.reader.reads, desk.embedder.embedded, await desk.points())
    again = await desk.put("a.txt", LONG)
    assert (desk.reader.reads, desk.embedder.embedded, await desk.points()) == before
    assert again.status == "INDEXED"


async def test_new_metadata_alone_embeds_nothing(desk):
    await desk.put("a.txt", LONG, metadata={"year": 2025})
    reads, embedded = desk.reader.reads, desk.embedder.embedded
    document = await desk.put("a.txt", LONG, metadata={"year": 2026})
    assert document.metadata == {"year": 2026}
    assert {point.metadata["year"] for point in await desk.points()} == {2026}
    assert (desk.reader.reads, desk.embedder.embedded) == (reads, embedded)
    assert (await desk.verify()).ok


async def test_a_changed_document_embeds_only_what_is_new_and_gives_up_the_old_content(desk):
    await desk.put("a.txt", LONG)
    before = desk.embedder.embedded
    await desk.put("a.txt", LONG.replace("Paragraph 7 says", "Paragraph 7 denies"))
    assert 1 <= desk.embedder.embedded - before <= 3
    assert "Paragraph 7 denies" in " ".join((await desk.texts())["a.txt"])
    assert len(await kept(desk)) == 1


async def test_the_new_version_is_searchable_before_the_old_one_goes(desk):
    await desk.put("a.txt", "Pumps need oil.")
    seen = []
    real = desk.store.upsert

    async def watched(*arguments, **named):
        await real(*arguments, **named)
        seen.append([point.chunk.text for point in await desk.points()])

    desk.store.upsert = watched
    await desk.put("a.txt", "Pumps need water.")
    assert seen == [["Pumps need water."]]


async def test_one_bad_document_fails_alone_with_its_reason(desk):
    documents = [DirectDocument(uri=f"{n}.txt", data=text) for n, text in enumerate(["one", "FAIL encrypted", "three"])]
    await desk.direct.submit(desk.base, desk.source, documents)
    await desk.direct.settled()
    states = await desk.direct.states(desk.source, ["0.txt", "1.txt", "2.txt", "3.txt"])
    assert [one.status for one in states] == ["INDEXED", "FAILED", "INDEXED", "NOT_FOUND"]
    assert "encrypted" in states[1].reason


async def test_what_is_handed_over_is_answered_before_it_is_ingested(desk):
    with locked(desk.settings.data, desk.source):
        taken = await desk.direct.submit(desk.base, desk.source, [DirectDocument(uri="a.txt", data="oil")])
        assert taken[0].status == (await state(desk, "a.txt")).status == "PENDING"
    await desk.direct.settled()
    assert (await state(desk, "a.txt")).status == "INDEXED"


async def test_a_deleted_document_leaves_nothing_behind(desk):
    await desk.put("a.txt", "Pumps need oil.")
    await desk.put("b.txt", "Valves need none.")
    states = await desk.direct.delete(desk.base, desk.source, ["a.txt", "c.txt"])
    assert [one.status for one in states] == ["DELETING", "NOT_FOUND"]
    await desk.direct.settled()
    assert list(await desk.texts()) == list(await desk.documents()) == ["b.txt"]
    assert [one.uri for one in await deposits(desk)] == ["b.txt"]
    assert len(await kept(desk)) == 1
    assert (await desk.verify()).ok


async def test_contents_that_two_documents_share_stay_until_both_are_gone(desk):
    await desk.put("a.txt", "Pumps need oil.")
    await desk.put("b.txt", "Pumps need oil.")
    assert len(await kept(desk)) == 1
    await desk.direct.delete(desk.base, desk.source, ["a.txt"])
    await desk.direct.settled()
    assert (await desk.direct.content(desk.source, "b.txt")).read() == b"Pumps need oil."
    await desk.direct.delete(desk.base, desk.source, ["b.txt"])
    await desk.direct.settled()
    assert await kept(desk) == []


async def test_a_sync_keeps_what_was_put(desk):
    await desk.put("a.txt", "Pumps need oil.")
    job = await desk.sync()
    assert (job.status, job.statistics.unchanged, job.statistics.deleted) == ("COMPLETE", 1, 0)
    assert list(await desk.texts()) == ["a.txt"]


async def test_a_sync_reads_what_was_put_again_when_the_settings_change(desk):
    await desk.put("a.txt", LONG)
    desk.reader.parser_version = "plain/2"
    job = await desk.sync()
    assert (job.statistics.modified, job.statistics.parsed) == (1, 1)
    assert (await desk.verify()).ok


async def test_the_content_comes_back_by_address_and_by_id(desk):
    document = await desk.put("notes", b"# Oil", media_type="text/markdown")
    for reference in ("notes", document.id):
        blob = await desk.direct.content(desk.source, reference)
        assert (blob.read(), blob.media_type) == (b"# Oil", "text/markdown")
    with pytest.raises(NotFound):
        await desk.direct.content(desk.source, "nothing")


async def test_the_content_of_a_document_that_a_sync_found_comes_from_its_source(house):
    house.write("a.txt", "Pumps need oil.")
    await house.sync()
    uri = (house.folder / "a.txt").as_uri()
    assert (await house.direct.content(house.source, uri)).read() == b"Pumps need oil."


async def test_a_document_of_a_folder_is_brought_up_to_date_alone(house):
    house.write("a.txt", "Pumps need oil.")
    house.write("b.txt", "Valves need none.")
    uri = (house.folder / "a.txt").as_uri()
    document = await house.direct.put(house.base, house.source, DirectDocument(uri=uri))
    assert (document.status, document.name) == ("INDEXED", "a.txt")
    assert list(await house.texts()) == ["a.txt"]
    assert await deposits(house) == []
    job = await house.sync()
    assert (job.statistics.indexed, job.statistics.unchanged) == (1, 1)


async def test_metadata_of_ones_own_is_as_the_source_says_again_after_the_next_sync(house):
    house.write("a.txt", "Pumps need oil.", {"team": "plant"})
    uri = (house.folder / "a.txt").as_uri()
    document = await house.direct.put(house.base, house.source, DirectDocument(uri=uri, metadata={"team": "sales"}))
    assert document.metadata == {"team": "sales"}
    job = await house.sync()
    assert job.statistics.metadata_modified == 1
    assert {point.metadata["team"] for point in await house.points()} == {"plant"}


class _Died(BaseException):
    """The process ended here."""


async def test_a_crash_at_any_write_neither_loses_nor_doubles_a_document(make_house, tmp_path):
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # nobody asks the dead why
    writes, died = 0, True
    while died:
        writes += 1
        house = await make_house(tmp_path / str(writes)).open_custom()
        await house.put("a.txt", LONG)
        await house.put("b.txt", "Valves need none.")
        died = await _run_until(writes, house)
        again = Direct(house.metadata, house.adapters, house.settings, house.direct._means.clock)
        await again.resume()
        await again.settled()
        assert (await house.verify()).ok, writes
        pending = [one for one in await deposits(house) if one.status != "KEPT"]
        assert pending == [], writes
        assert len(await kept(house)) == len(await deposits(house)), writes
    assert (await house.texts()).keys() == {"a.txt", "c.txt"}
    assert "Paragraph 7 denies" in " ".join((await house.texts())["a.txt"])
    assert writes > 20


async def _run_until(writes, house):
    """Hand over and delete documents by services that die at the write of a number; whether they did."""
    left = writes

    def countdown():
        nonlocal left
        left -= 1
        if left <= 0:
            raise _Died

    adapters = replace(house.adapters, stores={"embedded": Mortal(house.store, countdown)})
    direct = Direct(Mortal(house.metadata, countdown), adapters, house.settings, house.direct._means.clock)
    changed = LONG.replace("Paragraph 7 says", "Paragraph 7 denies")
    try:
        await direct.submit(house.base, house.source, [DirectDocument(uri="a.txt", data=changed)])
        await direct.submit(house.base, house.source, [DirectDocument(uri="c.txt", data="Pipes need paint.")])
        await direct.delete(house.base, house.source, ["b.txt"])
        await direct.settled()
    except BaseExceptionGroup:
        return True
    except _Died:
        await direct.close()
        return True
    return left <= 0


async def test_a_document_that_its_source_does_not_have_fails(house):
    document = await house.direct.put(house.base, house.source, DirectDocument(uri="file:///nowhere.txt"))
    assert (document.status, document.reason) == ("FAILED", "Its data source does not have it.")


async def test_a_failing_model_leaves_the_old_version_searchable_and_says_why(desk):
    await desk.put("a.txt", "Pumps need oil.")
    real, desk.embedder.embed = desk.embedder.embed, _fails
    with pytest.raises(Unavailable, match="model is away"):
        await desk.put("a.txt", "Pumps need water.")
    assert await desk.texts() == {"a.txt": ["Pumps need oil."]}
    assert (await state(desk, "a.txt")).status == "FAILED"
    desk.embedder.embed = real
    await desk.sync()
    assert await desk.texts() == {"a.txt": ["Pumps need water."]}
    assert (await state(desk, "a.txt")).status == "INDEXED"


async def _fails(texts, purpose):
    raise Unavailable("The model is away.")


async def test_what_another_process_left_undone_is_done_after_the_next_start(desk):
    taken = await desk.direct.submit(desk.base, desk.source, [DirectDocument(uri="a.txt", data="oil")])
    await desk.direct.close()
    await desk.metadata.put(replace(taken[0], status="IN_PROGRESS"))
    await desk.adapters.blobs().put(b"what a crash left")
    other = Direct(desk.metadata, desk.adapters, desk.settings, desk.direct._means.clock)
    await other.resume()
    await other.settled()
    assert await desk.texts() == {"a.txt": ["oil"]}
    assert len(await kept(desk)) == 1


async def test_points_that_a_crash_left_without_a_record_are_replaced(desk):
    await desk.put("a.txt", "Pumps need oil.")
    await desk.metadata.delete(Document, derived_id(desk.source.id, "a.txt"))
    await desk.put("a.txt", "Pumps need water.")
    assert await desk.texts() == {"a.txt": ["Pumps need water."]}
    assert (await desk.verify()).ok


async def test_many_that_put_the_same_document_at_once_end_with_one_version(desk):
    texts = [f"Pump {number} needs oil." for number in range(8)]
    await asyncio.gather(*(desk.put("a.txt", text) for text in texts))
    [[found]] = (await desk.texts()).values()
    assert found in texts
    assert (await desk.direct.content(desk.source, "a.txt")).read().decode() == found
    assert len(await kept(desk)) == 1
    assert (await desk.verify()).ok


async def test_pages_show_every_document_once(desk):
    for number in range(5):
        await desk.put(f"{number}.txt", f"Pump {number}.")
    seen, after = [], None
    while True:
        page, after = await desk.direct.page(desk.source, after, 2)
        seen += [one.uri for one in page]
        if after is None:
            break
    assert seen == [f"{number}.txt" for number in range(5)]


async def test_pages_show_what_a_sync_found_too(house):
    for number in range(5):
        house.write(f"{number}.txt", f"Pump {number}.")
    await house.sync()
    page, after = await house.direct.page(house.source, None, 3)
    rest, end = await house.direct.page(house.source, after, 3)
    assert (len(page), len(rest), end) == (3, 2, None)
    with pytest.raises(Invalid):
        await house.direct.page(house.source, "no token", 3)


async def test_deleting_the_data_source_gives_up_its_contents(desk):
    await desk.put("a.txt", "Pumps need oil.")
    await desk.bases.delete_source(desk.base, desk.source)
    assert (await kept(desk), await deposits(desk), await desk.points()) == ([], [], [])
    with pytest.raises(NotFound):
        await desk.metadata.get(Document, derived_id(desk.source.id, "a.txt"))


async def test_deleting_the_knowledge_base_gives_up_its_contents(desk):
    await desk.put("a.txt", "Pumps need oil.")
    await desk.bases.delete("handbook")
    assert (await kept(desk), await deposits(desk)) == ([], [])


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (DirectDocument(uri=""), "1 to 4096 characters"),
        (DirectDocument(uri="a.txt"), "needs one content"),
        (DirectDocument(uri="a.txt", data=""), "needs one content"),
        (DirectDocument(uri="a.txt", data="oil", metadata={"x-amz-bedrock-kb-chunk-id": "1"}), "reserved"),
        (DirectDocument(uri="a.txt", data="oil", metadata={"size": 10**400}), "too large"),
    ],
)
async def test_what_is_no_document_is_refused_before_anything_is_kept(desk, document, problem):
    with pytest.raises(Invalid, match=problem):
        await desk.direct.submit(desk.base, desk.source, [DirectDocument(uri="b.txt", data="fine"), document])
    assert (await kept(desk), await deposits(desk)) == ([], [])


async def test_a_folder_is_given_no_content(house):
    with pytest.raises(Invalid, match="has its documents itself"):
        await house.direct.submit(house.base, house.source, [DirectDocument(uri="file:///a.txt", data="oil")])


async def test_a_data_source_that_is_being_deleted_takes_nothing(desk):
    leaving = replace(desk.source, status="DELETING")
    with pytest.raises(Conflict):
        await desk.direct.submit(desk.base, leaving, [DirectDocument(uri="a.txt", data="oil")])


async def test_a_custom_data_source_has_no_settings(desk):
    with pytest.raises(Invalid, match="no settings"):
        await desk.bases.add_source(desk.base, name="x", kind=CUSTOM, configuration={"path": "/"})


async def test_a_document_named_like_a_part_of_a_source_survives_a_sync(desk):
    from outcrop.core.addresses import custom_uri

    await desk.put(custom_uri("folder/"), "Pumps need oil.")
    job = await desk.sync()
    assert (job.statistics.unchanged, job.statistics.failed, job.statistics.deleted) == (1, 0, 0)
