"""Every blob store passes the same suite."""

from __future__ import annotations

import pytest

from outcrop.store.blobs import DiskBlobs
from outcrop.testing.blobs import BlobsContract, MemoryBlobs


class TestMemory(BlobsContract):
    @pytest.fixture
    def blobs(self):
        return MemoryBlobs()


class TestDisk(BlobsContract):
    @pytest.fixture
    def blobs(self, tmp_path):
        return DiskBlobs(tmp_path / "blobs")


del BlobsContract
