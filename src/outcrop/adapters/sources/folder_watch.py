"""Sees within seconds that something in a folder has changed: by the operating system's word, or by looking."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

LEAST_PAUSE, MOST_PAUSE = 1.0, 60.0  # seconds between two looks
SHARE = 0.05  # of one processor, at most, is spent on looking
QUIET = 0.5  # seconds without a change: what is being written is left alone until then
_log = logging.getLogger(__name__)


async def changes(
    folder: Path, *, everything: bool = False, polling: bool = False, pause: float = LEAST_PAUSE
) -> AsyncIterator[None]:
    """A sign each time that something below a folder has changed and is quiet again; hidden files with `everything`.

    Without the package watchfiles, or where the operating system does not tell (network drives, too many folders), the
    folder is looked at, no more often than costs a twentieth of a processor.
    """
    if not polling:
        try:
            from watchfiles import DefaultFilter, awatch
        except ImportError:
            pass
        else:
            with suppress(OSError, RuntimeError):  # too many folders are watched
                heeded = None if everything else DefaultFilter()  # what editors leave behind changes nothing
                async for _ in awatch(folder, watch_filter=heeded, step=int(QUIET * 1000)):
                    yield
                return
            _log.info("%s cannot be watched; it is looked at instead.", folder)
    async for _ in _looked(folder, pause):
        yield


async def _looked(folder: Path, least: float) -> AsyncIterator[None]:
    seen = await asyncio.to_thread(state, folder)
    while True:
        begun = monotonic()
        found = await asyncio.to_thread(state, folder)
        cost = monotonic() - begun
        if found != seen:
            while (again := await _after(QUIET, folder)) != found:
                found = again
            seen = found
            yield
        await asyncio.sleep(min(max(least, cost / SHARE), MOST_PAUSE))


async def _after(seconds: float, folder: Path) -> str:
    await asyncio.sleep(seconds)
    return await asyncio.to_thread(state, folder)


def state(folder: Path) -> str:
    """A digest of the names, sizes and times of everything below a folder; links are not followed."""
    digest = hashlib.blake2b(digest_size=16)
    waiting = [os.fsencode(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            digest.update(str(error.errno).encode())
            continue
        for entry in entries:
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                digest.update(b"%b\0%d %d %d\n" % (entry.path, status.st_mode, status.st_size, status.st_mtime_ns))
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return digest.hexdigest()
