"""The terms of texts and queries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.adapters.vector_stores.analysis import (
    MAX_QUERY_TERMS,
    MAX_TERM,
    document_terms,
    query_terms,
)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The Cat", ["the", "cat"]),
        ("Computing", ["computing", "compu*"]),
        ("E-4012", ["e", "4012", "e4012"]),
        ("snake_case", ["snake", "case", "snakecase"]),
        ("getURL", ["get", "url", "geturl"]),
        ("1,234.5", ["1", "234", "5", "12345"]),
        ("a@b.org", ["a", "b", "org", "aborg"]),
        ("Größe", ["große".replace("ß", "ss").replace("ö", "o"), "gross*"]),
        ("東京都", ["東京", "京都", "東", "京", "都"]),
        ("iPhone手機", ["i", "phone", "手機", "手", "機", "iphone手機"]),
        ("١٢٣", ["123"]),
        ("soft\u00adhyphen", ["softhyphen", "softh*"]),
        ("--- ... !!!", []),
    ],
)
def test_terms_of_a_text(text, terms):
    assert document_terms(text) == terms


def test_a_query_asks_for_pairs_and_for_a_single_character_only_where_it_stands_alone():
    assert query_terms("東京都") == ["東京", "京都"]
    assert query_terms("都") == ["都"]


@given(st.text(max_size=300))
def test_every_query_is_answered_by_its_own_text(text):
    assert set(query_terms(text)) <= set(document_terms(text))


@given(st.text(max_size=300))
def test_case_does_not_matter_to_folded_scripts(text):
    plain = "".join(c for c in text if c.isascii() and (c.islower() or c == " "))
    assert document_terms(plain) == document_terms(plain.upper())


def test_terms_and_queries_are_bounded():
    assert all(len(term) <= MAX_TERM for term in document_terms("x" * 10_000))
    assert len(query_terms(" ".join(f"w{i}" for i in range(3000)))) == MAX_QUERY_TERMS
