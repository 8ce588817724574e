"""Records to JSON and back, by the types that their classes declare."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from collections.abc import Sequence as SequenceType
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from outcrop.core.errors import OutcropError
from outcrop.core.records import Record

R = TypeVar("R", bound=Record)
Decode = Callable[[Any], Any]


class Undecodable(OutcropError):
    """A stored record cannot be read by this version of Outcrop."""


def dumps(record: Record) -> str:
    """A record as JSON in ASCII, without its version, which the store keeps beside it."""
    body = {field.name: _encoded(getattr(record, field.name)) for field in fields(record) if field.name != "version"}
    return json.dumps(body, separators=(",", ":"), allow_nan=False)


def loads(kind: type[R], body: str, version: int) -> R:
    """The record that `dumps` wrote.

    Raises:
        Undecodable: It has members that this version does not know, or lacks some, or one is of another type.
    """
    try:
        data = json.loads(body)
        data["version"] = version
        return _decoder(kind)(data)  # type: ignore[arg-type, no-any-return]  # a class can be hashed
    except (ValueError, TypeError, KeyError) as error:
        message = f"A stored {kind.__name__} cannot be read: {error}. A newer Outcrop may have written it; update."
        raise Undecodable(message) from error


def timestamp(moment: datetime) -> str:
    """A moment as text of fixed width in UTC, so that the order of the text is the order in time."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _encoded(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Mapping):
        return {str(name): _encoded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_encoded(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _encoded(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"a {type(value).__name__} cannot be kept")


@cache
def _decoder(hint: Any) -> Decode:  # noqa: PLR0911 # one line a type
    """What makes a value of this type from its JSON form."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return _same
    if isinstance(hint, type) and is_dataclass(hint):
        return _dataclass_decoder(hint)
    if origin in (Union, UnionType):
        return _union_decoder(arguments)
    if origin is Literal:
        return _checked(lambda value: value in arguments, f"one of {', '.join(map(repr, arguments))}")
    if origin in (tuple, SequenceType):
        return _tuple_decoder(_decoder(arguments[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_decoder(_decoder(arguments[1]))
    if hint is datetime:
        return datetime.fromisoformat
    return _scalar_decoder(hint)


def _same(value: Any) -> Any:
    return value


def _checked(test: Callable[[Any], bool], wanted: str) -> Decode:
    def decode(value: Any) -> Any:
        if not test(value):
            raise TypeError(f"{value!r} is not {wanted}")
        return value

    return decode


# What JSON gives for each; truth is not a number, though Python says so.
_SCALARS: Mapping[Any, frozenset[type]] = {
    str: frozenset({str}),
    bool: frozenset({bool}),
    int: frozenset({int}),
    float: frozenset({int, float}),
    NoneType: frozenset({NoneType}),
}


def _scalar_decoder(hint: type) -> Decode:
    if hint not in _SCALARS:
        raise TypeError(f"records cannot hold a {hint}")
    kinds = _SCALARS[hint]

    def decode(value: Any) -> Any:
        if type(value) not in kinds:
            raise TypeError(f"{value!r} is not {hint.__name__}")
        return value

    return decode


def _tuple_decoder(member: Decode) -> Decode:
    def decode(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise TypeError(f"{value!r} is not a list")
        return tuple(member(one) for one in value)

    return decode


def _mapping_decoder(member: Decode) -> Decode:
    def decode(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise TypeError(f"{value!r} is not an object")
        return {name: member(one) for name, one in value.items()}

    return decode


def _union_decoder(hints: tuple[Any, ...]) -> Decode:
    # The first that takes the value; int stands before float and str before lists, so nothing changes its kind.
    members = [_decoder(hint) for hint in hints]
    plain = frozenset[type]().union(*(_SCALARS.get(hint, frozenset()) for hint in hints))

    def decode(value: Any) -> Any:
        if type(value) in plain:
            return value
        for member in members:
            try:
                return member(value)
            except (TypeError, ValueError):
                continue
        raise TypeError(f"{value!r} is none of {', '.join(map(str, hints))}")

    return decode


def _dataclass_decoder(kind: type) -> Decode:
    hints = get_type_hints(kind)
    members = {field.name: _decoder(hints[field.name]) for field in fields(kind)}
    needed = {one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING}

    def decode(value: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"{value!r} is not an object")
        if unknown := value.keys() - members.keys():
            raise TypeError(f"unknown members: {', '.join(sorted(unknown))}")
        if missing := needed - value.keys():
            raise TypeError(f"missing members: {', '.join(sorted(missing))}")
        return kind(**{name: members[name](one) for name, one in value.items()})

    return decode
