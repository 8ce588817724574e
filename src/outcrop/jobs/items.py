"""The documents of a step as text: one JSON list, which is read and written far faster than records are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from outcrop.core.errors import Unreadable
from outcrop.core.protocols import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An item as its source listed it; `doubted` where the index and the record of its document disagreed then."""

    item: Item
    doubted: bool = False


def dumps(listed: Sequence[Listed]) -> str:
    """Items as text; what is as it usually is takes no room."""
    return json.dumps([_written(one) for one in listed], separators=(",", ":"), allow_nan=False)


def loads(text: str) -> list[Listed]:
    """The items that `dumps` wrote."""
    return [_read(one) for one in json.loads(text)]


def _written(listed: Listed) -> dict[str, Any]:
    item = listed.item
    fields: dict[str, Any] = {
        "uri": item.uri,
        "name": item.name,
        "size": item.size,
        "version": item.version,
        "metadata": {key: list(one) if isinstance(one, tuple) else one for key, one in item.metadata.items()},
        "embedded": list(item.embedded),
        "undescribed": not item.described,
        "fault": [item.fault.reason, item.fault.message] if item.fault is not None else None,
        "unlisted": item.unlisted,
        "doubted": listed.doubted,
    }
    return {name: value for name, value in fields.items() if value or value == ""}


def _read(written: dict[str, Any]) -> Listed:
    metadata = written.get("metadata", {})
    item = Item(
        uri=written["uri"],
        name=written["name"],
        size=written.get("size", 0),
        version=written.get("version"),
        metadata={key: tuple(one) if isinstance(one, list) else one for key, one in metadata.items()},
        embedded=tuple(written.get("embedded", ())),
        described=not written.get("undescribed", False),
        fault=Unreadable(*written["fault"]) if "fault" in written else None,
        unlisted=written.get("unlisted", False),
    )
    return Listed(item=item, doubted=written.get("doubted", False))
