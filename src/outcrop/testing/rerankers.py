"""The contract of rerankers: the same hits, fewer, in an order that does not depend on how they came."""

from __future__ import annotations

import pytest

from outcrop.core.protocols import Reranker
from outcrop.testing.passages import passage

QUESTION = "When does the canteen open?"
HITS = (
    passage("Leave is requested from the team lead.", name="leave.md"),
    passage("The canteen opens at noon and closes at three.", name="canteen.md"),
    passage("", name="empty.md"),
    passage("The garage is in the basement.", name="garage.md"),
)


class RerankerContract:
    """Subclass it with a fixture `reranker`."""

    @pytest.fixture
    def reranker(self) -> Reranker:
        """The reranker that is tested."""
        raise NotImplementedError

    async def test_the_passage_that_answers_leads(self, reranker: Reranker) -> None:
        """What it is for."""
        best = await reranker.rerank(QUESTION, HITS, 4)
        assert best[0].point == HITS[1].point

    async def test_every_hit_comes_once_with_a_score_from_0_to_1_best_first(self, reranker: Reranker) -> None:
        """Nothing is invented or lost."""
        best = await reranker.rerank(QUESTION, HITS, 10)
        assert sorted(hit.point.uri for hit in best) == sorted(hit.point.uri for hit in HITS)
        scores = [hit.score for hit in best]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)

    async def test_only_as_many_as_are_asked_for(self, reranker: Reranker) -> None:
        """The best of them."""
        whole = await reranker.rerank(QUESTION, HITS, 4)
        assert await reranker.rerank(QUESTION, HITS, 2) == whole[:2]

    async def test_no_hits_are_no_error(self, reranker: Reranker) -> None:
        """A search may find nothing."""
        assert await reranker.rerank(QUESTION, (), 5) == []
