"""botocore's service models as files, and what is kept of them: the same without documentation, a fifth as long.

What is kept lies in the user's cache directory, under a name that changes with botocore's file; it may be deleted.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from platformdirs import user_cache_path

from outcrop.core.errors import MissingDependency

SPOKEN = ("documentation", "deprecatedMessage")  # for people


def folder() -> Path:
    """The folder of botocore's models, found without importing it. Raises MissingDependency."""
    package = find_spec("botocore")
    if package is None or not package.submodule_search_locations:
        raise MissingDependency("The Bedrock surface needs the package botocore.")
    return Path(package.submodule_search_locations[0]) / "data"


def read(path: Path, kept_in: Path | None = None) -> Mapping[str, Any]:
    """A model, from what was kept of it where that is there; else from botocore's file, and then it is kept."""
    kept = (kept_in or user_cache_path("outcrop", appauthor=False) / "bedrock") / _name(path)
    with suppress(OSError, ValueError):
        found: Mapping[str, Any] = json.loads(kept.read_bytes())
        return found
    data = path.read_bytes()
    model: Mapping[str, Any] = _silent(json.loads(gzip.decompress(data) if path.suffix == ".gz" else data))
    _keep(kept, json.dumps(model, separators=(",", ":")).encode())
    return model


def _name(path: Path) -> str:
    """A name for what is kept of a file, another one for each state of the file."""
    facts = path.stat()
    state = f"{path.resolve()} {facts.st_mtime_ns} {facts.st_size}"
    return f"{path.parts[-3]}-{hashlib.sha256(state.encode()).hexdigest()[:16]}.json"


def _silent(value: Any, inside: str = "") -> Any:
    """A part of a model without documentation; of members named so, nothing is lost."""
    if isinstance(value, list):
        return [_silent(one) for one in value]
    if not isinstance(value, dict):
        return value
    named = inside in ("members", "shapes", "operations")
    return {name: _silent(one, name) for name, one in value.items() if named or name not in SPOKEN}


def _keep(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all; where the directory cannot be written, nothing is kept."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as draft:
            draft.write(data)
        Path(draft.name).replace(path)
