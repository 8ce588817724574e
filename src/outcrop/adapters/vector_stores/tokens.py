"""Fields as tokens: for stores that can only tell whether a field has one of some texts.

Each value gives one token that names its kind, so that equal values, and only those, have equal tokens; a list gives
one for each member too. All other comparisons are decided by `matches` on the distinct values that there are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from outcrop.core.filters import Compare, kind, matches

_MEMBER = "m"


def field_name(key: str) -> str:
    """A key as the name of a field in any store: letters and digits alone."""
    return "f" + blake2b(key.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def token(value: Any) -> str | None:
    """The token of a value; None for what equals nothing, such as NaN. Always ASCII."""
    name = kind(value)
    if name == "text":
        return f"t:{json.dumps(value)}"
    if name == "number":
        return _number(value)
    if name == "list":
        return f"l:{json.dumps(list(value))}"
    return f"b:{json.dumps(value)}" if name == "truth" else None


def member_token(value: Any) -> str | None:
    """The token of a member of a list."""
    inside = None if kind(value) == "list" else token(value)
    return None if inside is None else f"{_MEMBER}{inside}"


def tokens_of(value: Any) -> list[str]:
    """The tokens of a field: of its value, and of the members of a list."""
    members = [member_token(member) for member in value] if kind(value) == "list" else []
    return [one for one in dict.fromkeys([token(value), *members]) if one is not None]


def value_of(given: str) -> Any:
    """The value of a token, None for that of a member."""
    sign, _, body = given.partition(":")
    if sign == "n":
        return float(body) if body.strip("-0123456789") else int(body)
    if sign == "l":
        return tuple(json.loads(body))
    return json.loads(body) if sign in ("t", "b") else None


def satisfying(test: Compare, there: Iterable[str]) -> list[str]:
    """Those of the tokens of a field whose values satisfy a comparison."""
    values = ((one, value_of(one)) for one in there)
    return [one for one, value in values if value is not None and matches(test, {test.key: value})]


def _number(value: float) -> str | None:
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if not value.is_integer():  # infinity is none
            return f"n:{value!r}"
    return f"n:{int(value)}"
