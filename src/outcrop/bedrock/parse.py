"""A request becomes an operation's parameters: each member from where it travels, all of it validated."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from pydantic_core import from_json

from outcrop.bedrock.check import NOTHING, WHOLE, Accepts, Check, Checker, Extends
from outcrop.bedrock.constraints import bounds, wrong_type
from outcrop.bedrock.spec import Member, Operation, Shape
from outcrop.core.errors import Invalid, OutcropError

MAX_PROBLEMS = 10  # that a message lists


class Malformed(OutcropError):
    """The body is not JSON."""

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
        """The names and values of the query, decoded, without those of a presigned address."""
        split = [part.partition("=") for part in self.query.split("&") if part]
        pairs = [(unquote_plus(name), unquote_plus(value)) for name, _, value in split]
        return [pair for pair in pairs if not pair[0].lower().startswith("x-amz-")]


Parser = Callable[[Request, Mapping[str, str]], dict[str, Any]]
"""The parameters of a request, whose path has these labels. Raises Invalid (all problems in words) or Malformed."""


def parser(operation: Operation, accepts: Accepts = WHOLE, extends: Extends = NOTHING) -> Parser:
    """The parser of an operation's requests; members that are not accepted are refused by name."""
    checker = Checker(blob=_blob, timestamp=_timestamp, extends=extends) if extends else CHECKER
    check = checker.check(operation.input, accepts)

    def parse(request: Request, labels: Mapping[str, str]) -> dict[str, Any]:
        problems: list[str] = []
        given = _body(operation.input, request.body)
        given.update(_located(operation.input, request, labels, problems))
        result: dict[str, Any] = check(given, "", problems)
        if problems:
            raise Invalid(sentence(problems))
        return result

    return parse


def sentence(problems: list[str]) -> str:
    """All problems in one message."""
    more = [f"And {len(problems) - MAX_PROBLEMS} more."] if len(problems) > MAX_PROBLEMS else []
    return " ".join([*problems[:MAX_PROBLEMS], *more])


def _body(shape: Shape, body: bytes) -> dict[str, Any]:
    """The members that travel in the body."""
    if shape.payload is not None and shape.payload.shape.type == "blob":
        return {shape.payload.name: body}
    data = _json(body) if body else None
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


def _json(body: bytes) -> Any:
    """The body as JSON, at most 200 levels deep, without NaN, infinities or half surrogates."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}") from error


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
    """Seconds since 1970 or an ISO-8601 text, as a time in UTC."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError, OSError):
        problems.append(f"{at} must be a time such as 2026-01-31T12:00:00Z.")
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


CHECKER = Checker(blob=_blob, timestamp=_timestamp)
