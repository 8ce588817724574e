"""The archive as Parquet files, in a folder and in a bucket."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from outcrop.adapters.archives import parquet
from outcrop.adapters.archives.parquet import ParquetArchive, decoded, encoded, open_archive
from outcrop.adapters.archives.places import BucketPlace, FolderPlace
from outcrop.core.archive import Entry
from outcrop.core.errors import Invalid, MissingDependency, Unavailable
from outcrop.core.settings import Settings

MOMENT = datetime(2026, 11, 20, 12, 30, 15, 123456, tzinfo=UTC)


def entry(number, **more):
    vector = np.linspace(number, number + 1, 8, dtype=np.float32)
    given = {
        "event": "embedded",
        "knowledge_base_id": "KB",
        "chunk_id": f"chunk {number} ü",
        "document_id": "d",
        "model": "test:model",
        "dimensions": 8,
        "at": MOMENT,
        "vector": vector,
    }
    return Entry(**{**given, **more})


def plain(one):
    values = {name: getattr(one, name) for name in one.__slots__ if name != "vector"}
    return {**values, "vector": one.vector.tolist() if one.vector is not None else None}


async def read(archive, base="KB"):
    return [one async for some in archive.read(base) for one in some]


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path):
    if request.param == "folder":
        return FolderPlace(tmp_path / "archive")
    client = request.getfixturevalue("s3")
    bucket = f"archive-{abs(hash(request.node.nodeid)):x}"
    client.create_bucket(Bucket=bucket)
    return BucketPlace(bucket, "below/here", client)


def test_entries_come_back_from_a_file_as_they_were():
    entries = [entry(1), entry(2, event="deleted", vector=None), entry(3, at=MOMENT + timedelta(days=1))]
    assert list(map(plain, decoded(encoded(entries)))) == list(map(plain, entries))


async def test_files_are_parted_by_knowledge_base_and_day(place):
    archive = ParquetArchive(place)
    tomorrow = entry(2, at=MOMENT + timedelta(days=1))
    await archive.append([entry(1), tomorrow, entry(3, knowledge_base_id="OTHER")])
    assert list(place.names("")) == []  # it waits for more
    await archive.close()
    folders = sorted(name.rpartition("/")[0] for name in place.names(""))
    assert folders == [
        "knowledge_base=KB/day=2026-11-20",
        "knowledge_base=KB/day=2026-11-21",
        "knowledge_base=OTHER/day=2026-11-20",
    ]
    assert list(map(plain, await read(archive))) == list(map(plain, [entry(1), tomorrow]))


async def test_it_is_written_when_enough_has_come(tmp_path):
    place = FolderPlace(tmp_path)
    archive = ParquetArchive(place, size=3 * (parquet.ROW + 32))
    await archive.append([entry(1), entry(2)])
    assert list(place.names("")) == []
    await archive.append([entry(3)])
    assert len(list(place.names(""))) == 1
    await archive.close()


async def test_it_is_written_after_a_while(tmp_path):
    place = FolderPlace(tmp_path)
    archive = ParquetArchive(place, seconds=0)
    await archive.append([entry(1)])
    async with asyncio.timeout(20):
        while not list(place.names("")):  # noqa: ASYNC110 # it is the file itself that is waited for
            await asyncio.sleep(0)
    await archive.close()


class Broken:
    """A place that cannot be written until it is mended."""

    def __init__(self, place):
        self.place, self.broken = place, True

    def write(self, name, data):
        if self.broken:
            raise Unavailable("The disk is full.")
        self.place.write(name, data)

    def __getattr__(self, name):
        return getattr(self.place, name)


async def test_what_cannot_be_written_waits_and_nothing_is_lost(tmp_path):
    place = Broken(FolderPlace(tmp_path))
    archive = ParquetArchive(place, size=parquet.ROW)
    await archive.append([entry(1)])
    place.broken = False
    await archive.append([entry(2)])
    await archive.close()
    assert list(map(plain, await read(archive))) == list(map(plain, [entry(1), entry(2)]))


async def test_too_much_that_cannot_be_written_is_an_error(tmp_path):
    archive = ParquetArchive(Broken(FolderPlace(tmp_path)), size=parquet.ROW)
    with pytest.raises(Unavailable, match="full"):
        await archive.append([entry(number) for number in range(40)])


def test_without_the_setting_there_is_none(tmp_path):
    assert open_archive(Settings(data=tmp_path)) is None


def test_an_address_without_a_bucket_is_refused(tmp_path):
    with pytest.raises(Invalid, match="s3://bucket"):
        open_archive(Settings(data=tmp_path, archive="s3://"))


def test_without_its_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "arro3.io", None)
    with pytest.raises(MissingDependency, match="outcrop\\[archive\\]"):
        open_archive(Settings(data=tmp_path, archive=str(tmp_path / "a")))


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unavailable, match="cannot be written"):
        FolderPlace(tmp_path / "file").write("a/b.parquet", b"x")
