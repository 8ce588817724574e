"""Metadata filters: Bedrock's comparisons on text, numbers, truth, lists and what is absent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.core.errors import Invalid
from outcrop.core.filters import AllOf, AnyOf, Compare, all_of, equals, from_json, matches, one_of, to_json

FIELDS = {"team": "field", "year": 2026, "price": 12.5, "draft": True, "tags": ["pump", "oil"]}
values = st.one_of(st.text(max_size=5), st.integers(-5, 5), st.booleans(), st.floats(-5, 5))
keys = st.sampled_from(["team", "year", "draft", "tags", "absent", "a.b", "quote'\"; --", "ключ"])
comparisons = st.one_of(
    st.builds(Compare, st.sampled_from(["equals", "notEquals"]), keys, values),
    st.builds(Compare, st.sampled_from(["in", "notIn"]), keys, st.lists(values, max_size=3).map(tuple)),
    st.builds(Compare, st.sampled_from(["startsWith", "stringContains"]), keys, st.text(max_size=3)),
    st.builds(Compare, st.sampled_from(["lessThan", "greaterThanOrEquals"]), keys, st.one_of(st.integers(), st.text())),
)
trees = st.recursive(
    comparisons,
    lambda inner: st.builds(
        lambda kind, parts: kind(tuple(parts)), st.sampled_from([AllOf, AnyOf]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("equals", "team", "field", True),
        ("equals", "team", "Field", False),
        ("equals", "year", 2026.0, True),
        ("equals", "draft", 1, False),
        ("notEquals", "team", "lab", True),
        ("greaterThan", "year", 2025, True),
        ("greaterThan", "year", 2026, False),
        ("greaterThanOrEquals", "year", 2026, True),
        ("lessThan", "price", 12.6, True),
        ("lessThanOrEquals", "price", 12.4, False),
        ("lessThan", "team", 5, False),
        ("in", "year", (2025, 2026), True),
        ("notIn", "year", (2025,), True),
        ("startsWith", "team", "fi", True),
        ("startsWith", "year", "20", False),
        ("listContains", "tags", "oil", True),
        ("listContains", "tags", "oi", False),
        ("listContains", "team", "field", False),
        ("stringContains", "team", "iel", True),
        ("stringContains", "tags", "um", True),
    ],
)
def test_a_comparison_means_what_bedrock_says(operator, key, value, expected):
    assert matches(Compare(operator, key, value), FIELDS) is expected


@pytest.mark.parametrize(
    "operator", ["equals", "greaterThan", "lessThan", "startsWith", "listContains", "stringContains"]
)
def test_an_absent_field_satisfies_no_positive_comparison(operator):
    assert not matches(Compare(operator, "absent", "x"), FIELDS)


def test_an_absent_field_is_different_from_everything():
    assert matches(Compare("notEquals", "absent", "x"), FIELDS)
    assert matches(Compare("notIn", "absent", ("x",)), FIELDS)


def test_no_filter_lets_everything_through():
    assert matches(None, FIELDS)
    assert all_of(None, None) is None


@given(trees)
def test_a_filter_survives_its_json_form(tree):
    assert matches(from_json(to_json(tree)), FIELDS) == matches(tree, FIELDS)


@given(trees, trees)
def test_all_of_is_and_and_any_of_is_or(left, right):
    both = matches(left, FIELDS), matches(right, FIELDS)
    assert matches(AllOf((left, right)), FIELDS) == all(both)
    assert matches(AnyOf((left, right)), FIELDS) == any(both)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ([], "filter must be an object"),
        ({"like": {"key": "a", "value": "b"}}, "filter.like is no comparison"),
        ({"equals": {"key": "a"}}, "filter.equals must be an object with the members key"),
        ({"in": {"key": "a", "value": "b"}}, "filter.in.value must be list"),
        ({"andAll": []}, "filter.andAll must be a list"),
        ({"andAll": [{"equals": {"key": "a", "value": 1}}, {"x": 1}]}, "filter.andAll[1].x is no comparison"),
        ({"startsWith": {"key": "a", "value": 3}}, "filter.startsWith.value must be text"),
    ],
)
def test_what_is_no_filter_is_refused_with_the_place(data, where):
    with pytest.raises(Invalid) as error:
        from_json(data)
    assert where in error.value.message


def test_a_filter_that_is_too_deep_or_too_large_is_refused():
    deep = {"equals": {"key": "a", "value": 1}}
    for _ in range(20):
        deep = {"andAll": [deep]}
    with pytest.raises(Invalid, match="too large"):
        from_json(deep)
    with pytest.raises(Invalid, match="too large"):
        from_json({"orAll": [{"equals": {"key": "a", "value": 1}}] * 501})


def test_shorthands_make_comparisons():
    assert equals("a", 1) == Compare("equals", "a", 1)
    assert one_of("a", [1, 2]) == Compare("in", "a", (1, 2))
