"""The blend of two rankings."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from outcrop.core.ranking import blended

shares = st.floats(0, 1)
scores = st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 50)), min_size=1, max_size=8)


def blend(weight, pairs, possible=100.0):
    similarity, keyword = (np.array(column) for column in zip(*pairs, strict=True))
    return blended(weight, similarity, keyword, possible, float(keyword.max()))


def test_what_leads_both_rankings_fully_scores_one():
    assert blend(0.5, [(1.0, 40.0), (0.2, 1.0)])[0] == 1.0


def test_a_weight_of_nothing_silences_a_ranking():
    assert list(blend(1.0, [(0.5, 0.0), (0.4, 50.0)])) == [0.5, 0.4]
    assert list(blend(0.0, [(0.9, 10.0), (0.1, 40.0)])) == [0.25, 1.0]


def test_a_weak_keyword_match_does_not_beat_a_near_meaning():
    common_words_only, answer = blend(0.5, [(0.1, 2.0), (0.7, 0.0)], possible=60.0)
    assert answer > common_words_only


def test_no_keyword_match_leaves_the_meaning():
    assert list(blend(0.5, [(0.8, 0.0), (-0.3, 0.0)], possible=0.0)) == [0.4, 0.0]


@given(shares, scores)
def test_scores_are_from_0_to_1_and_better_in_both_is_never_worse(weight, pairs):
    mixed = blend(weight, pairs)
    assert ((mixed >= 0) & (mixed <= 1)).all()
    for i, one in enumerate(pairs):
        for j, other in enumerate(pairs):
            if one[0] >= other[0] and one[1] >= other[1]:
                assert mixed[i] >= mixed[j]
