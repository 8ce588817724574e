"""Every chat model passes the contract."""

from __future__ import annotations

import pytest

from outcrop.adapters.embedders.local import LocalEmbedder
from outcrop.adapters.embedders.weights import find_weights
from outcrop.adapters.generators import extractive_chat, weights
from outcrop.adapters.generators.extractive import ExtractiveGenerator
from outcrop.adapters.generators.scripted import scripted
from outcrop.app.adapters import LoadedAdapters
from outcrop.core.settings import Settings
from outcrop.testing.adapters import PlainReader
from outcrop.testing.cards import card
from outcrop.testing.chat_models import ChatModelContract
from outcrop.testing.chat_server import chat_server
from outcrop.testing.embedding_server import embedding_server

SAID = ["Employees receive ", "27 days ", "of paid leave."]
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}
PLACES = {"openai": "/v1", "ollama": "/v1", "mistral": "/mistral"}
FAMILIES = ["openai", "ollama", "anthropic", "google", "mistral", "groq", "cohere", "bedrock"]


class TestScripted(ChatModelContract):
    @pytest.fixture
    def model(self):
        return scripted("contract", SAID)


class TestExtractive(ChatModelContract):
    @pytest.fixture
    async def model(self, model_folder):
        embedder = LocalEmbedder(find_weights(), "fp32", model_folder, 2)
        generator = ExtractiveGenerator(embedder, weights.THRESHOLD)
        yield extractive_chat.ExtractiveChat(generator, PlainReader, "Not available.")
        await embedder.close()


@pytest.mark.parametrize("family", FAMILIES)
class TestProviders(ChatModelContract):
    @pytest.fixture
    async def model(self, family, monkeypatch):
        for name, value in {**AWS, "SOME_KEY": "key"}.items():
            monkeypatch.setenv(name, value)
        adapters = LoadedAdapters(Settings(threads=1))
        with chat_server(SAID) as server:
            place = f"{server.address}{PLACES.get(family, '')}"
            key = None if family == "bedrock" else "SOME_KEY"
            yield adapters.chat_model(card(f"{family}:some-model", base_url=place, key_variable=key))
            await adapters.close()


class TestSageMaker(ChatModelContract):
    @pytest.fixture
    async def model(self, monkeypatch):
        for name, value in AWS.items():
            monkeypatch.setenv(name, value)
        adapters = LoadedAdapters(Settings(threads=1))
        with embedding_server() as server:
            yield adapters.chat_model(card("sagemaker:jumpstart-llm", base_url=server.address))
            await adapters.close()


del ChatModelContract
