"""Takes the moment of building out of container files, so that two builds give the same bytes."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

MOMENT = (2026, 11, 16, 9, 0, 0)
ISO_MOMENT = "2026-11-16T09:00:00Z"

_DATES = re.compile(rb"(<(?:dcterms:(?:created|modified)|meta:creation-date|dc:date)[^>]*>)[^<]*(<)")


def settle(path: Path) -> None:
    """Rewrites a zip container with one date for each entry and for its own metadata."""
    with zipfile.ZipFile(path) as archive:
        entries = [(item.filename, item.compress_type, archive.read(item)) for item in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, method, content in entries:
            item = zipfile.ZipInfo(name, date_time=MOMENT)
            item.compress_type = method
            item.external_attr = 0o644 << 16
            archive.writestr(item, _undated(name, content))


def _undated(name: str, content: bytes) -> bytes:
    if name not in {"docProps/core.xml", "meta.xml"}:
        return content
    return _DATES.sub(rb"\g<1>" + ISO_MOMENT.encode() + rb"\g<2>", content)
