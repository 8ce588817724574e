"""A filter as a condition in SQL that means what `core.filters.matches` says; every key and value is a parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from outcrop.adapters.vector_stores.pgvector.text import (
    coded,
    fields_json,
    may_be_inside,
    number_text,
    value_json,
)
from outcrop.core.chunks import CHUNK_ID, DOCUMENT_ID
from outcrop.core.filters import AllOf, Compare, Filter, kind


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL with a `%s` for each parameter, about a row `p` of points."""

    sql: LiteralString
    parameters: tuple[Any, ...] = ()


TRUE, FALSE = Condition("true"), Condition("false")
# Columns that have an index of their own.
_COLUMNS: Mapping[str, LiteralString] = {CHUNK_ID: "p.chunk", DOCUMENT_ID: "p.document"}
_SIGNS: Mapping[str, LiteralString] = {
    "greaterThan": ">",
    "greaterThanOrEquals": ">=",
    "lessThan": "<",
    "lessThanOrEquals": "<=",
}


def condition(where: Filter | None) -> Condition:
    """The condition for a filter; one that is always true for None."""
    if where is None:
        return TRUE
    if isinstance(where, Compare):
        return _TESTS[where.operator](where)
    parts = [condition(part) for part in where.parts]
    if isinstance(where, AllOf):
        return _joined(parts, " AND ", TRUE)
    return _joined(parts, " OR ", FALSE)


def _joined(parts: Sequence[Condition], sign: LiteralString, none: Condition) -> Condition:
    if not parts:
        return none
    parameters = tuple(value for part in parts for value in part.parameters)
    return Condition("(" + sign.join([part.sql for part in parts]) + ")", parameters)


def _not(given: Condition) -> Condition:
    return Condition("NOT (" + given.sql + ")", given.parameters)


def _same(test: Compare) -> Condition:
    return _equal(test.key, test.value)


def _equal(key: str, value: Any) -> Condition:
    """One index answers both the columns' and the documents' equality; an absent field is equal to nothing."""
    if key in _COLUMNS:
        return Condition(_COLUMNS[key] + " = %s", (coded(value),)) if kind(value) == "text" else FALSE
    given = value_json(value)
    if given is None:
        return FALSE
    if kind(value) == "list":
        return Condition("coalesce(p.fields -> %s = %s::jsonb, false)", (coded(key), given))
    return Condition("p.fields @> %s::jsonb", (fields_json({key: value}),))


def _one_of(test: Compare) -> Condition:
    if test.key in _COLUMNS:
        texts = [coded(value) for value in test.value if kind(value) == "text"]
        return Condition(_COLUMNS[test.key] + " = ANY(%s::text[])", (texts,))
    return _joined([_equal(test.key, value) for value in test.value], " OR ", FALSE)


def _ordered(test: Compare) -> Condition:
    """Numbers with numbers, texts with texts by code point. CASE, since AND promises no order of evaluation."""
    sign, key = _SIGNS[test.operator], coded(test.key)
    if kind(test.value) == "number" and (number := number_text(test.value)) is not None:
        sql: LiteralString = (
            "(CASE jsonb_typeof(p.fields -> %s) WHEN 'number' THEN (p.fields -> %s)::numeric "
            + sign
            + " %s::numeric ELSE false END)"
        )
        return Condition(sql, (key, key, number))
    if kind(test.value) == "text":
        return _of_text(key, '(p.fields ->> %s) COLLATE "C" ' + sign + " %s", coded(test.value))
    return FALSE


def _of_text(key: str, then: LiteralString, value: str) -> Condition:
    sql: LiteralString = "(CASE jsonb_typeof(p.fields -> %s) WHEN 'string' THEN " + then + " ELSE false END)"
    return Condition(sql, (key, key, value))


def _starts_with(test: Compare) -> Condition:
    return _of_text(coded(test.key), "starts_with(p.fields ->> %s, %s)", coded(str(test.value)))


def _list_contains(test: Compare) -> Condition:
    if kind(test.value) == "list" or value_json(test.value) is None:
        return FALSE  # no member of a list is a list
    return Condition("p.fields @> %s::jsonb", (fields_json({test.key: [test.value]}),))


def _text_in(test: Compare) -> Condition:
    key, part = coded(test.key), coded(str(test.value))
    found: LiteralString = "strpos({}, %s) > 0"
    if may_be_inside(part):  # not in the middle of a pair
        found, part = "{} ~ %s", "(?<![\x01\ue000])" + "".join(f"\\U{ord(letter):08x}" for letter in part)
    inside: LiteralString = "EXISTS (SELECT FROM jsonb_array_elements_text(p.fields -> %s) AS member WHERE "
    sql: LiteralString = (
        "(CASE jsonb_typeof(p.fields -> %s) WHEN 'string' THEN "
        + found.replace("{}", "(p.fields ->> %s)")
        + " WHEN 'array' THEN "
        + inside
        + found.replace("{}", "member")
        + ") ELSE false END)"
    )
    return Condition(sql, (key, key, part, key, part))


_TESTS: Mapping[str, Callable[[Compare], Condition]] = {
    "equals": _same,
    "notEquals": lambda test: _not(_same(test)),
    "in": _one_of,
    "notIn": lambda test: _not(_one_of(test)),
    "startsWith": _starts_with,
    "listContains": _list_contains,
    "stringContains": _text_in,
    **dict.fromkeys(_SIGNS, _ordered),
}
