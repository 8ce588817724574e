"""Every vector store passes the contract."""

from __future__ import annotations

import pytest

from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.core.protocols import VectorStore
from outcrop.testing.vector_stores import VectorStoreContract


class TestMemoryVectorStore(VectorStoreContract):
    """The reference passes its own contract."""

    @pytest.fixture
    def store(self) -> VectorStore:
        return MemoryVectorStore()
