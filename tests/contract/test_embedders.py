"""Every embedder passes the contract."""

from __future__ import annotations

import pytest

from outcrop.adapters.embedders import remote
from outcrop.adapters.embedders.local import LocalEmbedder
from outcrop.adapters.embedders.weights import find_weights
from outcrop.core.settings import Settings
from outcrop.testing.adapters import GivenAdapters
from outcrop.testing.cards import card
from outcrop.testing.embedders import EmbedderContract
from outcrop.testing.embedding_server import DIMENSIONS, embedding_server
from outcrop.testing.fakes import TokenHashEmbedder


class TestLocalFp32(EmbedderContract):
    @pytest.fixture
    async def embedder(self, model_folder):
        embedder = LocalEmbedder(find_weights(), "fp32", model_folder, 2)
        yield embedder
        await embedder.close()


class TestLocalInt8(EmbedderContract):
    tolerance = 1e-3

    @pytest.fixture
    async def embedder(self, model_folder):
        embedder = LocalEmbedder(find_weights(), "int8", model_folder, 2)
        yield embedder
        await embedder.close()


class TestRemote(EmbedderContract):
    @pytest.fixture
    async def embedder(self, tmp_path, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        with embedding_server() as server:
            settings = Settings(
                data=tmp_path, embedding_dimensions=DIMENSIONS, embedding_base_url=f"{server.address}/v1"
            )
            embedder = remote.open_embedder(card("openai:some-model", kind="embedding"), settings, GivenAdapters({}))
            yield embedder
            await embedder.close()


class TestTokenHash(EmbedderContract):
    """The stand-in of other tests keeps the contract too."""

    @pytest.fixture
    def embedder(self):
        return TokenHashEmbedder()


del EmbedderContract
