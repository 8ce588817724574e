"""Which operation a request names: by method and raw path, slashes exact, literals before labels.

Ids and ARNs arrive percent-encoded and are decoded here, each label for itself, so that a `%2F` never becomes a
slash. Three paths under /tags are shared by two services; the first that has the path is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import unquote_to_bytes

from outcrop.bedrock import spec
from outcrop.bedrock.spec import Operation

MAX_SEGMENTS = 16


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    label: _Node | None = None
    operations: dict[str, Operation] = field(default_factory=dict)  # by method


@dataclass(frozen=True, slots=True)
class Route:
    """An operation and the values of its path's labels, decoded."""

    operation: Operation
    labels: Mapping[str, str]


class Routes:
    """The paths of some operations as a tree of segments."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            node = self._root
            for segment in operation.path.split("/"):
                node = _child(node, segment)
            node.operations.setdefault(operation.method, operation)

    def find(self, method: str, raw_path: str) -> Route | None:
        """The operation for a method and a raw path (still percent-encoded), or None."""
        segments = raw_path.split("/")
        if len(segments) > MAX_SEGMENTS:
            return None
        values: list[str] = []
        operation = _descend(self._root, method, segments, values)
        if operation is None:
            return None
        names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
        decoded = [_decoded(value) for value in values]
        if None in decoded:
            return None
        return Route(operation, dict(zip(names, (value or "" for value in decoded), strict=True)))


@cache
def routes(prefix: str | None = None) -> Routes:
    """The paths of one service, or of all four."""
    names = (prefix,) if prefix else spec.SERVICES
    return Routes(operation for name in names for operation in spec.service(name).operations.values())


def find(method: str, raw_path: str) -> Route | None:
    """The operation of any service; the path may begin with a service's name, as in `/bedrock-agent/...`."""
    _, first, rest = (*raw_path.split("/", 2), "", "")[:3]
    if first in spec.SERVICES:
        return routes(first).find(method, f"/{rest}")
    return routes().find(method, raw_path)


def _child(node: _Node, segment: str) -> _Node:
    if not segment.startswith("{"):
        return node.literals.setdefault(segment, _Node())
    node.label = node.label or _Node()
    return node.label


def _descend(node: _Node, method: str, segments: list[str], values: list[str]) -> Operation | None:
    """The operation at the end of the segments, trying literals first; labels take whatever is not empty."""
    if not segments:
        return node.operations.get(method)
    segment, rest = segments[0], segments[1:]
    if (literal := node.literals.get(segment)) and (found := _descend(literal, method, rest, values)):
        return found
    if node.label is None or segment in ("", ".", ".."):
        return None
    values.append(segment)
    found = _descend(node.label, method, rest, values)
    if found is None:
        values.pop()
    return found


def _decoded(value: str) -> str | None:
    try:
        return unquote_to_bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        return None
