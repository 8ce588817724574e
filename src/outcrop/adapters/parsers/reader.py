"""Reads any supported file, each in a guarded process, with the parser for its content."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from outcrop.adapters.parsers.families import FAMILIES, parser_version
from outcrop.adapters.parsers.formats import named, supported
from outcrop.adapters.parsers.options import MIB, ParseOptions
from outcrop.adapters.parsers.pool import Pool
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument
from outcrop.core.settings import Settings


class PooledReader:
    """A Reader over a pool of parse processes; `families` names the parser of each media type."""

    def __init__(self, options: ParseOptions, size: int, families: Mapping[str, str] = FAMILIES) -> None:
        self._options = options
        self._families = families
        self._pool = Pool(options, families, size)
        self._versions: dict[str, str] = {}

    def supports(self, name: str) -> bool:
        """Whether a file of this name may be a document, by its extension."""
        return supported(name)

    def named(self, name: str, media_type: str) -> str:
        """The name with the extension of a media type."""
        return named(name, media_type)

    def version(self, media_type: str) -> str:
        """The parser, its libraries and options that read this media type."""
        if media_type not in self._versions:
            self._versions[media_type] = parser_version(media_type, self._families, self._options)
        return self._versions[media_type]

    async def read(self, blob: Blob) -> ParsedDocument:
        """The text. Raises Unreadable with the reason."""
        self._check_size(blob)
        return await asyncio.wrap_future(self._pool.submit(blob))

    def _check_size(self, blob: Blob) -> None:
        try:
            size = blob.size()
        except OSError as error:
            raise Unreadable("unreachable", f"The file cannot be opened: {error.strerror}.") from error
        if size == 0:
            raise Unreadable("empty", "The file is empty (0 bytes). Put its content back, or remove it.")
        limit = self._options.max_file_mb
        if size > limit * MIB:
            message = (
                f"The file has {size / MIB:.0f} MiB; at most {limit} are read. Split it, or raise OUTCROP_MAX_FILE_MB."
            )
            raise Unreadable("too_large", message)

    async def close(self) -> None:
        """End the processes."""
        await asyncio.to_thread(self._pool.close)


def open_reader(settings: Settings) -> PooledReader:
    """A reader with as many processes as the settings, or the processors, give."""
    return PooledReader(ParseOptions.of(settings), settings.threads or _processors())


def _processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
