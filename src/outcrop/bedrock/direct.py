"""Single documents as Bedrock says them, to what the service takes, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from outcrop.core.addresses import custom_id, custom_uri
from outcrop.core.errors import Invalid
from outcrop.core.filters import Metadata
from outcrop.core.records import CUSTOM, DataSource, Elsewhere
from outcrop.core.sidecars import TYPES, typed_value
from outcrop.ingest.direct import DirectDocument, State


def document_of(source: DataSource, given: Mapping[str, Any], at: str) -> DirectDocument:
    """A KnowledgeBaseDocument. Raises Invalid where its members do not go together or with the data source."""
    metadata = _metadata(given.get("metadata"), f"{at}.metadata")
    content, at = given["content"], f"{at}.content"
    kind = content["dataSourceType"]
    part = _chosen(content, "dataSourceType", {"CUSTOM": "custom", "S3": "s3"}, at)
    if kind != _kind(source):
        raise Invalid(_mismatch(source, kind, at))
    if kind == "S3":
        return DirectDocument(uri=part["s3Location"]["uri"], **metadata)
    return _custom(part, f"{at}.custom", metadata)


def uri_of(source: DataSource, identifier: Mapping[str, Any], at: str) -> str:
    """The address that a DocumentIdentifier names. Raises Invalid where it does not go with the data source."""
    part = _chosen(identifier, "dataSourceType", {"CUSTOM": "custom", "S3": "s3"}, at)
    if (identifier["dataSourceType"] == "S3") != (source.kind == "s3"):
        raise Invalid(_mismatch(source, identifier["dataSourceType"], at))
    if source.kind == CUSTOM:
        return custom_uri(part["id"])
    uri: str = part["uri"] if source.kind == "s3" else part["id"]
    return uri


def details(source: DataSource, states: Sequence[State], status: str | None = None) -> list[dict[str, Any]]:
    """KnowledgeBaseDocumentDetails; with a status of the request's own where that is given."""
    return [
        {
            "knowledgeBaseId": source.knowledge_base_id,
            "dataSourceId": source.id,
            "status": status or state.status,
            "identifier": _identifier(source, state.uri),
            "statusReason": state.reason,
            "updatedAt": state.updated_at,
        }
        for state in states
    ]


def _identifier(source: DataSource, uri: str) -> dict[str, Any]:
    """A DocumentIdentifier; files of a folder are custom documents by their address, for Bedrock has no other word."""
    if source.kind == "s3":
        return {"dataSourceType": "S3", "s3": {"uri": uri}}
    return {"dataSourceType": "CUSTOM", "custom": {"id": custom_id(uri) if source.kind == CUSTOM else uri}}


def _custom(part: Mapping[str, Any], at: str, metadata: Mapping[str, Any]) -> DirectDocument:
    uri = custom_uri(part["customDocumentIdentifier"]["id"])
    place = _chosen(
        part, "sourceType", {"IN_LINE": "inlineContent", "S3_LOCATION": "s3Location"}, at, {"customDocumentIdentifier"}
    )
    if part["sourceType"] == "S3_LOCATION":
        name = place["uri"].rpartition("/")[2]
        return DirectDocument(uri=uri, name=name, content_at=_elsewhere(place), **metadata)
    content = _chosen(place, "type", {"TEXT": "textContent", "BYTE": "byteContent"}, f"{at}.inlineContent")
    return DirectDocument(uri=uri, data=content["data"], media_type=content.get("mimeType", ""), **metadata)


def _metadata(given: Mapping[str, Any] | None, at: str) -> dict[str, Any]:
    """The arguments that a DocumentMetadata gives."""
    if given is None:
        return {}
    wanted = {"IN_LINE_ATTRIBUTE": "inlineAttributes", "S3_LOCATION": "s3Location"}
    part = _chosen(given, "type", wanted, at)
    if given["type"] == "S3_LOCATION":
        return {"metadata_at": _elsewhere(part)}
    return {"metadata": _attributes(part, f"{at}.inlineAttributes")}


def _attributes(given: Sequence[Mapping[str, Any]], at: str) -> Metadata:
    metadata = {}
    for place, one in enumerate(given):
        key, value = one["key"], one["value"]
        if key in metadata:
            raise Invalid(f"{at}[{place}].key {key!r} is given twice.")
        wanted = {kind: member for kind, (member, _) in TYPES.items()}
        _chosen(value, "type", wanted, f"{at}[{place}].value")
        try:
            metadata[key] = typed_value(key, {"value": value})
        except ValueError as error:
            raise Invalid(f"{at}[{place}]: {error}.") from error
    return metadata


def _elsewhere(location: Mapping[str, Any]) -> Elsewhere:
    return Elsewhere(uri=location["uri"], owner=location.get("bucketOwnerAccountId"))


def _chosen(
    given: Mapping[str, Any],
    choice: str,
    members: Mapping[str, str],
    at: str,
    beside: frozenset[str] | set[str] = frozenset(),
) -> Any:
    """The member that goes with a choice. Raises Invalid where it is missing, or another stands beside it."""
    kind = given[choice]
    wanted = members[kind]
    if wanted not in given:
        raise Invalid(f"{at}.{wanted} is required for the {choice} {kind}.")
    if extra := sorted(given.keys() - {choice, wanted} - beside):
        raise Invalid(f"{at}.{extra[0]} does not go with the {choice} {kind}; leave it out.")
    return given[wanted]


def _kind(source: DataSource) -> str | None:
    """The dataSourceType of the documents that a data source is given; None where it is given none."""
    return {CUSTOM: "CUSTOM", "s3": "S3"}.get(source.kind)


def _mismatch(source: DataSource, kind: str, at: str) -> str:
    if _kind(source) is None:
        return f"The data source {source.id} is a folder, which is given no documents; put the file there and sync."
    return f"{at}.dataSourceType is {kind}, but the data source {source.id} is of the type {_kind(source)}."
