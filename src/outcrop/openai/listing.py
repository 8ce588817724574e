"""Lists in OpenAI's way: newest first unless asked otherwise, a page before or after the object of some id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outcrop.openai.errors import ApiError

T = TypeVar("T")
DEFAULT_LIMIT, MAX_LIMIT = 20, 100


class Window(BaseModel):
    """Which part of a list is asked for. Query parameters are texts, so numbers are read from them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: str | None = None
    before: str | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    order: Literal["asc", "desc"] = "desc"


W = TypeVar("W", bound=BaseModel)


def query(shape: type[W], given: Mapping[str, str]) -> W:
    """Query parameters in their shape. Raises ApiError, naming the one that is at fault."""
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        param = str(problem["loc"][0])
        if problem["type"] == "extra_forbidden":
            raise ApiError(f"Unknown parameter: {param!r}.", code="unknown_parameter", param=param) from None
        raise ApiError(f"Invalid value for {param!r}: {problem['msg']}.", param=param) from None


def page(found: Sequence[T], window: Window, id_of: Callable[[T], str]) -> tuple[Sequence[T], bool]:
    """The part of a list, oldest first, that is asked for, in its order; and whether there is more behind it."""
    ordered = list(found) if window.order == "asc" else list(reversed(found))
    ids = [id_of(one) for one in ordered]
    first = _index(ids, window.after, "after") + 1 if window.after is not None else 0
    last = _index(ids, window.before, "before") if window.before is not None else len(ordered)
    within = ordered[first:last]
    if window.before is not None and window.after is None:
        return within[-window.limit :], len(within) > window.limit
    return within[: window.limit], len(within) > window.limit


def _index(ids: Sequence[str], id: str, param: str) -> int:
    if id not in ids:
        raise ApiError(f"There is no object {id!r:.100} in this list.", param=param)
    return ids.index(id)


def list_object(data: Sequence[Mapping[str, Any]], *, more: bool) -> dict[str, Any]:
    """The list as an object."""
    return {
        "object": "list",
        "data": list(data),
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": more,
    }
