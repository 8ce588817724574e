"""Marks are taken out of what a model streams, however it is cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.answer.markers import Mark, MarkedStream

SENTINEL = "NOT_AVAILABLE"


def streamed(pieces):
    stream = MarkedStream(SENTINEL)
    sent = "".join([*(stream.feed(piece) for piece in pieces), stream.finish()])
    assert sent == stream.text
    return stream


@pytest.mark.parametrize(
    ("said", "text", "marks"),
    [
        ("Ten days [1].", "Ten days.", [(8, (1,))]),
        ("Ten days. [1]", "Ten days.", [(9, (1,))]),
        ("A [1][2] b.", "A b.", [(1, (1,)), (1, (2,))]),
        ("A [1, 3].", "A.", [(1, (1, 3))]),
        ("A [2-4].", "A.", [(1, (2, 4, 3))]),
        ("年假十天【1】。", "年假十天。", [(4, (1,))]),
        ("Day ［2］ off", "Day off", [(3, (2,))]),
        ("A [passage 3].", "A.", [(1, (3,))]),
        ("A [^1].", "A.", [(1, (1,))]),
    ],
)
def test_marks_are_removed_and_remembered(said, text, marks):
    stream = streamed([said])
    assert stream.text == text
    assert stream.marks == [Mark(position, numbers) for position, numbers in marks]


@pytest.mark.parametrize("said", ["see [2026] and [a] and f[x] and [ ] (1)", "a[", "a [1", "N", "NOT_", "list[int]"])
def test_what_only_looks_like_a_mark_stays(said):
    assert streamed([said]).text == said


@given(st.data())
def test_pieces_make_no_difference(data):
    whole = data.draw(
        st.text(alphabet=st.sampled_from("ab [12],.N OT_AVAILBE【】\n"), max_size=60)
        | st.just("A [1, 2]. NOT_AVAILABLE")
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    once, cut = streamed([whole]), streamed(pieces)
    assert (cut.text, cut.marks, cut.refused) == (once.text, once.marks, once.refused)


def test_the_sentinel_is_seen_and_never_sent():
    stream = streamed(["NOT_AV", "AILABLE"])
    assert stream.refused
    assert stream.text == ""


def test_ordinary_text_is_not_held_back():
    stream = MarkedStream(SENTINEL)
    assert stream.feed("Employees receive") == "Employees receive"
    assert stream.feed(" 27 days") == " 27 days"


def test_an_endless_answer_is_cut():
    stream = streamed(["x" * 60_000, "y" * 60_000])
    assert len(stream.text) == 100_000
