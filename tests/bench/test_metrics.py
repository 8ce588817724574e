"""The metrics are trec_eval's, and say so when they are not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import metrics

documents = st.sampled_from([f"d{number}" for number in range(15)])
judged = st.dictionaries(
    st.sampled_from(["q1", "q2", "q3"]),
    st.dictionaries(documents, st.integers(0, 3), min_size=1),
    min_size=1,
)
runs = st.dictionaries(
    st.sampled_from(["q1", "q2", "q3"]),
    st.dictionaries(documents, st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1),
    min_size=1,
)


def test_ndcg_discounts_by_the_logarithm_of_the_rank():
    expected = (1 / math.log2(3)) / (1 / math.log2(2) + 1 / math.log2(3))
    assert metrics.ndcg(["x", "a"], {"a": 1, "b": 1}, 10) == pytest.approx(expected)


def test_ndcg_of_the_ideal_order_is_one():
    assert metrics.ndcg(["a", "b", "c"], {"a": 3, "b": 2, "c": 1}, 10) == pytest.approx(1)


def test_ndcg_does_not_look_below_its_depth():
    assert metrics.ndcg(["x", "y", "a"], {"a": 1}, 2) == 0


def test_recall_is_the_share_of_relevant_documents_found():
    assert metrics.recall(["a", "x", "b"], {"a": 1, "b": 1, "c": 1, "d": 0}, 2) == pytest.approx(1 / 3)


def test_reciprocal_rank_is_of_the_first_relevant_document():
    assert metrics.reciprocal_rank(["x", "a", "b"], {"a": 1, "b": 1}) == pytest.approx(1 / 2)


def test_equal_scores_are_ranked_with_the_greater_id_first():
    assert metrics.ranking({"a": 1.0, "b": 1.0, "c": 2.0}) == ["c", "b", "a"]


def test_a_question_without_results_counts_as_zero():
    scores = metrics.score({"q1": {"a": 1.0}}, {"q1": {"a": 1}, "q2": {"b": 1}})
    assert scores == metrics.Scores(0.5, 0.5, 0.5, 0.5)


@given(runs, judged)
def test_every_metric_agrees_with_pytrec_eval(run, judgements):
    scores = metrics.score(run, judgements)
    assert all(0 <= value <= 1 for value in (scores.ndcg_at_10, scores.recall_at_10, scores.recall_at_100, scores.mrr))


def test_a_disagreement_is_an_error(monkeypatch):
    monkeypatch.setattr(metrics, "reciprocal_rank", lambda ranked, relevance: 0.123)
    with pytest.raises(metrics.Disagreement, match="recip_rank of question q1"):
        metrics.score({"q1": {"a": 1.0}}, {"q1": {"a": 1}})
