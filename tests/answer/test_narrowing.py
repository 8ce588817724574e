"""A language model's filter is used only as far as it is one over the attributes that were named."""

from __future__ import annotations

import json

import pytest

from outcrop.adapters.generators.scripted import ScriptedGenerator
from outcrop.answer.narrowing import narrowed
from outcrop.core.answers import Attribute, ImplicitFilter
from outcrop.core.errors import Unsupported
from outcrop.core.filters import AllOf, AnyOf, Compare

WANTED = ImplicitFilter(
    model="writer",
    attributes=(
        Attribute(key="year", kind="NUMBER", description="the year"),
        Attribute(key="team", kind="STRING", description="the team"),
        Attribute(key="public", kind="BOOLEAN", description="whether all may read it"),
        Attribute(key="tags", kind="STRING_LIST", description="its topics"),
    ),
)


async def filter_of(reply):
    return await narrowed(ScriptedGenerator([reply]), "What was public in 2024?", WANTED)


@pytest.mark.parametrize(
    ("reply", "where"),
    [
        ('{"equals": {"key": "year", "value": 2024}}', Compare("equals", "year", 2024)),
        ('```json\n{"in": {"key": "team", "value": ["a", "b"]}}\n```', Compare("in", "team", ("a", "b"))),
        ('{"listContains": {"key": "tags", "value": "x"}}', Compare("listContains", "tags", "x")),
        (
            json.dumps({"andAll": [{"equals": {"key": "public", "value": True}}, {"orAll": [
                {"lessThan": {"key": "year", "value": 1}}, {"startsWith": {"key": "team", "value": "a"}},
            ]}]}),
            AllOf((
                Compare("equals", "public", value=True),
                AnyOf((Compare("lessThan", "year", 1), Compare("startsWith", "team", "a"))),
            )),
        ),
    ],
)  # fmt: skip
async def test_a_filter_over_the_attributes_is_used(reply, where):
    assert (await filter_of(reply))[0] == where


async def test_no_condition_is_no_filter():
    assert await filter_of("{}") == (None, "none")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("none", "no JSON object"),
        ('{"equals": {"key": "salary", "value": 1}}', "no attribute 'salary'"),
        ('{"equals": {"key": "year", "value": "2024"}}', "year is a NUMBER"),
        ('{"startsWith": {"key": "public", "value": "t"}}', "cannot be compared by startsWith"),
        ('{"in": {"key": "year", "value": [1, "x"]}}', "year is a NUMBER"),
        ('{"likes": {"key": "year", "value": 1}}', "no comparison"),
        ('{"equals": {"key": "year"}}', "members key"),
    ],
)
async def test_what_is_none_is_not_used_and_the_trace_says_why(reply, why):
    where, how = await filter_of(reply)
    assert where is None
    assert why in how


async def test_what_cannot_write_is_refused():
    class Quoting:
        model = "extractive:sentences"
        instructable = False

    with pytest.raises(Unsupported, match="choose a language model"):
        await narrowed(Quoting(), "What?", WANTED)
