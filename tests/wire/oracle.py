"""The oracle: judges every reply that a boto3 client gets by botocore's own models, parsers and validators.

botocore reads generously: it drops members that it does not know, and checks no enum, pattern or maximum. So the raw
reply is judged first (status, headers, every member against its shape), then what botocore made of it, and of a
stream of events every frame, whose two checksums botocore compares.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from functools import cache
from types import SimpleNamespace

import botocore.session
from botocore.eventstream import EventStreamBuffer
from botocore.validate import ParamValidator
from tests.wire.patterns import portable

from outcrop.bedrock import ops  # noqa: F401 # fills the table
from outcrop.bedrock.table import TABLE

COMMON_ERRORS = {
    "UnrecognizedClientException": 403,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "IncompleteSignatureException": 403,
    "UnknownOperationException": 404,
    "RequestEntityTooLargeException": 413,
    "UnsupportedMediaTypeException": 415,
    "SerializationException": 400,
    "NotImplementedException": 501,
}
JSON = "application/json"
STREAM = "application/vnd.amazon.eventstream"
EXCEPTION_HEADERS = {":exception-type", ":content-type", ":message-type"}
EVENT_HEADERS = {":event-type", ":content-type", ":message-type"}


@cache
def service_model(service):
    return botocore.session.get_session().get_service_model(service)


def attach(client):
    """Judge every reply that this client gets from now on; the client."""
    client.meta.events.register("before-parse", judge_raw)
    client.meta.events.register("after-call", judge_parsed)
    return client


def judge_raw(operation_model, response_dict, **_):
    """The reply as it came over the wire."""
    status, headers = response_dict["status_code"], response_dict["headers"]
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-amzn-requestid"])
    if status >= 300:
        judge_error(operation_model, status, headers, json.loads(response_dict["body"]))
        return
    assert status == operation_model.http.get("responseCode", 200)
    judge = Judge(extensions_of(operation_model))
    judge.headers(operation_model.output_shape, headers)
    if operation_model.has_event_stream_output:
        assert headers["content-type"] == STREAM
        response_dict["body"] = JudgedStream(response_dict["body"], operation_model, judge)
    else:
        judge.body(operation_model, headers, response_dict["body"])


def judge_error(operation_model, status, headers, body):
    """Its name, in header and body, its message, and the status that the service gives the name."""
    name = headers["x-amzn-errortype"]
    assert headers["content-type"] == JSON
    assert body.keys() >= {"__type", "message"}
    assert body["__type"] == name
    assert isinstance(body["message"], str)
    assert body["message"].strip()
    assert "Traceback" not in body["message"]
    shapes = {shape.name: shape for shape in operation_model.service_model.error_shapes}
    expected = shapes[name].metadata["error"]["httpStatusCode"] if name in shapes else COMMON_ERRORS[name]
    assert status == expected, name


def judge_parsed(http_response, parsed, model, **_):
    """What botocore made of it, by botocore's own validator."""
    if http_response.status_code < 300 and not model.has_event_stream_output:
        judge_valid({name: value for name, value in parsed.items() if name != "ResponseMetadata"}, model.output_shape)


def judge_valid(parameters, shape):
    if "body" in parameters and hasattr(parameters["body"], "read"):  # a blob that botocore hands on unread
        parameters = {**parameters, "body": b""}
    report = ParamValidator().validate(parameters, shape)
    assert not report.has_errors(), report.generate_report()


def extensions_of(operation_model):
    """What Outcrop declares that this operation's replies may hold beyond the model, by shape."""
    service = operation_model.service_model.service_name
    entry = TABLE.get((service, operation_model.name))
    return entry.extends if entry else {}


