"""The blob store on this machine's disk: a file a content, named by its SHA-256, that only its owner may read."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import NamedTemporaryFile

from outcrop.core.errors import NotFound, Unavailable
from outcrop.core.settings import Settings

PRIVATE_FOLDER = 0o700
KEY = re.compile(r"[0-9a-f]{64}")


class DiskBlobs:
    """Keeps contents below a folder, in folders by the first two digits of their keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, data: bytes) -> str:
        """Keep a content; its key. Raises Unavailable where it cannot be written."""
        key = hashlib.sha256(data).hexdigest()
        await asyncio.to_thread(_written, self._path(key), data)
        return key

    async def read(self, key: str) -> bytes:
        """The content. Raises NotFound."""
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError as error:
            raise NotFound(f"There is no content with the key {key!r:.80}.") from error
        except OSError as error:
            raise Unavailable(f"The content {key} cannot be read: {error.strerror}.") from error

    async def delete(self, key: str) -> None:
        """Remove a content."""
        if KEY.fullmatch(key):
            await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def kept(self) -> AsyncIterator[str]:
        """Every key, in no order."""
        for name in await asyncio.to_thread(_names, self._folder):
            yield name

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):  # never a path of the caller's choosing
            raise NotFound(f"There is no content with the key {key!r:.80}.")
        return self._folder / key[:2] / key


def _written(path: Path, data: bytes) -> None:
    """Write a file that is either there whole or not at all."""
    if path.exists():
        return
    try:
        path.parent.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        path.parent.mkdir(exist_ok=True, mode=PRIVATE_FOLDER)
        with NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as draft:  # mode 0600
            try:
                draft.write(data)
                draft.flush()
                os.fsync(draft.fileno())
                Path(draft.name).replace(path)
            except BaseException:
                Path(draft.name).unlink(missing_ok=True)
                raise
        _synced(path.parent)
    except OSError as error:
        raise Unavailable(f"A content cannot be kept below {path.parent.parent}: {error.strerror}.") from error


def _synced(folder: Path) -> None:
    """Make the names in a folder last."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return [path.name for below in folder.iterdir() for path in below.iterdir() if KEY.fullmatch(path.name)]


def open_blobs(settings: Settings) -> DiskBlobs:
    """The blob store below the data directory."""
    return DiskBlobs(settings.data / "blobs")
