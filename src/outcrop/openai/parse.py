"""Bodies and queries checked whole: unknown, unsupported, missing and wrong members are refused by their path."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, from_json

from outcrop.openai.errors import ApiError, refused


class Shape(BaseModel):
    """A JSON object of a request: it has the members that are declared, of exactly these types, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


S = TypeVar("S", bound=Shape)
Refusals = Mapping[str, tuple[Collection[Any], str]]
"""Members that are known but not supported: the values that ask for nothing, and why any other is refused."""


def json_object(body: bytes) -> dict[str, Any]:
    """The object that a body holds. Raises ApiError where it holds none."""
    try:
        data = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise ApiError(f"The body is not valid JSON: {error}.", code="invalid_json") from None
    if not isinstance(data, dict):
        raise ApiError("The body must be a JSON object.", code="invalid_type")
    return data


def parsed(shape: type[S], data: Mapping[str, Any], refusals: Refusals | None = None, at: str = "") -> S:
    """The data, which stands at a path of the body, in its shape. Raises ApiError, naming the member at fault."""
    kept = supported(data, refusals or {})
    try:
        return shape.model_validate(kept)
    except ValidationError as error:
        raise _named(error.errors(include_url=False, include_context=False)[0], kept, at) from None


def supported(data: Mapping[str, Any], refusals: Refusals) -> dict[str, Any]:
    """The data without the unsupported members that ask for nothing. Raises ApiError for one that asks."""
    for name, (nothing, why) in refusals.items():
        if name in data and data[name] is not None and not any(_same(data[name], one) for one in nothing):
            raise refused(name, f"Outcrop does not support {name!r} here. {why}")
    return {name: value for name, value in data.items() if name not in refusals}


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def _named(problem: ErrorDetails, data: Any, at: str) -> ApiError:
    param = ".".join(filter(None, (at, _path(problem["loc"], data, missing=problem["type"] == "missing"))))
    if problem["type"] == "extra_forbidden":
        return ApiError(f"Unknown parameter: {param!r}.", code="unknown_parameter", param=param)
    if problem["type"] == "missing":
        return ApiError(f"Missing required parameter: {param!r}.", code="missing_required_parameter", param=param)
    said = problem["msg"].removeprefix("Value error, ")
    return ApiError(f"Invalid value for {param!r}: {said}.".replace("..", "."), param=param or None)


def _path(location: Sequence[int | str], data: Any, *, missing: bool) -> str:
    """Where in the data: `messages[0].content`. Names that pydantic gives the branches of unions are left out."""
    path, here = "", data
    for number, part in enumerate(location):
        if isinstance(part, int):
            path += f"[{part}]"
            here = here[part] if isinstance(here, Sequence) and part < len(here) else None
        elif isinstance(here, Mapping) and (part in here or (missing and number == len(location) - 1)):
            path += f".{part}" if path else part
            here = here.get(part)
    return path
