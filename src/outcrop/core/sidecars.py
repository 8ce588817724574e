"""Metadata files beside documents, in both of Bedrock's spellings.

`report.pdf.metadata.json` holds `{"metadataAttributes": {"year": 2026}}`, or each attribute with its type:
`{"year": {"value": {"type": "NUMBER", "numberValue": 2026}, "includeForEmbedding": true}}`
(https://docs.aws.amazon.com/bedrock/latest/userguide/kb-metadata.html).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from outcrop.core.errors import Unreadable
from outcrop.core.filters import Metadata, Value
from outcrop.core.parsed import RecordStructure

STRUCTURE, RECORDS = "documentStructureConfiguration", "recordBasedStructureMetadata"
SUFFIX = ".metadata.json"
MAX_BYTES = 1 << 20
MAX_ATTRIBUTES = 500
MAX_INTEGER = 2**53  # larger ones are not exact as JSON numbers
RESERVED = ("x-amz-bedrock-", "x-outcrop-")
TYPES: Mapping[str, tuple[str, type | tuple[type, ...]]] = {
    "STRING": ("stringValue", str),
    "NUMBER": ("numberValue", (int, float)),
    "BOOLEAN": ("booleanValue", bool),
    "STRING_LIST": ("stringListValue", list),
}


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The attributes of a document, the names of those that are embedded with its text, and a table's structure."""

    metadata: Metadata = field(default_factory=dict)
    embedded: tuple[str, ...] = ()
    structure: RecordStructure | None = None


def read_sidecar(name: str, data: bytes) -> Sidecar:
    """The content of a metadata file.

    Raises:
        Unreadable: It is not in one of the two spellings (reason `corrupt`); the message says where.
    """
    try:
        return _read(data)
    except (ValueError, RecursionError) as error:
        sentence = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Unreadable("corrupt", f"Its metadata file {name} cannot be used: {sentence}.") from error


def orphan(document: str) -> Unreadable:
    """What is said of a metadata file that stands alone."""
    return Unreadable("unsupported", f"A metadata file whose document {document} is not there.")


def _read(data: bytes) -> Sidecar:
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES >> 20} MiB")
    loaded = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    structure = _structure(loaded.get(STRUCTURE)) if isinstance(loaded, dict) else None
    given: dict[str, Any] | None = {} if structure is not None else None
    attributes = loaded.get("metadataAttributes", given) if isinstance(loaded, dict) else None
    if not isinstance(attributes, dict):
        raise ValueError(  # noqa: TRY004 # the file is wrong, not the program
            'it must be an object with the member "metadataAttributes", an object'
        )
    plain = {key: typed_value(key, given) if isinstance(given, dict) else given for key, given in attributes.items()}
    embedded = [
        key for key, given in attributes.items() if isinstance(given, dict) and given.get("includeForEmbedding", False)
    ]
    return Sidecar(checked_metadata(plain), tuple(sorted(embedded)), structure)


def _structure(given: Any) -> RecordStructure | None:
    """A documentStructureConfiguration. Raises ValueError."""
    if given is None:
        return None
    inner = given.get(RECORDS) if isinstance(given, dict) else None
    if not isinstance(inner, dict) or given.get("type") != "RECORD_BASED_STRUCTURE_METADATA":
        raise ValueError(f'"{STRUCTURE}" must have the type RECORD_BASED_STRUCTURE_METADATA and "{RECORDS}"')
    content = _fields(inner.get("contentFields"), "contentFields")
    if len(content) != 1:
        raise ValueError('"contentFields" must name one column')
    chosen = inner.get("metadataFieldsSpecification", {})
    if not isinstance(chosen, dict):
        raise ValueError('"metadataFieldsSpecification" must be an object')  # noqa: TRY004 # the file is wrong
    include = _fields(chosen["fieldsToInclude"], "fieldsToInclude") if "fieldsToInclude" in chosen else None
    exclude = _fields(chosen.get("fieldsToExclude", []), "fieldsToExclude")
    return RecordStructure(content=content[0], include=include, exclude=exclude)


def _fields(given: Any, what: str) -> tuple[str, ...]:
    names = (
        [one.get("fieldName") if isinstance(one, dict) else None for one in given] if isinstance(given, list) else [0]
    )
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError(f'"{what}" must be a list such as [{{"fieldName": "text"}}]')
    return tuple(map(str, names))


def checked_metadata(attributes: Mapping[str, Any]) -> Metadata:
    """Attributes as metadata. Raises ValueError for a reserved name, another kind of value, or too many of them."""
    if len(attributes) > MAX_ATTRIBUTES:
        raise ValueError(f"it has more than {MAX_ATTRIBUTES} attributes")
    if reserved := next((key for key in attributes if key.startswith(RESERVED)), None):
        raise ValueError(f"the name {reserved!r} is reserved")
    return {key: _value(key, value) for key, value in attributes.items()}


def typed_value(key: str, given: Mapping[str, Any]) -> Any:
    """The value of the spelling with types. Raises ValueError."""
    value = given.get("value")
    if not isinstance(value, dict) or value.get("type") not in TYPES:
        raise ValueError(f'{key!r} must have a "value" with a "type": {", ".join(TYPES)}')
    if not isinstance(given.get("includeForEmbedding", False), bool):
        raise ValueError(f'"includeForEmbedding" of {key!r} must be true or false')  # noqa: TRY004 # as above
    member, kind = TYPES[value["type"]]
    found = value.get(member)
    if not isinstance(found, kind) or (value["type"] == "NUMBER" and isinstance(found, bool)):
        raise ValueError(f'{key!r} is of type {value["type"]} and needs a fitting "{member}"')
    return found


def _value(key: str, value: Any) -> Value:
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        if abs(value) > MAX_INTEGER if isinstance(value, int) else not math.isfinite(value):
            raise ValueError(f"the number of {key!r} is too large")
        return value
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise ValueError(f"{key!r} must be text, a number, true, false or a list of texts")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
