"""The oracle notices what botocore overlooks."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from botocore.eventstream import ChecksumMismatch
from tests.wire.oracle import STREAM, Judge, judge_parsed, judge_raw, service_model

from outcrop.bedrock.eventstream import event, frame

ID = "0" * 32
RESULT = {"content": {"text": "x"}, "location": {"type": "S3"}, "metadata": {"a": {"b": None}}, "score": 1.0}


def operation(service, name):
    return service_model(service).operation_model(name)


RETRIEVE = operation("bedrock-agent-runtime", "Retrieve")
STREAMED = operation("bedrock-agent-runtime", "RetrieveAndGenerateStream")


def raw(body, status=200, **headers):
    given = {"x-amzn-requestid": ID, "content-type": "application/json", **headers}
    return {"status_code": status, "headers": given, "body": json.dumps(body).encode()}


def judged(operation_model, reply):
    judge_raw(operation_model, reply)


def test_a_right_reply_passes():
    judged(RETRIEVE, raw({"retrievalResults": [RESULT], "nextToken": "abc"}))


@pytest.mark.parametrize(
    "reply",
    [
        raw({}),
        raw({"retrievalResults": [], "more": 1}),
        raw({"retrievalResults": [{**RESULT, "colour": "red"}]}),
        raw({"retrievalResults": [{**RESULT, "score": "1"}]}),
        raw({"retrievalResults": [{**RESULT, "score": None}]}),
        raw({"retrievalResults": [{**RESULT, "location": {"type": "FLOPPY"}}]}),
        raw({"retrievalResults": [{**RESULT, "location": {}}]}),
        raw({"retrievalResults": [{**RESULT, "metadata": {"k" * 101: 1}}]}),
        raw({"retrievalResults": [], "nextToken": "with spaces"}),
        raw({"retrievalResults": [], "nextToken": ""}),
        raw({"retrievalResults": {}}),
        raw({"retrievalResults": []}, status=202),
        raw({"retrievalResults": []}, **{"content-type": "text/plain"}),
        raw({"retrievalResults": []}, **{"x-amzn-requestid": "1"}),
    ],
)
def test_a_wrong_reply_is_noticed(reply):
    with pytest.raises(AssertionError):
        judged(RETRIEVE, reply)


@pytest.mark.parametrize(
    ("status", "body", "named"),
    [
        (409, {"message": "m", "__type": "ValidationException"}, "ValidationException"),
        (400, {"message": "", "__type": "ValidationException"}, "ValidationException"),
        (400, {"message": "m"}, "ValidationException"),
        (400, {"message": "m", "__type": "ConflictException"}, "ValidationException"),
        (500, {"message": "Traceback (most recent call last)", "__type": "InternalServerException"},
         "InternalServerException"),
    ],
)  # fmt: skip
def test_a_wrong_error_is_noticed(status, body, named):
    with pytest.raises(AssertionError):
        judged(RETRIEVE, raw(body, status, **{"x-amzn-errortype": named}))


def test_an_error_that_no_service_knows_is_noticed():
    with pytest.raises(KeyError):
        judged(RETRIEVE, raw({"message": "m", "__type": "Oops"}, 400, **{"x-amzn-errortype": "Oops"}))


def test_two_members_of_a_union_are_noticed():
    shape = service_model("bedrock-agent-runtime").shape_for("RetrievalFilter")
    one = {"key": "a", "value": 1}
    with pytest.raises(AssertionError, match="union"):
        Judge().value({"equals": one, "notEquals": one}, shape, "filter")


def test_a_declared_extension_passes():
    shape = service_model("bedrock-agent").shape_for("DataSourceConfiguration")
    Judge({"DataSourceType": ("FOLDER",)}).value({"type": "FOLDER"}, shape, "configuration")
    with pytest.raises(AssertionError, match="FOLDER"):
        Judge().value({"type": "FOLDER"}, shape, "configuration")


def test_what_botocore_made_of_a_reply_is_validated():
    class Reply:
        status_code = 200

    with pytest.raises(AssertionError, match="retrievalResults"):
        judge_parsed(Reply, {"ResponseMetadata": {}}, RETRIEVE)


class Raw:
    def __init__(self, data):
        self._data = BytesIO(data)

    def stream(self):
        yield from iter(lambda: self._data.read(7), b"")


GOOD = event("output", b'{"text":"x"}')
LAST = frame(
    {":exception-type": "throttlingException", ":content-type": "application/json", ":message-type": "exception"},
    b'{"message":"slow"}',
)


def read(data, **headers):
    reply = raw({}, **{"content-type": STREAM, "x-amzn-bedrock-knowledge-base-session-id": "session", **headers})
    reply["body"] = Raw(data)
    judge_raw(STREAMED, reply)
    return b"".join(reply["body"].stream())


def test_a_right_stream_passes():
    assert read(GOOD * 2 + LAST) == GOOD * 2 + LAST


@pytest.mark.parametrize(
    "data",
    [
        GOOD + GOOD[:-3],
        LAST + GOOD,
        event("output", b'{"text":"x","more":1}'),
        event("output", b'{"text":5}'),
        event("throttlingException", b'{"message":"slow"}'),
        frame({":event-type": "output", ":content-type": "application/json"}, b"{}"),
        frame({":event-type": "output", ":content-type": "text/plain", ":message-type": "event"}, b"{}"),
    ],
)
def test_a_wrong_stream_is_noticed(data):
    with pytest.raises((AssertionError, KeyError)):
        read(data)


def test_a_wrong_checksum_is_noticed():
    with pytest.raises(ChecksumMismatch):
        read(GOOD[:-1] + b"\0")


def test_a_stream_without_its_session_is_noticed():
    with pytest.raises(AssertionError, match="sessionId"):
        read(GOOD, **{"x-amzn-bedrock-knowledge-base-session-id": None})
