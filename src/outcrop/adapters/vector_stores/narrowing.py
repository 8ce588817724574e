"""A filter as words for stores that only know equal or not.

It is never stricter than the filter, so that a look at each point that is found makes it exact. Every field of a point
gives tokens, digests that hold only letters and digits whatever is in keys and values; so no name and no value can be
read as syntax.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from outcrop.core.filters import AnyOf, Compare, Filter, kind

_MOST = 256  # tokens of one condition; longer lists are left to the look at each point


@dataclass(frozen=True, slots=True)
class HasAny:
    """One of these tokens is there."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HasNone:
    """None of these tokens is there."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Condition, ...]


Condition = HasAny | HasNone | Every | Some


def tokens_of(fields: Mapping[str, Any]) -> list[str]:
    """The tokens of a point's fields: one for each text, number and truth, and one for each member of a list."""
    found: dict[str, None] = {}
    for key, value in fields.items():
        members = value if kind(value) == "list" else (value,)
        role = "member" if kind(value) == "list" else "value"
        found.update((token, None) for one in members if (token := field_token(key, one, role)) is not None)
    return list(found)


def field_token(key: str, value: Any, role: str = "value") -> str | None:
    """The token of a field's value, or of a list's member; None for what equals nothing or has no token."""
    plain = _plain(value)
    if plain is None:
        return None
    parts = (role, kind(value), key, plain)
    digest = blake2b(digest_size=10)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(4, "big") + data)
    return digest.hexdigest()


def _plain(value: Any) -> str | None:
    name = kind(value)
    if name == "number":
        if isinstance(value, float) and not math.isfinite(value):
            return None if math.isnan(value) else str(value)
        # Numbers that are equal give the same: 1 and 1.0, 0.0 and -0.0.
        return hex(int(value)) if value == int(value) else repr(float(value))
    if name == "truth":
        return str(bool(value))
    return str(value) if name == "text" else None


def narrowed(where: Filter | None) -> Condition | None:
    """A condition that every point satisfies that satisfies the filter; None where it would be no help."""
    if where is None:
        return None
    if isinstance(where, Compare):
        return _compared(where)
    parts = [narrowed(part) for part in where.parts]
    given = tuple(part for part in parts if part is not None)
    if isinstance(where, AnyOf):
        return Some(given) if given and len(given) == len(parts) else None
    return Every(given) if given else None


def _compared(where: Compare) -> Condition | None:
    if where.operator == "listContains":
        return _has([field_token(where.key, where.value, "member")])
    if where.operator == "equals":
        return _has([field_token(where.key, where.value)])
    if where.operator == "in":
        return _has([field_token(where.key, one) for one in where.value])
    if where.operator in ("notEquals", "notIn"):
        members = where.value if where.operator == "notIn" else (where.value,)
        tokens = tuple(token for one in members if (token := field_token(where.key, one)) is not None)
        return HasNone(tokens) if 0 < len(tokens) <= _MOST else None
    return None


def _has(tokens: list[str | None]) -> Condition | None:
    given = tuple(token for token in tokens if token is not None)
    return HasAny(given) if 0 < len(given) <= _MOST and len(given) == len(tokens) else None
