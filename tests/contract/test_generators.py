"""Every generator passes the contract."""

from __future__ import annotations

import pytest

from outcrop.adapters.embedders.local import LocalEmbedder
from outcrop.adapters.embedders.weights import find_weights
from outcrop.adapters.generators import weights
from outcrop.adapters.generators.extractive import ExtractiveGenerator
from outcrop.adapters.generators.scripted import ScriptedGenerator
from outcrop.app.adapters import LoadedAdapters
from outcrop.core.settings import Settings
from outcrop.testing.chat_server import chat_server
from outcrop.testing.generators import GeneratorContract

SAID = ["Employees receive ", "27 days of paid leave", " [1]."]


class TestExtractive(GeneratorContract):
    @pytest.fixture
    async def generator(self, model_folder):
        embedder = LocalEmbedder(find_weights(), "fp32", model_folder, 2)
        yield ExtractiveGenerator(embedder, weights.THRESHOLD)
        await embedder.close()


class TestScripted(GeneratorContract):
    @pytest.fixture
    def generator(self):
        return ScriptedGenerator(*[SAID] * 10)


class TestOpenAI(GeneratorContract):
    @pytest.fixture
    def generator(self, monkeypatch, tmp_path):
        with chat_server(SAID) as server:
            monkeypatch.setenv("OPENAI_API_KEY", "key")
            monkeypatch.setenv("OPENAI_BASE_URL", f"{server.address}/v1")
            yield LoadedAdapters(Settings(data=tmp_path)).generator("openai:some-model")


class TestAnthropic(GeneratorContract):
    @pytest.fixture
    def generator(self, monkeypatch, tmp_path):
        with chat_server(SAID) as server:
            monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
            monkeypatch.setenv("ANTHROPIC_BASE_URL", server.address)
            yield LoadedAdapters(Settings(data=tmp_path)).generator("anthropic:some-model")


del GeneratorContract
