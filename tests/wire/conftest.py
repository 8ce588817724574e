"""The oracle: botocore's own parsers and validators, and the constraints that they leave out, judge every reply."""

from __future__ import annotations

import json
import re
from functools import cache

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.validate import ParamValidator
from tests.wire.patterns import portable

from outcrop.bedrock.app import bedrock_app
from outcrop.testing.serving import served
from outcrop.testing.small import KEY_ID, SECRET

COMMON_ERRORS = {
    "UnrecognizedClientException": 403,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "IncompleteSignatureException": 403,
    "UnknownOperationException": 404,
    "RequestEntityTooLargeException": 413,
    "SerializationException": 400,
    "NotImplementedException": 501,
}


@pytest.fixture(scope="session")
def service_model():
    return model_of


@cache
def model_of(service):
    return botocore.session.get_session().get_service_model(service)


@pytest.fixture
def server(services):
    with served(lambda: bedrock_app(services)) as running:
        yield running


@pytest.fixture
def client(server):
    """Makes real, unmodified clients, each of whose replies is judged."""
    made = []

    def make(service, **options):
        options = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET, **options}
        one = boto3.client(
            service,
            endpoint_url=options.pop("endpoint_url", server.url),
            region_name=options.pop("region_name", "eu-central-1"),
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=20),
            **options,
        )
        one.meta.events.register("before-parse", judge_raw)
        one.meta.events.register("after-call", judge_parsed)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture
def judged():
    return judge_value


def judge_raw(operation_model, response_dict, **_):
    """The status, the headers and what botocore would silently drop."""
    headers, status = response_dict["headers"], response_dict["status_code"]
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-amzn-requestid"])
    if status >= 300:
        judge_error(operation_model, status, headers, json.loads(response_dict["body"]))
    elif operation_model.has_streaming_output:  # the body is the model's own
        assert status == operation_model.http.get("responseCode", 200)
    elif not operation_model.has_event_stream_output:
        assert status == operation_model.http.get("responseCode", 200)
        assert headers["content-type"] == "application/json"
        body = json.loads(response_dict["body"])
        shape = operation_model.output_shape
        in_body = {name for name, one in shape.members.items() if "location" not in one.serialization}
        assert body.keys() <= in_body
        for name, value in body.items():
            judge_value(value, shape.members[name], name)


def judge_error(operation_model, status, headers, body):
    name = headers["x-amzn-errortype"]
    assert body["__type"] == name
    assert isinstance(body["message"], str)
    assert body["message"]
    shapes = {shape.name: shape for shape in operation_model.service_model.error_shapes}
    expected = shapes[name].metadata["error"]["httpStatusCode"] if name in shapes else COMMON_ERRORS[name]
    assert status == expected


def judge_parsed(http_response, parsed, model, **_):
    if http_response.status_code >= 300 or model.has_event_stream_output:
        return
    given = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    report = ParamValidator().validate(given, model.output_shape)
    assert not report.has_errors(), report.generate_report()


def judge_value(value, shape, at):
    """What botocore does not check: unknown members, enums, patterns, maxima, one member a union."""
    if getattr(shape, "is_document_type", False):
        return
    if shape.type_name == "structure":
        assert value.keys() <= shape.members.keys(), at
        assert not getattr(shape, "is_tagged_union", False) or len(value) == 1, at
        for name, one in value.items():
            judge_value(one, shape.members[name], f"{at}.{name}")
    elif shape.type_name == "list":
        for one in value:
            judge_value(one, shape.member, f"{at}[]")
    elif shape.type_name == "map":
        for name, one in value.items():
            judge_value(name, shape.key, f"{at} key")
            judge_value(one, shape.value, f"{at}.{name}")
    judge_constraints(value, shape, at)


def judge_constraints(value, shape, at):
    metadata = shape.metadata
    size = value if isinstance(value, int | float) else len(value) if hasattr(value, "__len__") else None
    if shape.type_name == "structure" or isinstance(value, bool) or size is None:
        return
    assert metadata.get("min", size) <= size <= metadata.get("max", size), at
    if shape.type_name == "string" and "enum" in metadata:
        assert value in metadata["enum"], at
    if shape.type_name == "string" and "pattern" in metadata:
        assert re.fullmatch(portable(metadata["pattern"]), value), at
