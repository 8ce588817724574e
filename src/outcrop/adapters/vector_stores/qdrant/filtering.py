"""A filter as Qdrant's conditions on tokens; comparisons that it lacks are decided on the distinct values there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qdrant_client import QdrantClient, models

from outcrop.adapters.vector_stores.qdrant.points import TOKENS
from outcrop.adapters.vector_stores.tokens import field_name, member_token, satisfying, token
from outcrop.core.errors import Unsupported
from outcrop.core.filters import AllOf, Compare, Filter

MOST_VALUES = 100_000  # distinct values of one field that are looked at


def path_of(key: str) -> str:
    """Where the tokens of a field are in the payload."""
    return f"{TOKENS}.{field_name(key)}"


def conditions(client: QdrantClient, collection: str, where: Filter | None) -> models.Filter | None:
    """The conditions for a filter. Raises Unsupported where a field has too many values to compare."""
    return None if where is None else models.Filter(must=[_condition(client, collection, where)])


def _condition(client: QdrantClient, collection: str, where: Filter) -> models.Filter:
    if isinstance(where, Compare):
        return _compared(client, collection, where)
    parts: list[Any] = [_condition(client, collection, part) for part in where.parts]
    if isinstance(where, AllOf):
        return models.Filter(must=parts)
    return models.Filter(should=parts) if parts else _nothing()


def _compared(client: QdrantClient, collection: str, test: Compare) -> models.Filter:
    if test.operator in ("equals", "notEquals"):
        found = _any(test.key, [token(test.value)])
    elif test.operator in ("in", "notIn"):
        found = _any(test.key, [token(value) for value in test.value])
    elif test.operator == "listContains":
        found = _any(test.key, [member_token(test.value)])
    else:
        found = _any(test.key, satisfying(test, _values(client, collection, test.key)))
    return models.Filter(must_not=[found]) if test.operator in ("notEquals", "notIn") else found


def _any(key: str, tokens: Sequence[str | None]) -> models.Filter:
    given = [one for one in dict.fromkeys(tokens) if one is not None]
    if not given:
        return _nothing()
    return models.Filter(must=[models.FieldCondition(key=path_of(key), match=models.MatchAny(any=given))])


def _nothing() -> models.Filter:
    return models.Filter(must=[models.HasIdCondition(has_id=[])])


def _values(client: QdrantClient, collection: str, key: str) -> list[str]:
    found = client.facet(collection, path_of(key), limit=MOST_VALUES, exact=True)
    if len(found.hits) >= MOST_VALUES:
        raise Unsupported(
            f"The field {key[:100]!r} has more than {MOST_VALUES:,} values: in Qdrant only equals and in compare it."
        )
    return [str(hit.value) for hit in found.hits]
