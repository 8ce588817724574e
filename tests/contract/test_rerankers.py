"""Every reranker passes the contract."""

from __future__ import annotations

import pytest

from outcrop.adapters.embedders.local import LocalEmbedder
from outcrop.adapters.embedders.weights import find_weights
from outcrop.adapters.rerankers import EvidenceReranker
from outcrop.testing.rerankers import RerankerContract


class TestEvidence(RerankerContract):
    @pytest.fixture
    async def reranker(self, model_folder):
        embedder = LocalEmbedder(find_weights(), "fp32", model_folder, 2)
        yield EvidenceReranker(embedder)
        await embedder.close()


del RerankerContract
