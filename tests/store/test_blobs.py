"""What is special about contents on disk: who may read them, and what an interrupted write leaves."""

from __future__ import annotations

import pytest

from outcrop.core.errors import Unavailable
from outcrop.store.blobs import DiskBlobs


@pytest.fixture
def blobs(tmp_path):
    return DiskBlobs(tmp_path / "blobs")


async def test_only_the_owner_may_read_what_is_kept(blobs, tmp_path):
    key = await blobs.put(b"secret")
    path = tmp_path / "blobs" / key[:2] / key
    assert path.read_bytes() == b"secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert {folder.stat().st_mode & 0o777 for folder in (path.parent, path.parent.parent)} == {0o700}


async def test_a_draft_of_an_interrupted_write_is_no_content(blobs, tmp_path):
    key = await blobs.put(b"secret")
    (tmp_path / "blobs" / key[:2] / ".new-abc").write_bytes(b"half a")
    assert [one async for one in blobs.kept()] == [key]


async def test_a_disk_that_cannot_be_written_is_said_to_be_so(tmp_path):
    (tmp_path / "blobs").write_bytes(b"a file, not a folder")
    with pytest.raises(Unavailable, match="cannot be kept"):
        await DiskBlobs(tmp_path / "blobs").put(b"oil")
