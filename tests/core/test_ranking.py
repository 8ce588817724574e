"""Fusion of ranked lists."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from outcrop.core.ranking import fuse

rankings = st.lists(
    st.tuples(st.floats(0.01, 1), st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)),
    min_size=1,
    max_size=3,
)


def test_what_leads_every_ranking_scores_one():
    assert fuse([(0.5, ["a", "b"]), (0.5, ["a", "c"])])[0] == ("a", 1.0)


def test_a_weight_of_nothing_silences_a_ranking():
    assert [name for name, _ in fuse([(1.0, ["a", "b"]), (0.0, ["b", "a"])])] == ["a", "b"]


def test_equal_scores_come_in_order_of_id():
    assert [name for name, _ in fuse([(0.5, ["b", "a"]), (0.5, ["a", "b"])])] == ["a", "b"]


def test_nothing_ranked_is_nothing_fused():
    assert fuse([]) == []
    assert fuse([(0.0, ["b", "a"])]) == [("a", 0.0), ("b", 0.0)]


@given(rankings)
def test_every_ranked_id_comes_once_with_a_score_of_0_to_1_in_order(lists):
    fused = fuse(lists)
    assert sorted(name for name, _ in fused) == sorted({name for _, ids in lists for name in ids})
    assert all(0 <= score <= 1 + 1e-9 for _, score in fused)
    assert [score for _, score in fused] == sorted((score for _, score in fused), reverse=True)


@given(rankings)
def test_a_better_rank_in_every_list_is_never_a_worse_score(lists):
    scores = dict(fuse(lists))
    for (one, score), (other, lower) in permutations(scores.items(), 2):
        if all(rank(one, ids) < rank(other, ids) for _, ids in lists):
            assert score >= lower


def rank(name: str, ids: list[str]) -> int:
    return ids.index(name) if name in ids else 99
