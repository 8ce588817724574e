"""Verification finds every kind of disagreement, and changes nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from outcrop.core.chunks import DOCUMENT_ID
from outcrop.core.errors import Conflict
from outcrop.core.filters import equals
from outcrop.ingest.locks import locked


@pytest.fixture
async def synced(house):
    house.write("a.txt", "Pumps need oil.\n\n" * 30, {"team": "plant"})
    house.write("b.txt", "Valves need none.")
    await house.sync()
    return house


async def kinds(house):
    return [(problem.kind, problem.subject) for problem in (await house.verify()).problems]


async def point_of(house, name):
    document = (await house.documents())[name]
    return next(point for point in await house.points() if point.chunk.document_id == document.id)


async def test_agreement_is_counted(synced):
    verification = await synced.verify()
    assert verification.ok
    assert (verification.documents, verification.chunks) == (2, len(await synced.points()))


async def test_points_that_are_missing(synced):
    point = await point_of(synced, "b.txt")
    await synced.store.delete(synced.base.index, equals(DOCUMENT_ID, point.chunk.document_id))
    assert await kinds(synced) == [("points", "b.txt")]


async def test_points_that_are_others(synced):
    point = await point_of(synced, "b.txt")
    other = replace(point, chunk=replace(point.chunk, id="other"))
    await synced.store.upsert(synced.base.index, [other], sweep=[point.chunk.document_id])
    assert await kinds(synced) == [("points", "b.txt")]


async def test_points_with_other_metadata(synced):
    point = await point_of(synced, "a.txt")
    await synced.store.upsert(synced.base.index, [replace(point, metadata={"team": "office"})])
    assert await kinds(synced) == [("points", "a.txt")]


async def test_points_without_a_vector(synced):
    point = await point_of(synced, "b.txt")
    without = replace(point, vector=None)
    synced.store._indexes[synced.base.index].points[point.chunk.id] = without  # no honest store would take it
    assert await kinds(synced) == [("points", "b.txt")]


async def test_points_without_a_document(synced):
    point = await point_of(synced, "b.txt")
    stray = replace(point, uri="file:///gone.txt", chunk=replace(point.chunk, id="stray", document_id="nobody"))
    await synced.store.upsert(synced.base.index, [stray])
    assert await kinds(synced) == [("orphan", "file:///gone.txt")]


async def test_points_of_a_document_that_failed(synced):
    document = (await synced.documents())["b.txt"]
    await synced.metadata.put(replace(document, status="FAILED", chunks=0))
    assert ("points", "b.txt") in await kinds(synced)


async def test_files_that_changed_came_and_went(synced):
    synced.write("a.txt", "Pumps need water.", {"team": "plant"})
    synced.write("c.txt", "Doors close at nine.")
    synced.remove("b.txt")
    assert sorted(await kinds(synced)) == [("changed", "a.txt"), ("missing", "b.txt"), ("unsynced", "c.txt")]
    await synced.sync()
    assert (await synced.verify()).ok


async def test_metadata_that_changed(synced):
    synced.write("b.txt", "Valves need none.", {"team": "office"})
    assert await kinds(synced) == [("changed", "b.txt")]


async def test_two_records_for_one_file(synced):
    document = (await synced.documents())["b.txt"]
    await synced.metadata.put(replace(document, id="twin", status="FAILED", chunks=0))
    assert ("duplicate", document.uri) in await kinds(synced)


async def test_a_folder_that_is_not_there(synced):
    shutil.rmtree(synced.folder)
    assert await kinds(synced) == [("source", "docs")]


async def test_what_the_store_says_of_itself(synced):
    async def check(index):
        return ["The files are damaged."]

    async def rebuild(index):
        pass

    synced.store.check, synced.store.rebuild = check, rebuild
    (problem,) = (await synced.verify()).problems
    assert (problem.kind, problem.sentence) == ("index", "The files are damaged.")


async def test_nothing_is_compared_while_it_is_being_synced(synced):
    with locked(synced.settings.data, synced.source), pytest.raises(Conflict):
        await synced.verify()


async def test_every_problem_says_what_to_do(synced):
    synced.remove("b.txt")
    assert all("outcrop sync handbook" in problem.mend for problem in (await synced.verify()).problems)
