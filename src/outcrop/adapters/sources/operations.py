"""Reads an OpenAPI document into one Markdown text an operation: what is asked, what is given, what comes back.

References are resolved where they stand, within the document alone, and never round in a loop or without end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from outcrop.adapters.sources.yaml_data import load_yaml
from outcrop.core.errors import Unreadable

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MOST_OPERATIONS = 20_000
MOST_LINES = 400  # of the schemas of one operation
MOST_VISITS = 2000  # of schemas, for one operation
DEEPEST = 8  # levels of a schema
MOST_HOPS = 20  # references that lead to one another
MOST_VALUES = 30  # of an enumeration


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation (or the whole API: without a method), and where it stands in the document (RFC 6901)."""

    method: str
    path: str
    pointer: str
    text: str
    metadata: dict[str, Any] = field(default_factory=dict)


def read_operations(data: bytes) -> list[Operation]:
    """The operations in the document's order, after the API itself. Raises Unreadable where it is none."""
    document = _loaded(data)
    version = document.get("openapi", document.get("swagger"))
    if not isinstance(version, str) or not version.startswith(("2.", "3.")):
        raise Unreadable("unsupported", "It is no OpenAPI document of version 2.0, 3.0 or 3.1.")
    paths = _mapping(document.get("paths"))
    found = [_overview(document)]
    for path, given in paths.items():
        item = _mapping(_resolved(document, given))
        shared = _sequence(item.get("parameters"))
        for method in METHODS:
            if isinstance(item.get(method), Mapping) and len(found) <= MOST_OPERATIONS:
                found.append(_Writer(document, str(path), method, item[method], shared).operation())
    return found


