"""A storageConfiguration as the vector store that is meant and the table or index that is adopted in it.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_StorageConfiguration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from outcrop.core.chunks import Adopted
from outcrop.core.errors import Invalid, Unsupported
from outcrop.core.settings import Settings
from outcrop.core.stores import EMBEDDED

_EMBEDDED = "OUTCROP_EMBEDDED"  # the embedded store, whatever the setting `vector_store` says
_BY_NAME = "OUTCROP_STORE:"  # before the name of a store that is set up: Outcrop makes its own index there
OWN_TYPES = (_EMBEDDED, f"{_BY_NAME}*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a knowledge base is kept: a store by name, None for the setting's, and what is adopted there."""

    store: str | None = None
    adopts: Adopted | None = None
    declared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Form:
    """One type of storageConfiguration: its member, and those of its members that say which store and which place."""

    member: str
    resources: tuple[str, ...]
    place: str
    kind: str  # of the stores that may be meant


_FORMS: Mapping[str, _Form] = {
    "RDS": _Form("rdsConfiguration", ("resourceArn",), "tableName", "pgvector"),
    "OPENSEARCH_SERVERLESS": _Form(
        "opensearchServerlessConfiguration", ("collectionArn",), "vectorIndexName", "opensearch"
    ),
    "OPENSEARCH_MANAGED_CLUSTER": _Form(
        "opensearchManagedClusterConfiguration", ("domainArn", "domainEndpoint"), "vectorIndexName", "opensearch"
    ),
    "PINECONE": _Form("pineconeConfiguration", ("connectionString",), "namespace", "pinecone"),
    "REDIS_ENTERPRISE_CLOUD": _Form("redisEnterpriseCloudConfiguration", ("endpoint",), "vectorIndexName", "redis"),
}


def place(configuration: Mapping[str, Any] | None, settings: Settings) -> Place:
    """Where a knowledge base is to be kept.

    Raises:
        Invalid: The form lacks its member, or names a store that is not set up.
        Unsupported: A type that no store of Outcrop stands for.
    """
    if configuration is None:
        return Place()
    kind, declared = str(configuration["type"]), {"storageConfiguration": dict(configuration)}
    if kind == _EMBEDDED:
        return Place(EMBEDDED, declared=declared)
    if kind.startswith(_BY_NAME):
        return Place(kind.removeprefix(_BY_NAME), declared=declared)
    form = _FORMS.get(kind)
    if form is None:
        raise Unsupported(f"storageConfiguration.type {kind} is not supported by Outcrop; it has: {_types()}.")
    given = configuration.get(form.member)
    if given is None:
        raise Invalid(f"storageConfiguration.{form.member} is required for the type {kind}.")
    return Place(_meant(form, given, kind, settings), _adopted(form, given), declared)


def _types() -> str:
    return ", ".join((*_FORMS, _EMBEDDED, f"{_BY_NAME}NAME"))


def _meant(form: _Form, given: Mapping[str, Any], kind: str, settings: Settings) -> str:
    """The store that stands for a resource: its table says so, or it has the name that an ARN ends in."""
    named = [str(given[member]) for member in form.resources]
    ends = {value.rpartition("/")[2].rpartition(":")[2] for value in named if value.startswith("arn:")}
    for name, entry in settings.vector_stores.items():
        if entry.kind == form.kind and (name in ends or set(named) & set(entry.stands_for)):
            return name
    raise Unsupported(
        f"storageConfiguration.type {kind} is not configured on this server for {named[0][:200]!r}: add a table "
        f'[vector_stores.NAME] with kind = "{form.kind}" and stands_for = ["{named[0][:200]}"]. Leave '
        f"storageConfiguration out for the store that the server takes by itself."
    )


def _adopted(form: _Form, given: Mapping[str, Any]) -> Adopted:
    fields = given["fieldMapping"]
    return Adopted(
        place=given.get(form.place, ""),
        text=fields["textField"],
        metadata=fields["metadataField"],
        vector=fields.get("vectorField"),
        key=fields.get("primaryKeyField"),
        custom_metadata=fields.get("customMetadataField"),
    )
