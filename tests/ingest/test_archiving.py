"""What a sync leaves in the archive of embeddings."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from outcrop.adapters.archives.parquet import ParquetArchive
from outcrop.adapters.archives.places import FolderPlace
from outcrop.core.clock import now
from outcrop.core.errors import Invalid
from outcrop.core.records import Chunking
from outcrop.ingest.archiving import Archiving

LONG = "\n\n".join(f"Paragraph {number} says that pump {number} needs {number} litres of oil." for number in range(30))


@pytest.fixture
async def archived(tmp_path, make_house):
    house = make_house(tmp_path)
    house.adapters.given_archive = ParquetArchive(FolderPlace(tmp_path / "archive"))
    return await house.open()


async def entries(house):
    archive = house.adapters.archive()
    await archive.flush()
    return [entry async for some in archive.read(house.base.id) for entry in some]


async def living(house):
    archiving = Archiving(house.adapters, now)
    return {entry.chunk_id: entry.vector.tolist() async for entry in archiving.living(house.base)}


async def indexed(house):
    return {point.chunk.id: point.vector.tolist() for point in await house.points()}


async def test_every_embedded_chunk_is_archived_once(archived):
    archived.write("a.txt", LONG)
    job = await archived.sync()
    await archived.sync()
    found = await entries(archived)
    assert len(found) == job.statistics.chunks_embedded
    assert {(one.event, one.model, one.dimensions) for one in found} == {
        ("embedded", archived.base.embedding_model, archived.base.dimensions)
    }
    assert await living(archived) == await indexed(archived)


async def test_chunks_that_leave_the_index_are_marked(archived):
    archived.write("a.txt", LONG)
    archived.write("b.txt", "Valves need none.")
    await archived.sync()
    archived.write("a.txt", LONG.replace("Paragraph 7 says", "Paragraph 7 denies"))
    archived.remove("b.txt")
    await archived.sync()
    assert {one.event for one in await entries(archived)} == {"embedded", "deleted"}
    assert await living(archived) == await indexed(archived)


async def test_a_large_document_that_shrinks_is_marked_too(archived):
    lines = [f"Item {number} of the list stands in a sentence of its own, long enough." for number in range(700)]
    archived.write("a.txt", "\n\n".join(lines))
    await archived.sync()
    archived.write("a.txt", "\n\n".join(lines[100:500]))
    await archived.sync()
    assert await living(archived) == await indexed(archived)


async def test_another_index_marks_what_it_no_longer_has(archived):
    archived.write("a.txt", LONG)
    await archived.sync()
    await archived.metadata.put(replace(archived.source, chunking=Chunking(max_tokens=40)))
    await archived.sync()
    assert await living(archived) == await indexed(archived)


async def test_what_is_deleted_as_a_whole_is_marked(archived):
    archived.write("a.txt", LONG)
    await archived.sync()
    await archived.bases.delete_source(archived.base, archived.source)
    assert await living(archived) == {}


async def test_a_file_of_vectors_is_taken_in_and_given_out(archived, tmp_path):
    path = tmp_path / "vectors.gz"
    with gzip.open(path, "wt") as file:
        file.writelines(f"{json.dumps([number, 0.5, -1.25])}\n" for number in range(2500))
    archiving = Archiving(archived.adapters, now)
    assert await archiving.load(archived.base, path, "other:model") == 2500
    assert await archiving.export(archived.base, tmp_path / "out.gz") == 2500
    with gzip.open(tmp_path / "out.gz", "rt") as file:
        lines = [json.loads(line) for line in file]
    assert lines[7]["vector"] == [7.0, 0.5, -1.25]
    assert {line["model"] for line in lines} == {"other:model"}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("nothing", "line 2"),
        ('{"a": 1}', "list"),
        ("[1, 2]", "others have 3"),
        ("[1, 2, 1e999]", "finite"),
        ("[[1], [2], [3]]", "list"),
        ('["1", "x", "3"]', "list"),
        ("[]", "list"),
    ],
)
async def test_what_is_no_vector_is_refused_by_its_line(archived, tmp_path, line, complaint):
    path = tmp_path / "vectors.gz"
    path.write_bytes(gzip.compress(f"[1, 2, 3]\n{line}\n".encode()))
    with pytest.raises(Invalid, match=complaint):
        await Archiving(archived.adapters, now).load(archived.base, path)


async def test_a_file_that_is_not_gzip_is_refused(archived, tmp_path):
    (tmp_path / "x.gz").write_bytes(b"[1, 2]")
    with pytest.raises(Invalid, match="no gzip file"):
        await Archiving(archived.adapters, now).load(archived.base, tmp_path / "x.gz")


async def test_without_an_archive_it_is_said(house, tmp_path):
    with pytest.raises(Invalid, match="OUTCROP_ARCHIVE"):
        await Archiving(house.adapters, now).export(house.base, tmp_path / "x.gz")
