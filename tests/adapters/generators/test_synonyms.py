"""Other words for the same."""

from __future__ import annotations

import pytest

from outcrop.adapters.generators.synonyms import synonyms
from outcrop.core.terms import content_terms


def key(word):
    return content_terms(word)[0].key


@pytest.mark.parametrize(("one", "other"), [("price", "cost"), ("holiday", "leave"), ("buy", "purchase")])
def test_words_for_the_same_name_each_other(one, other):
    assert key(other) in synonyms(key(one))
    assert key(one) in synonyms(key(other))


def test_a_word_is_no_synonym_of_itself_and_an_unknown_one_has_none():
    assert key("price") not in synonyms(key("price"))
    assert synonyms("zzyzx") == frozenset()
