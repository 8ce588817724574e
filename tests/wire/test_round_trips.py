"""What botocore writes is parsed back, and what we render botocore reads back: for every operation of the models."""

from __future__ import annotations

import json
import re
import string
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.eventstream import EventStreamBuffer
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.patterns import portable

from outcrop.bedrock import ops, route, spec  # noqa: F401 # ops fills the table
from outcrop.bedrock.check import WHOLE
from outcrop.bedrock.eventstream import event
from outcrop.bedrock.parse import Request, parser
from outcrop.bedrock.render import CHECKER, checked, renderer, to_json
from outcrop.bedrock.table import TABLE

SESSION = botocore.session.get_session()
OPERATIONS = [
    pytest.param(service, name, id=f"{service}.{name}")
    for service in spec.SERVICES
    for name in spec.service(service).operations
]
DEEPEST = 4
SEEDS = 2


class Generator:
    """Makes values of shapes that satisfy all their constraints, by the choices of a random source.

    `share` of the members that may be left out are there; with 1, the value is full.
    """

    def __init__(self, random, share=0.6):
        self.random = random
        self.share = share

    def value(self, shape, accepts=WHOLE, depth=0):  # noqa: PLR0911 # one for each type of shape
        if shape.type in ("structure", "list", "map"):
            return getattr(self, shape.type)(shape, accepts, depth)
        traits = shape.traits
        low, high = traits.get("min", 0), traits.get("max", 10**6)
        match shape.type:
            case "string":
                return self.string(traits, low, high)
            case "blob":
                return self.random.randbytes(self.random.randint(low, min(high, low + 8)))
            case "boolean":
                return self.random.random() < 0.5
            case "timestamp":
                return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=self.random.randrange(10**8))
            case "integer" | "long":
                return self.random.randint(int(low), int(min(high, low + 1000)))
        return self.random.choice([float(low), (low + min(high, low + 1)) / 2])

    def structure(self, shape, accepts, depth):
        if shape.is_document:
            return self.random.choice([0, "text", True, [], [1, {"a": None}], {"b": {"c": [1.5]}}])
        names = [name for name in shape.members if "**" in accepts or name in accepts]
        if shape.is_union:
            shallow = [name for name in names if shape.members[name].shape.type not in ("list", "map")]
            chosen = [self.random.choice(names if depth < DEEPEST or not shallow else shallow)]
        else:
            more = depth < DEEPEST
            chosen = [name for name in names if name in shape.required or (more and self.random.random() < self.share)]
        below = {name: WHOLE if "**" in accepts else accepts[name] for name in chosen}
        return {name: self.value(shape.members[name].shape, below[name], depth + 1) for name in chosen}

    def list(self, shape, accepts, depth):
        low, high = shape.traits.get("min", 0), shape.traits.get("max", 9)
        size = self.random.randint(low, max(low, min(high, low + (2 if depth < DEEPEST else 0))))
        return [self.value(shape.item, accepts, depth + 1) for _ in range(size)]

    def map(self, shape, accepts, depth):
        size = min(shape.traits.get("min", 0) + 1, shape.traits.get("max", 9))
        return {self.value(shape.key): self.value(shape.item, accepts, depth + 1) for _ in range(size)}

    def string(self, traits, low, high):
        if "enum" in traits:
            return self.random.choice(traits["enum"])
        if "pattern" not in traits:
            return "".join(self.random.choices(PLAIN, k=self.random.randint(low, min(high, low + 10))))
        tree = tree_of(traits["pattern"])
        for stretch in range(200):
            text = self.match(tree, stretch)
            # Some patterns go on after their end ("...$).*"), where only nothing fits.
            if low <= len(text) <= high and re.fullmatch(portable(traits["pattern"]), text):
                return text
        raise AssertionError(f"No text found for {traits}")

    def match(self, tree, stretch):
        """A text that a parsed pattern matches; repetitions grow with `stretch`."""
        return "".join(self.part(kind, argument, stretch) for kind, argument in tree)

    def part(self, kind, argument, stretch):  # noqa: C901, PLR0911 # one for each kind of part
        match str(kind):
            case "LITERAL":
                return chr(argument)
            case "NOT_LITERAL":
                return "a" if argument != ord("a") else "b"
            case "ANY":
                return "a"
            case "IN":
                return self.one_of(argument)
            case "BRANCH":
                return self.match(self.random.choice(argument[1]), stretch)
            case "SUBPATTERN":
                return self.match(argument[3], stretch)
            case "MAX_REPEAT":
                low, high, inner = argument
                most = int(min(high, low + stretch))
                times = self.random.randint(min(most, low + stretch // 4), most)
                return "".join(self.match(inner, stretch) for _ in range(times))
            case "AT" | "ASSERT" | "ASSERT_NOT":
                return ""
        raise AssertionError(kind)

    def one_of(self, choices):
        """A character of a class."""
        return self.random.choice(members_of(class_of(choices)))


PLAIN = string.ascii_letters + string.digits + " -_.:/+=@,#[](){}*'\"!?%&"


def seeded(name, seed):
    """The same choices in every run; the first makes full values."""
    return Generator(Random(f"{name}{seed}"), share=0.6 if seed else 1)  # noqa: S311 # chance, not secrets


@cache
def tree_of(pattern):
    return re._parser.parse(portable(pattern))


@cache
def members_of(source):
    return [one for one in PLAIN if re.fullmatch(source, one)]


def class_of(choices):
    """The source of a parsed character class."""
    names = {"CATEGORY_DIGIT": r"\d", "CATEGORY_WORD": r"\w", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S"}
    names |= {"CATEGORY_NOT_WORD": r"\W", "CATEGORY_NOT_DIGIT": r"\D"}
    pieces = []
    for kind, argument in choices:
        match str(kind):
            case "NEGATE":
                pieces.append("^")
            case "LITERAL":
                pieces.append(re.escape(chr(argument)))
            case "RANGE":
                pieces.append(f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}")
            case "CATEGORY":
                pieces.append(names[str(argument)])
    return f"[{''.join(pieces)}]"


def sent(operation, parameters):
    """The request that botocore writes."""
    model = SESSION.get_service_model(operation.service.name).operation_model(operation.name)
    made = create_serializer("rest-json").serialize_to_request(parameters, model)
    prepare_request_dict(made, endpoint_url="http://localhost")
    prepared = create_request_object(made).prepare()
    address = urlsplit(prepared.url)
    return Request(
        method=prepared.method,
        raw_path=address.path,
        query=address.query,
        headers=tuple((name.lower(), str(value)) for name, value in prepared.headers.items()),
        body=prepared.body or b"",
    )


def without_empty_labels(operation, parameters):
    """Labels may not be empty, whatever their shapes allow, nor dots, which are not sent as such."""
    named = [member.name for member in operation.input.members.values() if member.location == "uri"]
    return all(parameters[name].strip(".") for name in named)


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_requests_are_parsed_back(service, name):
    operation = spec.operation(service, name)
    if operation.takes_stream:
        pytest.skip("The request is a stream of events, which boto3 cannot send.")
    for seed in range(SEEDS):
        check_request(operation, parser(operation), seeded(name, seed).value(operation.input))


@pytest.mark.parametrize(("service", "name"), list(TABLE))
def test_requests_of_offered_operations_are_parsed_back(service, name):
    entry = TABLE[service, name]

    @settings(deadline=None)
    @given(st.randoms(use_true_random=False))
    def holds(random):
        given_members = Generator(random).value(entry.operation.input, entry.accepts)
        check_request(entry.operation, entry.parse, given_members)

    holds()


def check_request(operation, parse, parameters):
    for member in operation.input.members.values():  # an empty label is not sent, nor one of dots alone
        if member.location == "uri" and not parameters[member.name].strip("."):
            parameters[member.name] = "x"
    request = sent(operation, parameters)
    found = route.find(request.method, f"/{operation.service.name}{request.raw_path}")
    assert found is not None
    assert found.operation is operation
    located = {member.name for member in operation.input.members.values() if member.location == "querystring"}
    dropped = {name for name, value in parameters.items() if name in located and value == []}  # nothing is sent
    kept = {name: value for name, value in parameters.items() if name not in dropped}
    if dropped & set(operation.input.required):
        return
    assert parse(request, found.labels) == {**blank(operation.input), **kept}


def blank(shape):
    """A body that is left out is no bytes."""
    return {shape.payload.name: b""} if shape.payload and shape.payload.shape.type == "blob" else {}


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_replies_are_read_back(service, name):
    operation = spec.operation(service, name)
    for seed in range(SEEDS):
        (check_events if operation.streams else check_reply)(operation, seeded(name, seed))


@pytest.mark.parametrize(("service", "name"), list(TABLE))
def test_replies_of_offered_operations_are_read_back(service, name):
    operation = spec.operation(service, name)

    @settings(deadline=None)
    @given(st.randoms(use_true_random=False))
    def holds(random):
        (check_events if operation.streams else check_reply)(operation, Generator(random))

    holds()


def check_reply(operation, generator):
    result = generator.value(operation.output)
    reply = renderer(operation)(result)
    payload = operation.output.payload
    if payload and payload.shape.type == "blob":
        assert reply.body == result[payload.name]
        return
    model = SESSION.get_service_model(operation.service.name).operation_model(operation.name)
    raw = {"status_code": reply.status, "headers": dict(reply.headers), "body": reply.body}
    read = create_parser("rest-json").parse(raw, model.output_shape)
    read.pop("ResponseMetadata")
    empty = {payload.name: {}} if payload else {}
    assert {**empty, **read} == {**empty, **result}


def check_events(operation, generator):
    """Every kind of event of a stream is read back."""
    stream = operation.output.payload.shape
    model = SESSION.get_service_model(operation.service.name).operation_model(operation.name)
    shape = model.output_shape.members[operation.output.payload.name]
    for name, member in stream.members.items():
        if member.shape.traits.get("exception"):
            continue
        value = generator.value(member.shape)
        buffer = EventStreamBuffer()
        buffer.add_data(event(name, to_json(checked(CHECKER.check(stream), {name: value})[name])))
        [message] = buffer
        read = create_parser("rest-json")._event_stream_parser.parse(message.to_response_dict(), shape)
        assert read == {name: value}


def test_documents_are_free():
    given_filter = {"equals": {"key": "a", "value": {"b": [1, None, {"c": "d"}]}}}
    request = Request(
        method="POST",
        raw_path="/",
        query="",
        headers=(),
        body=json.dumps(
            {
                "retrievalQuery": {"text": "x"},
                "retrievalConfiguration": {"vectorSearchConfiguration": {"filter": given_filter}},
            }
        ).encode(),
    )
    operation = spec.operation("bedrock-agent-runtime", "Retrieve")
    parsed = parser(operation)(request, {"knowledgeBaseId": "HANDBOOK01"})
    assert parsed["retrievalConfiguration"]["vectorSearchConfiguration"]["filter"] == given_filter