class Judge:
    """Judges JSON values by botocore's shapes: all that a model says of them."""

    def __init__(self, extends=None):
        self.extends = extends or {}

    def headers(self, shape, headers):
        """The members that travel in headers."""
        for name, member in (shape.members if shape else {}).items():
            if member.serialization.get("location") == "header":
                text = headers.get(member.serialization.get("name", name))
                assert text is not None or name not in shape.required_members, f"The header of {name} is missing."
                if text is not None:
                    self.value(int(text) if member.type_name in ("integer", "long") else text, member, name)

    def body(self, operation_model, headers, body):
        """The members that travel in the body."""
        shape, payload = operation_model.output_shape, None
        if shape is not None and "payload" in shape.serialization:
            payload = shape.members[shape.serialization["payload"]]
        if payload is not None and payload.type_name == "blob":
            return
        if operation_model.http.get("responseCode") == 204:
            assert body == b""
            return
        assert headers["content-type"] == JSON
        data = json.loads(body)
        if payload is not None:
            self.value(data, payload, shape.serialization["payload"])
        else:
            inner = {name: one for name, one in shape.members.items() if "location" not in one.serialization}
            self.members(data, inner, [name for name in shape.required_members if name in inner], "")

    def members(self, value, members, required, at):
        assert isinstance(value, dict), at
        assert value.keys() <= members.keys(), f"{at} has {value.keys() - members.keys()}, which the model has not."
        assert value.keys() >= set(required), f"{at} lacks {set(required) - value.keys()}."
        for name, one in value.items():
            self.value(one, members[name], f"{at}.{name}")

    def value(self, value, shape, at):
        """A value of any shape."""
        if getattr(shape, "is_document_type", False):
            return
        assert value is not None, f"{at} is null."
        getattr(self, f"_{shape.type_name}")(value, shape, at)

    def _structure(self, value, shape, at):
        self.members(value, shape.members, shape.required_members, at)
        if getattr(shape, "is_tagged_union", False):
            assert len(value) == 1, f"{at} is a union with {len(value)} members."

    def _list(self, value, shape, at):
        assert isinstance(value, list), at
        self._bounded(len(value), shape, at)
        for place, one in enumerate(value):
            self.value(one, shape.member, f"{at}[{place}]")

    def _map(self, value, shape, at):
        assert isinstance(value, dict), at
        self._bounded(len(value), shape, at)
        for name, one in value.items():
            self.value(name, shape.key, f"{at} key")
            self.value(one, shape.value, f"{at}.{name}")

    def _string(self, value, shape, at):
        assert isinstance(value, str), at
        self._bounded(len(value), shape, at)
        more = self.extends.get(shape.name, ())
        if "enum" in shape.metadata:
            begins = tuple(one.removesuffix("*") for one in more if one.endswith("*"))
            assert value in (*shape.metadata["enum"], *more) or value.startswith(begins), f"{at} is {value!r}."
        elif "pattern" in shape.metadata:
            patterns = (shape.metadata["pattern"], *more)
            assert any(re.fullmatch(portable(one), value) for one in patterns), f"{at} is {value!r}."

    def _integer(self, value, shape, at):
        assert isinstance(value, int), at
        assert not isinstance(value, bool), at
        self._bounded(value, shape, at)

    def _double(self, value, shape, at):
        assert isinstance(value, int | float), at
        assert not isinstance(value, bool), at
        self._bounded(value, shape, at)

    _long, _float = _integer, _double

    def _boolean(self, value, _, at):
        assert isinstance(value, bool), at

    def _blob(self, value, shape, at):
        self._bounded(len(base64.b64decode(value, validate=True)), shape, at)

    def _timestamp(self, value, shape, at):
        if shape.serialization.get("timestampFormat") == "iso8601":
            assert datetime.fromisoformat(value).tzinfo is not None, at
        else:
            self._double(value, SimpleNamespace(metadata={}), at)

    def _bounded(self, size, shape, at):
        low, high = shape.metadata.get("min", size), shape.metadata.get("max", size)
        assert low <= size <= high, f"{at} measures {size}, not {low} to {high}."


class JudgedStream:
    """The body of a stream of events, each frame of which is judged as it passes."""

    def __init__(self, raw, operation_model, judge):
        self._raw = raw
        self._buffer, self._judge = EventStreamBuffer(), judge
        self._shape = operation_model.get_event_stream_output()
        self._ended = False

    def __getattr__(self, name):
        return getattr(self._raw, name)

    def stream(self, *arguments, **options):
        """The pieces as they come."""
        for piece in self._raw.stream(*arguments, **options):
            self._buffer.add_data(piece)
            for message in self._buffer:  # compares both checksums
                self._frame(message.headers, message.payload)
            yield piece
        assert not self._buffer._data, "The stream ends within a frame."

    def _frame(self, headers, payload):
        assert not self._ended, "A frame follows the one that ended the stream."
        assert headers[":content-type"] == JSON
        self._ended = headers[":message-type"] == "exception"
        name = headers[":exception-type" if self._ended else ":event-type"]
        assert headers.keys() == (EXCEPTION_HEADERS if self._ended else EVENT_HEADERS)
        member, data = self._shape.members[name], json.loads(payload)
        assert bool(member.metadata.get("exception")) is self._ended, name
        if self._ended:
            assert data["message"].strip()
        else:
            self._judge.value(data, member, name)
