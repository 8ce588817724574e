"""One sync of a data source at a time, in whatever process: a lock that ends with its holder, however that ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outcrop.core.errors import Conflict
from outcrop.core.records import DataSource


def lock_file(data: Path, source_id: str) -> Path:
    """The file whose lock means that a data source is being worked on."""
    return data / "locks" / f"{source_id}.lock"


@contextmanager
def locked(data: Path, source: DataSource) -> Iterator[None]:
    """Hold a data source.

    Raises:
        Conflict: Someone else does.
    """
    from filelock import FileLock, Timeout

    path = lock_file(data, source.id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(path, blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise Conflict(f"The data source {source.name} is being synced. Try again when that has ended.") from error
    try:
        yield
    finally:
        lock.release()
