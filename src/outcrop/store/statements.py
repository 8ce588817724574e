"""The statements of the metadata store, in SQL that SQLite (3.35 or newer) and PostgreSQL both understand.

Each collection has a table of its own: id, version, created_at, the record's indexed attributes, and the record as
JSON. Parameters are named, `:name`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Protocol

from outcrop.core import filters
from outcrop.core.errors import Invalid
from outcrop.core.filters import AllOf, AnyOf, Compare, Filter
from outcrop.core.records import Record
from outcrop.store import codec

MAX_PAGE = 1000
NEVER, ALWAYS = "1 = 0", "1 = 1"
Parameters = Mapping[str, Any]
_ORDERED = {"greaterThan": ">", "greaterThanOrEquals": ">=", "lessThan": "<", "lessThanOrEquals": "<="}


class Run(Protocol):
    """Runs one statement and gives its rows."""

    async def __call__(self, sql: str, values: Parameters) -> list[tuple[Any, ...]]:
        """The rows; empty for a statement that gives none."""
        ...


def select(kind: type[Record]) -> str:
    """The version and body of one record."""
    return f"SELECT version, body FROM {kind.collection} WHERE id = :id"  # noqa: S608 # names from classes, never input


def delete(kind: type[Record]) -> str:
    """Remove one record."""
    return f"DELETE FROM {kind.collection} WHERE id = :id"  # noqa: S608 # as above


def upsert(kind: type[Record]) -> str:
    """Put a record, whatever is there; gives its new version."""
    columns = ("created_at", *kind.indexed, "body")
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
    update = f"DO UPDATE SET version = {kind.collection}.version + 1, {changes}"
    return f"{_insert(kind)} ON CONFLICT (id) {update} RETURNING version"


def create(kind: type[Record]) -> str:
    """Put a record that is not there yet; gives its version, or nothing where it is."""
    return f"{_insert(kind)} ON CONFLICT (id) DO NOTHING RETURNING version"


def replace(kind: type[Record]) -> str:
    """Put a record over the version `:expect`; gives its new version, or nothing where that is not stored."""
    changes = ", ".join(f"{column} = :{column}" for column in ("created_at", *kind.indexed, "body"))
    where = "WHERE id = :id AND version = :expect RETURNING version"
    return f"UPDATE {kind.collection} SET version = version + 1, {changes} {where}"  # noqa: S608 # as above


def _insert(kind: type[Record]) -> str:
    columns = ("id", "created_at", *kind.indexed, "body")
    values = ", ".join(f":{column}" for column in columns)
    return f"INSERT INTO {kind.collection} (version, {', '.join(columns)}) VALUES (1, {values})"  # noqa: S608 # as above


def values_of(record: Record) -> dict[str, Any]:
    """The parameters that put a record."""
    columns = {name: getattr(record, name) for name in type(record).indexed}
    return {"id": record.id, "created_at": codec.timestamp(record.created_at), "body": codec.dumps(record), **columns}


def page(kind: type[Record], where: Filter | None, after: str | None, limit: int) -> tuple[str, dict[str, Any]]:
    """The statement and parameters of a page: one row more than `limit` tells whether there is another.

    Raises:
        Invalid: The token, the limit, or an attribute that lists of this kind are not filtered by.
    """
    check_limit(limit)
    values: dict[str, Any] = {"limit": limit + 1}
    tests = [_condition(kind, where, values)] if where is not None else []
    if after is not None:
        values["after_time"], values["after_id"] = position(after)
        tests.append("(created_at, id) > (:after_time, :after_id)")
    condition = f"WHERE {' AND '.join(tests)} " if tests else ""
    sql = f"SELECT version, body FROM {kind.collection} {condition}ORDER BY created_at, id LIMIT :limit"  # noqa: S608 # as above
    return sql, values


def check_limit(limit: int) -> None:
    """Raise Invalid for a page that is too small or too large."""
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(f"A page has 1 to {MAX_PAGE} records, not {limit}.")


def check_keys(kind: type[Record], where: Filter | None) -> None:
    """Raise Invalid where a filter names an attribute that lists of this kind are not filtered by."""
    if isinstance(where, Compare):
        if where.key not in kind.indexed:
            known = ", ".join(kind.indexed)
            raise Invalid(f"{kind.__name__} records are filtered by {known}; not by {where.key!r}.")
    elif where is not None:
        for part in where.parts:
            check_keys(kind, part)


def token(record: Record) -> str:
    """The opaque token of the page after a record."""
    data = json.dumps([codec.timestamp(record.created_at), record.id]).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def position(after: str) -> tuple[str, str]:
    """The time and id that a token names. Raises Invalid for anything that is no token."""
    try:
        time, name = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (ValueError, TypeError, binascii.Error) as error:
        raise Invalid("This is no page token of a list; leave it out to begin at the start.") from error
    if not (isinstance(time, str) and isinstance(name, str)):
        raise Invalid("This is no page token of a list; leave it out to begin at the start.")
    return time, name


def _condition(kind: type[Record], where: Filter, values: dict[str, Any]) -> str:
    """A filter as SQL that agrees with `filters.matches`; indexed attributes are text or absent."""
    check_keys(kind, where)
    if isinstance(where, AllOf | AnyOf):
        parts = [_condition(kind, part, values) for part in where.parts]
        joint, empty = (" AND ", ALWAYS) if isinstance(where, AllOf) else (" OR ", NEVER)
        return f"({joint.join(parts)})" if parts else empty
    if where.operator in ("in", "notIn"):
        return _membership(where, values)
    if filters.kind(where.value) != "text" and where.operator not in ("startsWith", "stringContains"):
        return ALWAYS if where.operator == "notEquals" else NEVER
    return _comparison(where.operator, where.key, _bound(str(where.value), values), str(where.value))


def _comparison(operator: str, key: str, name: str, value: str) -> str:
    """One comparison of a column with the parameter `name`, which holds `value`."""
    if operator in _ORDERED:
        return f"{key} {_ORDERED[operator]} {name}"
    if operator == "equals":
        return f"{key} = {name}"
    if operator == "notEquals":
        return f"({key} <> {name} OR {key} IS NULL)"
    if operator == "startsWith":
        return f"substr({key}, 1, {len(value)}) = {name}"
    if operator == "stringContains":  # the two databases name their search functions differently, but both replace
        return f"replace({key}, {name}, '') <> {key}" if value else f"{key} IS NOT NULL"
    return NEVER  # listContains: no indexed attribute is a list


def _membership(where: Compare, values: dict[str, Any]) -> str:
    names = [_bound(value, values) for value in where.value if filters.kind(value) == "text"]
    if where.operator == "in":
        return f"{where.key} IN ({', '.join(names)})" if names else NEVER
    return f"({where.key} NOT IN ({', '.join(names)}) OR {where.key} IS NULL)" if names else ALWAYS


def _bound(value: str, values: dict[str, Any]) -> str:
    name = f"value_{len(values)}"
    values[name] = value
    return f":{name}"
