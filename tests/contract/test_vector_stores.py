"""Every vector store passes the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from outcrop.adapters.vector_stores.embedded import EmbeddedVectorStore
from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.core.protocols import VectorStore
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
