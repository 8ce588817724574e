from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.core.terms import content_terms, fold, number, stem, terms


def keys(text: str) -> list[str]:
    return [term.key for term in terms(text)]


@given(st.text())
def test_terms_stand_where_they_say(text: str) -> None:
    for term in terms(text):
        assert 0 <= term.start < term.end <= len(text)
        assert term.key


@pytest.mark.parametrize(
    "forms",
    [
        "limit limits",
        "calibrate calibrated calibration",
        "policy policies",
        "reimburse reimbursement reimbursed",
        "approve approval approved",
        "run running runs",
        "travel travelled travelling",
        "pay payment payments",
        "Kosten kostet",
        "captura capturas capturado",
    ],
)
def test_the_forms_of_a_word_are_one(forms: str) -> None:
    assert len({stem(fold(form)) for form in forms.split()}) == 1


@pytest.mark.parametrize("words", ["maternity paternity", "X-100 X-200"])
def test_different_words_stay_apart(words: str) -> None:
    assert len(set(keys(words))) > 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("1,090.00", "1090"), ("1.090,50", "1090.5"), ("1'000", "1000"), ("3,5", "3.5"), ("007", "7"), ("2.50", "2.5")],
)
def test_numbers_are_one_however_they_are_written(one: str, other: str) -> None:
    assert number(one) == number(other)


def test_number_words_are_numbers() -> None:
    assert keys("six sechs seis") == ["6", "6", "6"]


def test_codes_are_kept_whole_and_words_are_not() -> None:
    assert [(term.key, term.kind) for term in terms("The X-200 and a well-known ISO")][1:] == [
        ("x200", "code"),
        ("and", "word"),
        ("a", "word"),
        ("well", "word"),
        ("know", "word"),
        ("iso", "code"),
    ]


def test_names_begin_with_a_capital_inside_a_sentence() -> None:
    kinds = {term.key: term.kind for term in terms("Hotels near Vancouver. Meals there.")}
    assert (kinds["hotel"], kinds["vancouv"], kinds["meal"]) == ("word", "name", "word")


@pytest.mark.parametrize(
    ("question", "matter"),
    [
        ("How many days of leave do I get?", ["day", "leav", "get"]),
        ("谁批准年假申请？", ["批准", "准年", "年假", "假申", "申请"]),
        ("地震計ノードの代替機は何台ありますか。", ["地震", "震計", "ノード", "代替", "替機"]),
        ("Was kostet die Karte?", ["kost", "kart"]),
        ("What is it?", []),
    ],
)
def test_only_what_carries_the_matter_is_content(question: str, matter: list[str]) -> None:
    assert [term.key for term in content_terms(question)] == matter


def test_a_long_word_is_read_in_linear_time() -> None:
    assert terms("a" * 300_000 + "-" * 1000)
    assert terms("a-" * 200_000)
