"""Rerankers: hits in a better order than the search alone gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from outcrop.adapters.generators.asked import asked
from outcrop.adapters.generators.decision import ranked
from outcrop.adapters.generators.evidence import Weighing
from outcrop.adapters.generators.extractive import EMBEDDER
from outcrop.adapters.generators.reading import read
from outcrop.core.chunks import Hit
from outcrop.core.protocols import Adapters, Embedder
from outcrop.core.settings import Settings

EVIDENCE_SHARE = 0.5  # of the new score that the best sentence decides; the search's own score has the rest


def open_evidence(settings: Settings, adapters: Adapters) -> EvidenceReranker:  # noqa: ARG001 # one signature
    """The reranker that puts those passages first whose best sentence answers best."""
    return EvidenceReranker(adapters.embedder(EMBEDDER))


class EvidenceReranker:
    """Orders hits by their best sentence, as the extractive answerer scores it, and by the search's score."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def rerank(self, question: str, hits: Sequence[Hit], top: int) -> list[Hit]:
        """The best `top` hits; a score is the mean of the search's score and of the odds of its best sentence."""
        evidence = await Weighing(asked(question), read(hits)).weigh(self._embedder)
        best: dict[int, float] = {}
        for one in ranked(evidence):
            best.setdefault(one.evidence.sentence.passage, 1 / (1 + math.exp(-one.score)))
        scored = [
            replace(hit, score=EVIDENCE_SHARE * best.get(i, 0.0) + (1 - EVIDENCE_SHARE) * hit.score)
            for i, hit in enumerate(hits)
        ]
        return sorted(scored, key=lambda hit: (-hit.score, hit.chunk.id))[:top]
