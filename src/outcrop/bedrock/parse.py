"""A request becomes an operation's parameters: each member from where it travels, all of it validated."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any
from urllib.parse import unquote_to_bytes

from pydantic_core import from_json

from outcrop.bedrock.check import NOTHING, WHOLE, Accepts, Check, Checker, Extends
from outcrop.bedrock.constraints import SHOWN, bounds, wrong_type
from outcrop.bedrock.spec import Member, Operation, Shape
from outcrop.core.errors import Invalid, OutcropError

MAX_PROBLEMS = 10  # that a message lists
JSON = "application/json"
JSON_TYPES = (JSON, "application/x-amz-json-1.0", "application/x-amz-json-1.1")


class Malformed(OutcropError):
    """The body is not JSON."""

    kind = "invalid"


class WrongContentType(OutcropError):
    """The body is declared as something else than JSON."""

    kind = "invalid"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it arrived: header names in lower case, `raw_path` and `query` still percent-encoded.

    `is_secure`: it came over TLS; `is_private`: that, or from this machine itself, so that nobody could read it.
    """

    method: str
    raw_path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_secure: bool = False
    is_private: bool = False

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value for key, value in self.headers if key == name), None)

    def pairs(self) -> list[tuple[str, str]]:
        """The names and values of the query, decoded, without those of a presigned address. Raises Malformed."""
        split = [part.partition("=") for part in self.query.split("&") if part]
        try:
            pairs = [(_decoded(name), _decoded(value)) for name, _, value in split]
        except UnicodeDecodeError as error:
            raise Malformed("The query is not in UTF-8.") from error
        return [pair for pair in pairs if not pair[0].lower().startswith("x-amz-")]


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode()


Parser = Callable[[Request, Mapping[str, str]], dict[str, Any]]
"""The parameters of a request, whose path has these labels. Raises Invalid (all problems in words) or Malformed."""


def parser(operation: Operation, accepts: Accepts = WHOLE, extends: Extends = NOTHING) -> Parser:
    """The parser of an operation's requests; members that are not accepted are refused by name."""
    checker = Checker(blob=_blob, timestamp=_timestamp, extends=extends) if extends else CHECKER
    check = checker.check(operation.input, accepts)

    def parse(request: Request, labels: Mapping[str, str]) -> dict[str, Any]:
        problems = Problems()
        given = _body(operation.input, request)
        given.update(_located(operation.input, request, labels, problems))
        result: dict[str, Any] = check(given, "", problems)
        if problems:
            raise Invalid(" ".join(problems))
        return result

    return parse


class Problems(list[str]):
    """What is wrong with a request, in sentences. Raises Invalid at the tenth, so that none takes long to refuse."""

    def append(self, problem: str) -> None:
        """Add a problem."""
        super().append(problem)
        if len(self) == MAX_PROBLEMS:
            raise Invalid(" ".join((*self, "There may be more.")))

    def extend(self, problems: Iterable[str]) -> None:
        """Add problems."""
        for problem in problems:
            self.append(problem)


def _body(shape: Shape, request: Request) -> dict[str, Any]:
    """The members that travel in the body."""
    if shape.payload is not None and shape.payload.shape.type == "blob":
        return {shape.payload.name: request.body}
    data = _json(request) if request.body else None
    if shape.payload is not None:
        return {shape.payload.name: data}
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise Invalid(wrong_type("The body", "an object", data))
    members = shape.members
    for name in data.keys() & members.keys():
        if members[name].location:
            raise Invalid(f"{name} travels in the {members[name].location}, not in the body.")
    return data


def _json(request: Request) -> Any:
    """The body as JSON. Raises WrongContentType or Malformed."""
    declared = (request.header("content-type") or JSON).partition(";")[0].strip().lower()
    if declared not in JSON_TYPES:
        raise WrongContentType(f"The body must be {JSON}, not {declared[:100]}.")
    try:
        from_json(request.body, allow_inf_nan=False)  # at most 200 levels deep, in UTF-8, no half surrogates
        return json.loads(request.body.decode(), object_pairs_hook=_object, parse_int=_whole, parse_float=_finite)
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; parsers differ in which of two members of one name they take, so there may not be two."""
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)[:100]!r} is given twice.")
    return result


def _whole(text: str) -> int:
    _finite(text)
    return int(text)


def _finite(text: str) -> float:
    """A number. Raises ValueError for one that no double can hold."""
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"the number {text[:SHOWN]} is too large.")
    return value


def _located(shape: Shape, request: Request, labels: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    """The members that travel in the path, the query and the headers."""
    headers = {name: [value] for name, value in request.headers}
    query: dict[str, list[str]] = {}
    for name, value in request.pairs():
        query.setdefault(name, []).append(value)
    places = {"uri": {name: [value] for name, value in labels.items()}, "querystring": query, "header": headers}
    given = {}
    for member in shape.members.values():
        name = member.wire_name.lower() if member.location == "header" else member.wire_name
        values = places.get(member.location or "", {}).get(name)
        if values:
            given[member.name] = _from_text(member, values, problems)
    known = {member.wire_name for member in shape.members.values() if member.location == "querystring"}
    problems.extend(f"The query has no parameter {name[:200]}." for name in query.keys() - known)
    return given


def _from_text(member: Member, values: list[str], problems: list[str]) -> Any:
    """A value from its text in a path, query or header; lists have one text a member."""
    if member.shape.type == "list":
        return values
    if len(values) > 1:
        problems.append(f"{member.name} is given {len(values)} times.")
    convert = _TEXTS.get(member.shape.type, str)
    try:
        return convert(values[0])
    except ValueError:
        return values[0]  # the check says what is wrong with it


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


_TEXTS: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": _truth,
}


def _blob(shape: Shape) -> Check:
    complain = bounds(shape, " bytes")

    def check(value: Any, at: str, problems: list[str]) -> Any:
        try:
            data = value if isinstance(value, bytes) else base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError):
            problems.append(f"{at} must be bytes in base64.")
            return None
        if complain:
            complain(len(data), at, problems)
        return data

    return check


def _timestamp(_: Shape) -> Check:
    return _moment


def _moment(value: Any, at: str, problems: list[str]) -> Any:
    """Seconds since 1970 or an RFC 3339 text, as a time in UTC."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if _RFC_3339.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        pass
    problems.append(f"{at} must be a time such as 2026-01-31T12:00:00Z.")
    return None


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
CHECKER = Checker(blob=_blob, timestamp=_timestamp)
