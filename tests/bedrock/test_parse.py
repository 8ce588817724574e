"""Requests are validated whole, and every message names the member."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcrop.bedrock import spec
from outcrop.bedrock.constraints import portable
from outcrop.bedrock.parse import Malformed, Request, parser
from outcrop.core.errors import Invalid, OutcropError


def request(body=b"", query="", headers=()):
    return Request(method="POST", raw_path="/", query=query, headers=tuple(headers), body=body)


def parsed(service, name, given=None, *, labels=None, query="", headers=()):
    body = given if isinstance(given, bytes) else b"" if given is None else json.dumps(given).encode()
    return parser(spec.operation(service, name))(request(body, query, headers), labels or {})


def complaint(*arguments, **options):
    with pytest.raises(Invalid) as raised:
        parsed(*arguments, **options)
    return raised.value.message


RETRIEVE = ("bedrock-agent-runtime", "Retrieve")
BASE = {"knowledgeBaseId": "HANDBOOK01"}


def test_every_problem_is_in_one_message():
    given = {
        "retrievalConfiguration": {
            "vectorSearchConfiguration": {"numberOfResults": 0, "overrideSearchType": 5, "colour": "red"}
        }
    }
    message = complaint(*RETRIEVE, given, labels={"knowledgeBaseId": "short"})
    for part in (
        "vectorSearchConfiguration.numberOfResults must be at least 1, not 0.",
        "vectorSearchConfiguration.overrideSearchType must be a string, not a whole number.",
        "vectorSearchConfiguration.colour is no member of KnowledgeBaseVectorSearchConfiguration",
        "knowledgeBaseId must have at least 10 characters, not 5.",
        "retrievalQuery is required.",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("where", "named"),
    [
        ({}, "filter must have exactly one of its members"),
        ({"equals": {"key": "a", "value": 1}, "in": {"key": "a", "value": [1]}}, "exactly one of its members"),
        ({"andAll": [{"equals": {"key": "a", "value": 1}}]}, "filter.andAll must have at least 2 members, not 1."),
        ({"andAll": [{"equals": {"key": "a"}}, 3]}, "filter.andAll[0].equals.value is required."),
        ({"andAll": [{"equals": {"key": "a"}}, 3]}, "filter.andAll[1] must be an object, not a whole number."),
        ({"equals": {"key": "x" * 101, "value": 1}}, "filter.equals.key must have at most 100 characters, not 101."),
    ],
)
def test_filters_are_checked_to_their_leaves(where, named):
    given = {
        "retrievalQuery": {"text": "x"},
        "retrievalConfiguration": {"vectorSearchConfiguration": {"filter": where}},
    }
    assert named in complaint(*RETRIEVE, given, labels=BASE)


@pytest.mark.parametrize(
    "body",
    [b"{", b"[1", b'{"a": NaN}', b'{"a": "\\ud800"}', b"\xff", b"[" * 100_000, b'{"a":' * 300 + b"1" + b"}" * 300],
)
def test_what_is_not_json_is_malformed(body):
    with pytest.raises(Malformed, match="not JSON"):
        parsed(*RETRIEVE, body, labels=BASE)


@pytest.mark.parametrize("body", [b"3", b"[]", b'"x"', b"null0"])
def test_a_body_must_be_an_object(body):
    with pytest.raises(OutcropError):
        parsed(*RETRIEVE, body, labels=BASE)


def test_a_member_of_the_path_does_not_travel_in_the_body():
    assert "travels in the uri" in complaint(*RETRIEVE, {**BASE, "retrievalQuery": {"text": "x"}}, labels=BASE)


def test_null_is_as_good_as_nothing():
    assert parsed(*RETRIEVE, {"retrievalQuery": {"text": "x"}, "nextToken": None}, labels=BASE) == {
        **BASE,
        "retrievalQuery": {"text": "x"},
    }


def test_queries_are_converted_and_checked():
    listing = ("bedrock", "ListModelCustomizationJobs")
    given = parsed(*listing, query="maxResults=5&creationTimeAfter=2026-01-31T12%3A00%3A00Z&nameContains=a")
    assert given == {
        "maxResults": 5,
        "creationTimeAfter": datetime(2026, 1, 31, 12, tzinfo=UTC),
        "nameContains": "a",
    }
    message = complaint(
        *listing, query="maxResults=five&creationTimeAfter=soon&colour=red&nameContains=a&nameContains=b"
    )
    for part in (
        "maxResults must be a whole number, not a string.",
        "creationTimeAfter must be a time such as",
        "The query has no parameter colour.",
        "nameContains is given 2 times.",
    ):
        assert part in message


def test_lists_in_a_query_have_one_text_a_member():
    given = parsed("bedrock-agent-runtime", "UntagResource", query="tagKeys=a&tagKeys=b", labels=ARN)
    assert given["tagKeys"] == ["a", "b"]


ARN = {"resourceArn": "arn:aws:bedrock:us-east-1:123456789012:session/00000000-0000-0000-0000-000000000000"}


def test_a_blob_that_is_the_body_is_taken_as_it_is():
    given = parsed("bedrock-runtime", "InvokeModel", b"\x00raw", labels={"modelId": "a.b"}, headers=[("accept", "x/y")])
    assert given == {"body": b"\x00raw", "modelId": "a.b", "accept": "x/y"}


def test_a_blob_in_the_body_is_base64():
    query = {"image": {"format": "png", "inlineContent": "not base64!"}}
    assert "inlineContent must be bytes in base64" in complaint(*RETRIEVE, {"retrievalQuery": query}, labels=BASE)


@settings(deadline=None)  # the ranges are computed once
@given(st.text(max_size=20))
def test_unicode_categories_in_patterns_are_understood(text):
    import re
    import unicodedata

    letters = re.compile(portable(r"^\p{L}[\p{L}0-9_]*$"))
    expected = bool(text) and all(
        unicodedata.category(one).startswith("L") or (place and one in "0123456789_") for place, one in enumerate(text)
    )
    assert bool(letters.fullmatch(text)) is expected
    plain = not any(unicodedata.category(one).startswith("C") for one in text)
    assert bool(re.fullmatch(portable(r"^\P{C}*$"), text)) is plain
