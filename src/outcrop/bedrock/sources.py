"""Bedrock's dataSourceConfiguration, to our kinds of data sources and back.

A folder of the server is none of Bedrock's types. It travels as a connector, whose parameters are free-form in the
service model, so that every client lets it through: type MANAGED_KNOWLEDGE_BASE_CONNECTOR and connectorParameters
`{"type": "FOLDER", "path": "/srv/documents", "include": ["*.pdf"]}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outcrop.core.errors import Invalid, Unsupported
from outcrop.core.records import CUSTOM, DataSource

PATH = "dataSourceConfiguration"
CONNECTOR, CONNECTOR_MEMBER = "MANAGED_KNOWLEDGE_BASE_CONNECTOR", "managedKnowledgeBaseConnectorConfiguration"
FOLDER = "FOLDER"
ALLOW_EMPTY = "allow_empty"  # a folder's setting, which has a member of its own
MEMBERS = {"S3": "s3Configuration", "CUSTOM": None, CONNECTOR: CONNECTOR_MEMBER}
PROTECTION, STATUS = "deletionProtectionConfiguration", "deletionProtectionStatus"
ACCEPTED = (
    f"{PATH}.type",
    f"{PATH}.s3Configuration.**",
    f"{PATH}.{CONNECTOR_MEMBER}.connectorParameters",
    f"{PATH}.{CONNECTOR_MEMBER}.{PROTECTION}.{STATUS}",
)


def source_of(configuration: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind of data source that is asked for, and its configuration.

    Raises:
        Invalid: A member is missing, or does not go with the type.
        Unsupported: Outcrop does not read this type of source.
    """
    kind = configuration["type"]
    if kind not in MEMBERS:
        offered = f"S3, CUSTOM, and {CONNECTOR} for a folder"
        raise Unsupported(f"{PATH}.type {kind} is not supported by Outcrop; it has: {offered}.")
    member = MEMBERS[kind]
    for name in configuration.keys() - {"type", member}:
        raise Invalid(f"{PATH}.{name} does not go with the type {kind}; leave it out.")
    if member is None:
        return CUSTOM, {}
    if member not in configuration:
        raise Invalid(f"{PATH}.{member} is required for the type {kind}.")
    return _bucket(configuration[member]) if kind == "S3" else _folder(configuration[member])


def _bucket(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    found: dict[str, Any] = {"bucket": given["bucketArn"].rpartition(":::")[2]}
    if "inclusionPrefixes" in given:
        found["prefix"] = given["inclusionPrefixes"][0]
    if "bucketOwnerAccountId" in given:
        found["owner"] = given["bucketOwnerAccountId"]
    return "s3", found


def _folder(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    parameters, at = given.get("connectorParameters"), f"{PATH}.{CONNECTOR_MEMBER}.connectorParameters"
    if not isinstance(parameters, Mapping) or not isinstance(parameters.get("path"), str):
        raise Invalid(f'{at} must be an object such as {{"type": "{FOLDER}", "path": "/srv/documents"}}.')
    if parameters.get("type") != FOLDER:
        raise Unsupported(f'{at}.type {parameters.get("type")!r:.60} is not supported by Outcrop; it has: "{FOLDER}".')
    found = {name: value for name, value in parameters.items() if name != "type"}
    if PROTECTION in given:  # from being emptied by a folder that lists nothing
        found[ALLOW_EMPTY] = given[PROTECTION][STATUS] == "DISABLED"
    return "folder", found


def configuration_of(source: DataSource) -> dict[str, Any]:
    """A dataSourceConfiguration."""
    given = source.configuration
    if source.kind == CUSTOM:
        return {"type": "CUSTOM"}
    if source.kind != "s3":
        return {"type": CONNECTOR, CONNECTOR_MEMBER: _connector(given)}
    bucket = {
        "bucketArn": f"arn:aws:s3:::{given['bucket']}",
        "inclusionPrefixes": [given["prefix"]] if given.get("prefix") else None,
        "bucketOwnerAccountId": given.get("owner"),
    }
    return {"type": "S3", "s3Configuration": bucket}


def _connector(given: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {name: value for name, value in given.items() if name != ALLOW_EMPTY}
    status = {True: "DISABLED", False: "ENABLED"}.get(given.get(ALLOW_EMPTY, ...))
    protection = {PROTECTION: {STATUS: status}} if status else {}
    return {"connectorParameters": {"type": FOLDER, **parameters}, **protection}
