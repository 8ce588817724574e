"""The fields of a model's own reply that Converse is asked for as JSON Pointers (RFC 6901).

Outcrop knows `stop_reason`, `stop_sequence` and `model`; what a reply does not have is left out, as in Bedrock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from outcrop.core.chat import ChatEnded
from outcrop.core.errors import Invalid

POINTER = re.compile(r"(/([^~/]|~[01])*)+")


def check_pointers(paths: Iterable[str]) -> None:
    """Raises Invalid for a path that is no JSON Pointer."""
    for path in paths:
        if not POINTER.fullmatch(path):
            raise Invalid(f"additionalModelResponseFieldPaths: {path} is no JSON Pointer such as /stop_sequence.")


def found(paths: Iterable[str], end: ChatEnded) -> dict[str, Any]:
    """The member `additionalModelResponseFields` with those of the fields that there are; nothing without paths."""
    paths = list(paths)
    known: Mapping[str, Any] = {
        "/stop_reason": end.stop_reason,
        "/stop_sequence": end.stop_sequence,
        "/model": end.model,
    }
    fields = {path.removeprefix("/"): known[path] for path in paths if path in known}
    return {"additionalModelResponseFields": fields} if paths else {}
