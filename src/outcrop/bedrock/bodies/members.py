"""What the bodies of all families share: members are checked whole, and what is wrong is named."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, from_json

from outcrop.bedrock.parse import Malformed, Problems
from outcrop.core.errors import Invalid

B = TypeVar("B", bound=BaseModel)
Unit = Annotated[float, Field(ge=0, le=1)]  # temperatures and probabilities
Tokens = Annotated[int, Field(ge=1)]
Words = Annotated[str, Field(min_length=1)]
SHOWN = 200  # characters of a wrong member's name


class Members(BaseModel):
    """Members of a body: of exactly these types, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


def parsed(body: bytes) -> Mapping[str, Any]:
    """A body as JSON. Raises Malformed, or Invalid where it is no object."""
    try:
        data = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise Invalid("The body must be an object.")
    return data


def checked(kind: type[B], body: Mapping[str, Any]) -> B:
    """The members of a body. Raises Invalid, naming each that is wrong."""
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        problems = Problems()
        problems.extend(_sentence(one, kind) for one in error.errors(include_url=False))
        raise Invalid(" ".join(problems)) from None


def _sentence(error: ErrorDetails, kind: type[BaseModel]) -> str:
    """One sentence on a member: where it is, and what would be right."""
    at = _place(error["loc"])[:SHOWN] or "The body"
    if error["type"] == "missing":
        return f"{at} is required."
    if error["type"] == "extra_forbidden":
        known = ", ".join(kind.model_fields) if len(error["loc"]) == 1 else ""
        return f"{at} is not supported by Outcrop; leave it out.{f' Members are: {known}.' if known else ''}"
    return f"{at}: {error['msg'].removeprefix('Value error, ')}."


def _place(location: Sequence[int | str]) -> str:
    """The path of a member as one writes it: a.b[0].c."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")


def decoded(data: str, at: str) -> bytes:
    """Bytes from base64. Raises Invalid."""
    try:
        made = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        made = b""
    if not made:
        raise Invalid(f"{at} must be bytes in base64.")
    return made
