"""Every chunker passes the same suite."""

from __future__ import annotations

import pytest

from outcrop.adapters.chunkers import open_chunker
from outcrop.core.records import Chunking
from outcrop.testing.chunkers import ChunkerContract
from outcrop.testing.fakes import TokenHashEmbedder


class Suite(ChunkerContract):
    chunking: Chunking

    @pytest.fixture
    def embedder(self):
        return TokenHashEmbedder()

    @pytest.fixture
    def chunker(self, embedder):
        return open_chunker(self.chunking, embedder)


class TestDefault(Suite):
    chunking = Chunking(max_tokens=50)
    limit = 50


class TestSection(Suite):
    chunking = Chunking(strategy="section", max_tokens=50)
    limit = 50


class TestFixed(Suite):
    chunking = Chunking(strategy="fixed", max_tokens=40, overlap_percentage=25)
    limit = 40


class TestSemantic(Suite):
    chunking = Chunking(strategy="semantic", max_tokens=60, breakpoint_percentile=80)
    limit = 60


class TestHierarchical(Suite):
    chunking = Chunking(strategy="hierarchical", parent_max_tokens=120, child_max_tokens=30, overlap_tokens=10)
    limit = 30


class TestNone(Suite):
    chunking = Chunking(strategy="none")


class TestCode(Suite):
    chunking = Chunking(strategy="code", max_tokens=50)
    limit = 50


del Suite, ChunkerContract
