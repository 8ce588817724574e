"""An operation's result becomes a reply: checked against the output shape, each member put where it travels."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json as written

from outcrop.bedrock.check import NOTHING, Check, Checker, Extends
from outcrop.bedrock.constraints import bounds, wrong_type
from outcrop.bedrock.parse import JSON
from outcrop.bedrock.spec import Operation, Shape

STREAM = "application/vnd.amazon.eventstream"


class WrongResult(Exception):
    """An operation gave a result that its output shape does not allow: a mistake of ours, never of the caller."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply; `events` (checked one by one as they are sent) in place of the body for a stream.

    `extends` says what its events may hold beyond the service model.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    events: Any = None
    extends: Extends = field(default_factory=dict)


Renderer = Callable[[Mapping[str, Any]], Reply]
"""Turns an operation's results into replies. Raises WrongResult."""


def renderer(operation: Operation, extends: Extends = NOTHING) -> Renderer:
    """The renderer of an operation's replies."""
    shape = operation.output
    check, payload = checker(extends).check(shape), shape.payload
    headers = [member for member in shape.members.values() if member.location == "header"]

    def render(result: Mapping[str, Any]) -> Reply:
        events = result.get(payload.name) if payload and payload.shape.is_event_stream else None
        values = checked(check, {**result, payload.name: {}} if payload and events is not None else result)
        sent = {member.wire_name.lower(): _text(values.pop(member.name)) for member in headers if member.name in values}
        if payload and events is not None:
            return Reply(operation.status, {"content-type": STREAM, **sent}, events=events, extends=extends)
        return Reply(operation.status, {"content-type": JSON, **sent}, _body(operation, values, result))

    return render


def checked(check: Check, result: Mapping[str, Any]) -> Any:
    """A result as it is sent. Raises WrongResult."""
    problems: list[str] = []
    values = check(result, "", problems)
    if problems:
        raise WrongResult(" ".join(problems))
    return values


def to_json(value: Any) -> bytes:
    """Compact JSON; text that is not Unicode (half a surrogate pair from a broken file) loses that character."""
    with suppress(ValueError):
        return written(value, inf_nan_mode="strings")  # four times as fast, but for Unicode alone
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")


def _body(operation: Operation, values: Mapping[str, Any], result: Mapping[str, Any]) -> bytes:
    payload = operation.output.payload
    if payload is None:
        return b"" if operation.status == NO_CONTENT else to_json(values)
    if payload.shape.type == "blob":
        return bytes(result.get(payload.name, b""))
    return to_json(values.get(payload.name, {}))


NO_CONTENT = 204


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _blob(shape: Shape) -> Check:
    complain = bounds(shape, " bytes")

    def check(value: Any, at: str, problems: list[str]) -> Any:
        if not isinstance(value, bytes):
            problems.append(wrong_type(at, "bytes", value))
            return None
        if complain:
            complain(len(value), at, problems)
        return base64.b64encode(value).decode()

    return check


def _timestamp(shape: Shape) -> Check:
    whole_seconds = shape.traits.get("timestampFormat") != "iso8601"  # rest-json's own default in bodies

    def check(value: Any, at: str, problems: list[str]) -> Any:
        if not isinstance(value, datetime):
            problems.append(wrong_type(at, "a time", value))
            return None
        moment = value.astimezone(UTC)
        return moment.timestamp() if whole_seconds else moment.isoformat().replace("+00:00", "Z")

    return check


CHECKER = Checker(blob=_blob, timestamp=_timestamp)


def checker(extends: Extends) -> Checker:
    """The checker of replies that may hold these extensions."""
    return Checker(blob=_blob, timestamp=_timestamp, extends=extends) if extends else CHECKER
