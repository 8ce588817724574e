"""A question is taken apart: its words, which of them nothing can stand for, and the sentence that asks."""

from __future__ import annotations

import pytest

from outcrop.adapters.generators.asked import asked, matched
from outcrop.core.terms import content_terms


def strict(question):
    found = asked(question)
    return {surface for surface, one in zip(found.surfaces, found.strict, strict=True) if one}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What does the X-200 cost?", {"x-200"}),
        ("How many people work for Anna Keller?", {"anna", "keller"}),
        ("How many days were there in 2024?", {"2024"}),
        ("Is 7 kg too heavy?", set()),
        ("Wie viele Tage Urlaub hat ein Mitarbeiter?", set()),
    ],
)
def test_codes_names_and_numbers_are_strict(question, words):
    assert strict(question) == words


def test_the_last_sentence_with_a_question_mark_is_the_point():
    question = "I work in Rome. Who pays my train?"
    found = asked(question)
    assert question[found.point[0] : found.point[1]].strip() == "Who pays my train?"
    assert next(found.to_the_point(word) for word in found.words) is False


def key(word):
    return content_terms(word)[0]


@pytest.mark.parametrize(
    ("word", "other", "least", "most"),
    [
        ("leave", "leave", 1.0, 1.0),
        ("price", "cost", 0.85, 0.95),
        ("Urlaubstage", "Urlaub", 0.8, 0.9),
        ("canteen", "train", 0.0, 0.0),
        ("X-200", "X-300", 0.0, 0.0),
    ],
)
def test_how_far_a_word_is_there(word, other, least, most):
    assert least <= matched(key(word), frozenset({key(other).key})) <= most
