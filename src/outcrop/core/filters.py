"""Metadata filters: one tree for every store, and the evaluator that all of them must agree with.

The JSON form is Bedrock's RetrievalFilter
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrievalFilter.html).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from outcrop.core.errors import Invalid

Value = str | int | float | bool | Sequence[str]
Metadata = Mapping[str, Value]
Operator = Literal[
    "equals", "notEquals", "greaterThan", "greaterThanOrEquals", "lessThan", "lessThanOrEquals",
    "in", "notIn", "startsWith", "listContains", "stringContains",
]  # fmt: skip
OPERATORS: tuple[str, ...] = get_args(Operator)
MAX_DEPTH = 8
MAX_NODES = 500
MAX_VALUES = 1000  # of one list


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison of a metadata field with a value; `in` and `notIn` take a sequence of values."""

    operator: Operator
    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class AllOf:
    """True where every part is."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True where at least one part is."""

    parts: tuple[Filter, ...]


Filter = Compare | AllOf | AnyOf


def equals(key: str, value: Value) -> Compare:
    """The field has this value."""
    return Compare("equals", key, value)


def one_of(key: str, values: Sequence[Value]) -> Compare:
    """The field has one of these values."""
    return Compare("in", key, tuple(values))


def all_of(*parts: Filter | None) -> Filter | None:
    """Every part that is given; None where there is none."""
    given = tuple(part for part in parts if part is not None)
    return given[0] if len(given) == 1 else AllOf(given) if given else None


def matches(where: Filter | None, fields: Mapping[str, Any]) -> bool:
    """Whether fields satisfy a filter: the reference for every store.

    A field that is absent, or of another kind than the value (text, number, truth, list), satisfies only
    `notEquals` and `notIn`. Numbers compare by value (1 equals 1.0); truth is not a number; text compares by
    code point and case matters.
    """
    if where is None:
        return True
    if isinstance(where, AllOf):
        return all(matches(part, fields) for part in where.parts)
    if isinstance(where, AnyOf):
        return any(matches(part, fields) for part in where.parts)
    return _TESTS[where.operator](fields.get(where.key), where.value)


def kind(value: Any) -> str:
    """The kind of a metadata value: text, number, truth, list or none."""
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, Sequence) else "none"


def _same(left: Any, right: Any) -> bool:
    if kind(left) != kind(right) or left is None:
        return False
    return list(left) == list(right) if kind(left) == "list" else bool(left == right)


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """A comparison that holds only between two numbers or two texts."""

    def compare(left: Any, right: Any) -> bool:
        return kind(left) == kind(right) and kind(left) in ("number", "text") and test(left, right)

    return compare


def _text_in(left: Any, right: Any) -> bool:
    """Bedrock's stringContains: a part of the text, or of one member of the list."""
    if kind(left) == "list":
        return any(str(right) in str(member) for member in left)
    return kind(left) == "text" and str(right) in left


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "notEquals": lambda left, right: not _same(left, right),
    "greaterThan": _ordered(lambda left, right: left > right),
    "greaterThanOrEquals": _ordered(lambda left, right: left >= right),
    "lessThan": _ordered(lambda left, right: left < right),
    "lessThanOrEquals": _ordered(lambda left, right: left <= right),
    "in": lambda left, right: any(_same(left, one) for one in right),
    "notIn": lambda left, right: not any(_same(left, one) for one in right),
    "startsWith": lambda left, right: kind(left) == "text" and left.startswith(str(right)),
    "listContains": lambda left, right: kind(left) == "list" and any(_same(one, right) for one in left),
    "stringContains": _text_in,
}


def from_json(data: Any) -> Filter:
    """The filter for its JSON form.

    Raises:
        Invalid: It is no filter; the message says where.
    """
    budget = [MAX_NODES]
    return _parse(data, "filter", budget, 0)


def _parse(data: Any, path: str, budget: list[int], depth: int) -> Filter:
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        raise Invalid(f"The filter is too large: at most {MAX_DEPTH} levels and {MAX_NODES} comparisons.")
    if not isinstance(data, Mapping) or len(data) != 1:
        raise Invalid(f"{path} must be an object with one member: {', '.join(OPERATORS)}, andAll or orAll.")
    name, body = next(iter(data.items()))
    if name in ("andAll", "orAll"):
        if not isinstance(body, Sequence) or isinstance(body, str) or not body:
            raise Invalid(f"{path}.{name} must be a list of filters.")
        parts = tuple(_parse(part, f"{path}.{name}[{i}]", budget, depth + 1) for i, part in enumerate(body))
        return AllOf(parts) if name == "andAll" else AnyOf(parts)
    return _comparison(name, body, path)


def _comparison(name: str, body: Any, path: str) -> Compare:
    if name not in OPERATORS:
        raise Invalid(f"{path}.{name} is no comparison. Use one of: {', '.join(OPERATORS)}, andAll, orAll.")
    if not isinstance(body, Mapping) or set(body) != {"key", "value"} or not isinstance(body["key"], str):
        raise Invalid(f"{path}.{name} must be an object with the members key (text) and value.")
    value = body["value"]
    wanted = _WANTED.get(name, ("text", "number", "truth", "list"))
    if kind(value) not in wanted:
        raise Invalid(f"{path}.{name}.value must be {' or '.join(wanted)}, not {kind(value)}.")
    if kind(value) == "list":
        _check_members(value, f"{path}.{name}.value")
    return Compare(name, body["key"], tuple(value) if kind(value) == "list" else value)  # type: ignore[arg-type]


def _check_members(values: Sequence[Any], path: str) -> None:
    """Raises Invalid for a list that is too long, or holds what no field can have."""
    if len(values) > MAX_VALUES:
        raise Invalid(f"{path} may have {MAX_VALUES} members, not {len(values)}.")
    if any(kind(one) not in ("text", "number", "truth") for one in values):
        raise Invalid(f"{path} may hold texts, numbers, true and false only.")


_WANTED: dict[str, tuple[str, ...]] = {
    "in": ("list",),
    "notIn": ("list",),
    "startsWith": ("text",),
    "stringContains": ("text",),
    "listContains": ("text", "number", "truth"),
    "greaterThan": ("number", "text"),
    "greaterThanOrEquals": ("number", "text"),
    "lessThan": ("number", "text"),
    "lessThanOrEquals": ("number", "text"),
}


def to_json(where: Filter) -> dict[str, Any]:
    """The JSON form of a filter."""
    if isinstance(where, AllOf):
        return {"andAll": [to_json(part) for part in where.parts]}
    if isinstance(where, AnyOf):
        return {"orAll": [to_json(part) for part in where.parts]}
    value = list(where.value) if kind(where.value) == "list" else where.value
    return {where.operator: {"key": where.key, "value": value}}
