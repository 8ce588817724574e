"""LlamaIndex's retriever for Bedrock, unmodified, with the older botocore that it pins."""

from __future__ import annotations

import pytest
from tests.clients.conftest import documented


@pytest.fixture(scope="module")
def llama_index(python):
    return python("llama-index")


@pytest.fixture(scope="module")
def found(llama_index):
    return llama_index.read("llama_index_retrieval.py").found


def test_the_program_of_the_page_retrieves(llama_index):
    printed = llama_index.run(documented("LlamaIndex", "python"))
    assert "business class on flights longer than six hours" in printed


def test_passages_come_best_first_with_place_and_metadata(found):
    assert len(found["scores"]) == 3
    assert found["scores"] == sorted(found["scores"], reverse=True)
    assert found["metadata"]["department"] == "finance"
    assert found["location"]["customDocumentLocation"]["id"].endswith("/travel.md")


def test_a_filter_narrows_what_is_retrieved(found):
    assert len(found["filtered"]) == 1
    assert "business class" in found["filtered"][0]


def test_the_asynchronous_client_finds_the_same(found):
    assert found["same"]


def test_an_unknown_knowledge_base_is_an_error_by_name(found):
    assert found["refused"] == "ResourceNotFoundException"
