"""Vector stores that are set up by name: tables `[vector_stores.NAME]` of `outcrop.toml`, and what they may hold."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outcrop.core.errors import Invalid

EMBEDDED = "embedded"  # the store that is there without a table
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"


class StoreEntry(BaseModel):
    """One table `[vector_stores.NAME]`: the kind of store and, in keys that its kind declares, how it is reached."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str = Field(pattern=r"^[a-z0-9_]+$", description="A key of `registry.VECTOR_STORES`, such as pgvector.")
    stands_for: tuple[str, ...] = Field(
        (), description="ARNs, endpoints and connection strings of a storageConfiguration that mean this store."
    )


class NoOptions(BaseModel):
    """The keys of a kind that has none."""

    model_config = ConfigDict(extra="forbid")


class StoreOptions(BaseModel):
    """The keys that every kind of store on a server has; a kind declares its own in a subclass.

    Credentials come by reference: the names of variables of the environment that hold them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = Field(None, description="Where the store is reached; without credentials.")
    url_variable: str | None = Field(None, pattern=VARIABLE, description="The variable that holds the whole address.")
    timeout: float = Field(30.0, gt=0, le=3600, description="Seconds that one request may take.")


Options = TypeVar("Options", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class NamedStore:
    """A store as it is set up: the name that knowledge bases call it by, its kind, and the keys of its table."""

    name: str
    kind: str
    given: Mapping[str, Any] = field(default_factory=dict)

    def options(self, shape: type[Options]) -> Options:
        """The keys of the table as its kind declares them. Raises Invalid with a sentence for each that is wrong."""
        try:
            return shape.model_validate(dict(self.given))
        except ValidationError as error:
            raise Invalid("\n".join(self._sentence(found) for found in error.errors())) from None

    def _sentence(self, found: Any) -> str:
        key = ".".join(str(part) for part in found["loc"])
        unknown = f"a store of the kind {self.kind} has no such key"
        why = unknown if found["type"] == "extra_forbidden" else found["msg"].removeprefix("Value error, ")
        return f"[vector_stores.{self.name}] {key}: {why}."

    def secret(self, variable: str | None) -> str | None:
        """What a variable of the environment holds; None where none is named. Raises Invalid where it is not set."""
        if variable is None:
            return None
        found = os.environ.get(variable)
        if not found:
            raise Invalid(f"[vector_stores.{self.name}]: the variable {variable} is not set.")
        return found

    def address(self, options: StoreOptions) -> str:
        """The address that `url_variable` or `url` gives. Raises Invalid where neither or both are set."""
        if (options.url is None) == (options.url_variable is None):
            raise Invalid(f"[vector_stores.{self.name}]: set one of url and url_variable.")
        return options.url or self.secret(options.url_variable) or ""


def named_store(name: str, tables: Mapping[str, StoreEntry], kinds: Mapping[str, str]) -> NamedStore:
    """The store that knowledge bases call by this name: one with a table, or a kind that needs none.

    Raises Invalid where there is none; the message says which there are.
    """
    entry = tables.get(name)
    if entry is not None:
        if entry.kind not in kinds:
            choices = ", ".join(sorted(kinds))
            raise Invalid(f"[vector_stores.{name}] kind: there is no {entry.kind!r}. Choose one of: {choices}.")
        return NamedStore(name, entry.kind, dict(entry.model_extra or {}))
    if name in BUILT_IN:
        return NamedStore(name, name)
    there = ", ".join(sorted({*tables, EMBEDDED}))
    raise Invalid(
        f"There is no vector store called {name!r}; a table [vector_stores.{name}] adds it. There are: {there}."
    )


BUILT_IN = frozenset({EMBEDDED, "memory"})
