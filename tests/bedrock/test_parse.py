"""Requests are validated whole, and every message names the member."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.bedrock import spec
from outcrop.bedrock.check import WHOLE
from outcrop.bedrock.constraints import matcher
from outcrop.bedrock.parse import Malformed, Request, WrongContentType, parser
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


@pytest.mark.parametrize(("fields", "refused"), [({}, False), ({"depth": 3}, True)])
def test_an_empty_map_that_is_not_supported_is_as_good_as_nothing(fields, refused):
    operation = spec.operation("bedrock-agent-runtime", "Rerank")
    accepts = {"rerankingConfiguration": {"bedrockRerankingConfiguration": {"modelConfiguration": {"modelArn": WHOLE}}}}
    model = {
        "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/some.model",
        "additionalModelRequestFields": fields,
    }
    given = {"rerankingConfiguration": {"bedrockRerankingConfiguration": {"modelConfiguration": model}}}
    with pytest.raises(Invalid) as raised:  # other members are missing
        parser(operation, accepts)(request(json.dumps(given).encode()), {})
    assert ("additionalModelRequestFields is not supported" in raised.value.message) is refused


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


@given(st.text(max_size=20))
def test_unicode_categories_in_patterns_are_understood(text):
    letters = matcher(r"^\p{L}[\p{L}0-9_]*$")
    expected = bool(text) and all(
        unicodedata.category(one).startswith("L") or (place and one in "0123456789_") for place, one in enumerate(text)
    )
    assert letters(text) is expected
    assert matcher(r"^\P{C}*$")(text) is not any(unicodedata.category(one).startswith("C") for one in text)


PATTERNS = sorted(
    {
        shape["pattern"]
        for service in spec.SERVICES
        for shape in spec.service(service).model["shapes"].values()
        if "pattern" in shape
    }
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_pattern_takes_long(pattern):
    for piece in ("a", "0", "-", "a-", "a.", " ", "{{a"):
        assert matcher(pattern)(piece * 2000 + "\0") in (True, False)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("[a-z]+|[0-9]{3}", "abc1", False),
        ("[a-z]+|[0-9]{3}", "123", True),
        ("^[a-z]$", "a\n", False),
        (r"^(?!\s*$).+", "  ", False),
        (r"^(?!\s*$).+", " a", True),
    ],
)
def test_a_pattern_matches_the_whole_text(pattern, text, matches):
    assert matcher(pattern)(text) is matches


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b'{"a": {"b": 1, "b": 2}}', "'b' is given twice"),
        (b'{"a": 1e999}', "is too large"),
        (b'{"a": ' + b"9" * 400 + b"}", "is too large"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        ('{"a": 1}'.encode("utf-16"), "not JSON"),
    ],
)
def test_what_parsers_read_differently_is_refused(body, complaint):
    with pytest.raises(Malformed, match=complaint):
        parsed(*RETRIEVE, body, labels=BASE)


@pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", "application/cbor", "; x"])
def test_a_body_that_is_declared_as_something_else_is_refused(declared):
    with pytest.raises(WrongContentType, match="must be application/json"):
        parsed(*RETRIEVE, {"retrievalQuery": {"text": "x"}}, labels=BASE, headers=[("content-type", declared)])


@pytest.mark.parametrize(
    "declared", ["application/json", "Application/JSON; charset=utf-8", "application/x-amz-json-1.1"]
)
def test_json_is_declared_in_several_ways(declared):
    given = {"retrievalQuery": {"text": "x"}}
    assert parsed(*RETRIEVE, given, labels=BASE, headers=[("content-type", declared)]) == {**BASE, **given}


def test_a_query_must_be_utf_8():
    with pytest.raises(Malformed, match="UTF-8"):
        parsed("bedrock", "ListModelCustomizationJobs", query="nameContains=%ff")


def test_a_message_lists_ten_problems():
    where = [{"equals": {"key": "a"}}] * 100_000
    message = complaint(
        *RETRIEVE,
        {
            "retrievalQuery": {"text": "x"},
            "retrievalConfiguration": {"vectorSearchConfiguration": {"filter": {"orAll": where}}},
        },
        labels=BASE,
    )
    assert message.count("is required.") == 10
    assert message.endswith("There may be more.")


@pytest.mark.parametrize(
    "moment",
    ["2026-01-31", "soon", "2026-01-31T12:00:00", "0001-01-01T00:00:00+23:00", "2026-02-30T12:00:00Z", "1e400"],
)
def test_a_time_is_rfc_3339(moment):
    message = complaint(
        "bedrock", "ListModelCustomizationJobs", query=f"creationTimeAfter={moment.replace('+', '%2B')}"
    )
    assert "creationTimeAfter must be a time such as 2026-01-31T12:00:00Z." in message


@pytest.mark.parametrize("value", [4e38, -4e38, 10**50])
def test_a_number_must_fit_its_shape(value):
    given = {"inferenceConfig": {"temperature": value}, "messages": []}
    assert "temperature must be" in complaint("bedrock-runtime", "Converse", given, labels={"modelId": "a.b"})
