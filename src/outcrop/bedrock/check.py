"""Checks a value against a shape, whole, and converts it: the one walk that requests and replies share.

botocore checks required members, types, minima, one member a union and unknown members before it sends; patterns,
enums and maxima are left to the server, and another client may check nothing. Here everything is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from outcrop.bedrock.constraints import bounds, wording, wrong_type
from outcrop.bedrock.spec import Shape

Check = Callable[[Any, str, list[str]], Any]
"""Gives the converted value; what is wrong is added to the list as sentences. `at` names the place, "" the whole."""

Accepts = Mapping[str, Any]
"""The members that are supported, each with those below it; `WHOLE` where all are."""
WHOLE: Accepts = {"**": {}}

Extends = Mapping[str, tuple[str, ...]]
"""What Outcrop allows beyond the service model, by shape: further values of an enum, or further patterns."""
NOTHING: Extends = {}

LIMITS = {"integer": 2**31, "long": 2**63}
LARGEST = {"float": 3.4028235e38, "double": 1.7976931348623157e308}  # IEEE 754, single and double


class Checker:
    """Builds checks for shapes; `blob` and `timestamp` say how those two are converted in this direction."""

    def __init__(
        self, *, blob: Callable[[Shape], Check], timestamp: Callable[[Shape], Check], extends: Extends = NOTHING
    ) -> None:
        self._whole: dict[tuple[str, str], Check] = {}
        self._make: dict[str, Callable[[Shape, Accepts], Check]] = {
            "structure": self._structure,
            "list": self._list,
            "map": self._map,
            "string": lambda shape, _: _string(shape, extends.get(shape.name, ())),
            "boolean": lambda *_: _boolean,
            "blob": lambda shape, _: blob(shape),
            "timestamp": lambda shape, _: timestamp(shape),
            **dict.fromkeys(("integer", "long"), lambda shape, _: _integer(shape)),
            **dict.fromkeys(("float", "double"), lambda shape, _: _number(shape)),
        }

    def check(self, shape: Shape, accepts: Accepts = WHOLE) -> Check:
        """The check of a shape, made once where it is accepted whole."""
        if "**" not in accepts:
            return self._make[shape.type](shape, accepts)
        key = (shape.service.name, shape.name)
        if key not in self._whole:
            self._whole[key] = self._make[shape.type](shape, WHOLE)
        return self._whole[key]

    def _structure(self, shape: Shape, accepts: Accepts) -> Check:
        if shape.is_document:
            return _anything
        checks: dict[str, Check] = {}  # filled as members are met: shapes may contain themselves
        unknown, complete = _unknown(shape), _complete(shape)

        def check(value: Any, at: str, problems: list[str]) -> Any:
            if type(value) is not dict and not isinstance(value, Mapping):
                problems.append(wrong_type(at or "The body", "an object", value))
                return None
            result, before = {}, f"{at}." if at else ""
            for name, given in value.items():
                if given is None:
                    continue
                member = checks.get(name)
                if member is None:
                    member = self._member(shape, name, accepts) if name in shape.members else unknown
                    if member is not unknown:  # there is no end of unknown names
                        checks[name] = member
                result[name] = member(given, f"{before}{name}", problems)
            complete(result, at, problems)
            return result

        return check

    def _member(self, shape: Shape, name: str, accepts: Accepts) -> Check:
        if "**" in accepts:
            return self.check(shape.members[name].shape)
        member = shape.members[name].shape
        return self.check(member, accepts[name]) if name in accepts else _unsupported(member)

    def _list(self, shape: Shape, accepts: Accepts) -> Check:
        one = self.check(shape.item, accepts) if shape.item.type != "structure" else None
        complain = bounds(shape, " members")

        def check(value: Any, at: str, problems: list[str]) -> Any:
            if type(value) is not list and (not isinstance(value, Sequence) or isinstance(value, str | bytes)):
                problems.append(wrong_type(at, "a list", value))
                return None
            if complain:
                complain(len(value), at, problems)
            run = one or self.check(shape.item, accepts)
            return [run(given, f"{at}[{place}]", problems) for place, given in enumerate(value)]

        return check

    def _map(self, shape: Shape, accepts: Accepts) -> Check:
        key, one, complain = self.check(shape.key), self.check(shape.item, accepts), bounds(shape, " entries")

        def check(value: Any, at: str, problems: list[str]) -> Any:
            if type(value) is not dict and not isinstance(value, Mapping):
                problems.append(wrong_type(at, "an object", value))
                return None
            if complain:
                complain(len(value), at, problems)
            return {
                key(name, f"{at}'s key", problems): one(item, f"{at}.{name}", problems) for name, item in value.items()
            }

        return check


def _complete(shape: Shape) -> Callable[[Mapping[str, Any], str, list[str]], None]:
    """Complains of required members that are not there, and of a union with another number of members than one."""
    required, is_union = frozenset(shape.required), shape.is_union

    def check(given: Mapping[str, Any], at: str, problems: list[str]) -> None:
        if not required <= given.keys():
            place = f"{at}." if at else ""
            problems.extend(f"{place}{name} is required." for name in shape.required if name not in given)
        if is_union and len(given) != 1:
            names = ", ".join(shape.members)
            problems.append(f"{at or shape.name} must have exactly one of its members ({names}), not {len(given)}.")

    return check


def _unknown(shape: Shape) -> Check:
    def check(_: Any, at: str, problems: list[str]) -> None:
        names = ", ".join(shape.members) or "none"
        problems.append(f"{at[:200]} is no member of {shape.name}; its members are: {names}.")

    return check


def _unsupported(shape: Shape) -> Check:
    """Refuses a member by name; an empty list or map, which clients send where nothing was set, is as good as none."""
    empties: Mapping[str, Any] = {"list": [], "map": {}}
    empty = empties.get(shape.type)

    def check(given: Any, at: str, problems: list[str]) -> None:
        if given != empty:
            problems.append(f"{at} is not supported by Outcrop; leave it out.")

    return check


def _anything(value: Any, _: str, __: list[str]) -> Any:
    return value


def _string(shape: Shape, more: Sequence[str]) -> Check:
    sized, worded = bounds(shape, " characters"), wording(shape, more)

    def check(value: Any, at: str, problems: list[str]) -> Any:
        if not isinstance(value, str):
            problems.append(wrong_type(at, "a string", value))
            return value
        before = len(problems)
        if sized:
            sized(len(value), at, problems)
        if worded and len(problems) == before:  # a pattern is not run on a text that is too long
            worded(value, at, problems)
        return value

    return check


def _boolean(value: Any, at: str, problems: list[str]) -> Any:
    if not isinstance(value, bool):
        problems.append(wrong_type(at, "true or false", value))
    return value


def _integer(shape: Shape) -> Check:
    limit, complain = LIMITS[shape.type], bounds(shape)

    def check(value: Any, at: str, problems: list[str]) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            problems.append(wrong_type(at, "a whole number", value))
        elif not -limit <= value < limit:
            problems.append(f"{at} must be a number of {limit.bit_length()} bits.")
        elif complain:
            complain(value, at, problems)
        return value

    return check


def _number(shape: Shape) -> Check:
    complain, largest = bounds(shape), LARGEST[shape.type]

    def check(value: Any, at: str, problems: list[str]) -> Any:
        if not isinstance(value, int | float) or isinstance(value, bool):
            problems.append(wrong_type(at, "a number", value))
        elif not -largest <= value <= largest:
            problems.append(f"{at} must be a number that a {shape.type} can hold.")
        elif complain:
            complain(value, at, problems)
        return value

    return check
