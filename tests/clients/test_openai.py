"""OpenAI's client, unmodified: a knowledge base as a model, and a language model behind the same address."""

from __future__ import annotations

import pytest
from tests.clients.conftest import documented


@pytest.fixture(scope="module")
def printed(python, place):
    place.chat.replies.clear()
    place.chat.replies.append(["On flights longer than six hours. [1]"])
    return python().run(documented("OpenAI's client", "python"))


def test_a_knowledge_base_answers_with_its_sources(printed):
    assert printed.startswith("On flights longer than six hours. [1]")
    assert "travel.md" in printed


def test_a_language_model_streams(printed):
    assert printed.endswith("The answer is seven.")