def _loaded(data: bytes) -> Mapping[str, Any]:
    try:
        text = data.decode("utf-8-sig")
        loaded = json.loads(text) if text.lstrip().startswith("{") else load_yaml(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("corrupt", f"It is neither JSON nor YAML: {error!s:.200}.") from error
    if not isinstance(loaded, Mapping):
        raise Unreadable("corrupt", "It is no object of JSON or YAML.")
    return loaded


def _overview(document: Mapping[str, Any]) -> Operation:
    """What is said of the API as a whole."""
    info = _mapping(document.get("info"))
    title = _line(info.get("title")) or "API"
    lines = [f"# {title}", "", f"Version {_line(info.get('version'))}.", "", _text(info.get("description"))]
    servers = [_line(_mapping(one).get("url")) for one in _sequence(document.get("servers"))]
    if not servers and document.get("host"):
        servers = [f"{_line(document.get('host'))}{_line(document.get('basePath'))}"]
    lines += ["", f"Servers: {', '.join(servers)}" if servers else ""]
    for tag in map(_mapping, _sequence(document.get("tags"))):
        lines += ["", f"## {_line(tag.get('name'))}", "", _text(tag.get("description"))]
    components = _mapping(document.get("components"))
    schemes = _mapping(components.get("securitySchemes", document.get("securityDefinitions")))
    lines += ["", "## Authentication"] if schemes else []
    for name, given in schemes.items():
        scheme = _mapping(_resolved(document, given))
        kind = " ".join(_line(scheme.get(part)) for part in ("type", "scheme", "in", "name") if scheme.get(part))
        lines.append(f"- {_line(name)}: {kind}. {_line(scheme.get('description'))}".rstrip())
    return Operation(method="", path="", pointer="/info", text=_joined(lines), metadata={"api": title})


class _Writer:
    """Writes one operation."""

    def __init__(
        self,
        document: Mapping[str, Any],
        path: str,
        method: str,
        given: Mapping[str, Any],
        shared: Sequence[Any],
    ) -> None:
        self._document = document
        self._path = path
        self._method = method
        self._given = given
        self._shared = shared
        self._left, self._visits = MOST_LINES, MOST_VISITS

    def operation(self) -> Operation:
        """The operation with its text and metadata."""
        given, method = self._given, self._method.upper()
        tags = [_line(tag) for tag in _sequence(given.get("tags"))]
        api = _line(_mapping(self._document.get("info")).get("title"))
        metadata = {
            "api": api, "method": method, "path": self._path, "operation_id": _line(given.get("operationId")),
            "tags": tags, "deprecated": given.get("deprecated") is True,
        }  # fmt: skip
        escaped = self._path.replace("~", "~0").replace("/", "~1")
        return Operation(
            method=method,
            path=self._path,
            pointer=f"/paths/{escaped}/{self._method}",
            text=_joined(list(self._lines())),
            metadata={name: value for name, value in metadata.items() if value not in ("", [])},
        )

    def _lines(self) -> Iterator[str]:
        given = self._given
        yield from (f"# {self._method.upper()} {self._path}", "", _line(given.get("summary")), "")
        yield from (_text(given.get("description")), "")
        for name, what in (("operationId", "Operation"), ("deprecated", "Deprecated")):
            if given.get(name):
                yield f"{what}: {_line(given[name])}"
        if given.get("tags"):
            yield f"Tags: {', '.join(map(_line, _sequence(given['tags'])))}"
        security = given.get("security", self._document.get("security"))
        schemes = sorted({_line(name) for one in _sequence(security) for name in _mapping(one)})
        if schemes:
            yield f"Authentication: {', '.join(schemes)}"
        yield from self._parameters()
        yield from self._body()
        yield from self._responses()

    def _parameters(self) -> Iterator[str]:
        """Those of the operation, and those of its path that it does not replace; a body of 2.0 among them."""
        found = {}
        for one in (*self._shared, *_sequence(self._given.get("parameters"))):
            parameter = _mapping(_resolved(self._document, one))
            found[_line(parameter.get("in")), _line(parameter.get("name"))] = parameter
        if found:
            yield from ("", "## Parameters", "")
        for (place, name), parameter in found.items():
            needed = ", required" if parameter.get("required") else ""
            schema = parameter.get("schema", parameter)
            yield f"- `{name}` ({place}{needed}, {self._kind(schema)}): {_line(parameter.get('description'))}".rstrip(
                ": "
            )
            if place == "body":
                yield from self._schema(schema, 1, ())

    def _body(self) -> Iterator[str]:
        body = _mapping(_resolved(self._document, self._given.get("requestBody")))
        if body:
            needed = ", required" if body.get("required") else ""
            yield from ("", f"## Request body{needed}", "", _text(body.get("description")))
            yield from self._contents(body)

    def _responses(self) -> Iterator[str]:
        responses = _mapping(self._given.get("responses"))
        if responses:
            yield from ("", "## Responses")
        for status, one in responses.items():
            response = _mapping(_resolved(self._document, one))
            yield from ("", f"{_line(status)}: {_text(response.get('description'))}")
            if "schema" in response:  # of version 2.0
                yield from self._schema(response["schema"], 0, ())
            yield from self._contents(response)

    def _contents(self, given: Mapping[str, Any]) -> Iterator[str]:
        for media_type, one in _mapping(given.get("content")).items():
            yield f"{_line(media_type)}:"
            yield from self._schema(_mapping(one).get("schema"), 0, ())

    def _schema(self, given: Any, depth: int, above: tuple[str, ...]) -> Iterator[str]:
        """The members of a schema as a list; `above` are the references that it is within, which end a loop."""
        name = _reference(given)
        if name is not None and name in above:
            yield f"{'  ' * depth}- (as {_called(name)} above)"
            return
        self._visits -= 1
        if self._visits < 0 or len(above) > MOST_HOPS:
            return
        above = (*above, name or "")
        schema = _mapping(_resolved(self._document, given))
        if depth >= DEEPEST or not schema:
            return
        for part in ("allOf", "oneOf", "anyOf"):
            for one in _sequence(schema.get(part)):
                if part != "allOf":
                    yield f"{'  ' * depth}- {'one' if part == 'oneOf' else 'any'} of: {self._kind(one)}"
                yield from self._schema(one, depth + (part != "allOf"), above)
        if "items" in schema:
            yield from self._schema(schema["items"], depth, above)
        yield from self._members(schema, depth, above)

    def _members(self, schema: Mapping[str, Any], depth: int, above: tuple[str, ...]) -> Iterator[str]:
        required = {_line(one) for one in _sequence(schema.get("required"))}
        for name, one in _mapping(schema.get("properties")).items():
            if self._left <= 0:
                return
            self._left -= 1
            member = _mapping(_resolved(self._document, one))
            needed = ", required" if name in required else ""
            said = _line(member.get("description"))
            yield f"{'  ' * depth}- `{_line(name)}` ({self._kind(one)}{needed}){f': {said}' if said else ''}"
            yield from self._schema(one, depth + 1, above)

    def _kind(self, given: Any) -> str:
        """A schema's type in a few words."""
        schema, name = _mapping(_resolved(self._document, given)), _reference(given)
        kind = schema.get("type", "object" if "properties" in schema else "")
        words = [" or ".join(map(_line, _sequence(kind))) if isinstance(kind, list) else _line(kind)]
        if kind == "array":
            items = schema.get("items")
            inner = _reference(items) or _line(_mapping(_resolved(self._document, items)).get("type"))
            words.append(f"of {_called(inner)}" if inner else "")
        words += [_called(name) if name else "", _line(schema.get("format"))]
        if _sequence(schema.get("enum")):
            words.append("one of " + ", ".join(map(_line, _sequence(schema["enum"])[:MOST_VALUES])))
        if "default" in schema and not isinstance(schema["default"], (dict, list)):
            words.append(f"default {_line(schema['default'])}")
        return " ".join(word for word in words if word) or "any"


def _reference(given: Any) -> str | None:
    found = given.get("$ref") if isinstance(given, Mapping) else None
    return found if isinstance(found, str) else None


def _called(reference: str) -> str:
    return _line(reference.rpartition("/")[2])


def _resolved(document: Mapping[str, Any], given: Any) -> Any:
    """What a reference leads to within the document; nothing for one that leads elsewhere, or in a circle."""
    for _ in range(MOST_HOPS):
        reference = _reference(given)
        if reference is None:
            return given
        if not reference.startswith("#/"):
            return {"description": f"(see {reference})"}
        given = document
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            given = given.get(key) if isinstance(given, Mapping) else None
    return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _line(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(str(value).split()) if value is not None and not isinstance(value, (dict, list)) else ""


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _joined(lines: Sequence[str]) -> str:
    """Lines as a text, with at most one empty line between two."""
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
    return "\n".join(kept).strip() + "\n"
