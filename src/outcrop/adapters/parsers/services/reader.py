"""A reader that gives PDF files and pictures to a service, and reads everything else on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from outcrop.adapters.parsers.detect import MAGIC
from outcrop.adapters.parsers.formats import PDF
from outcrop.core.errors import Denied, Invalid, OutcropError, Unreadable
from outcrop.core.parsed import Blob, ParsedDocument
from outcrop.core.protocols import Reader

HEAD = 1024  # bytes that tell what a file is
MOST_WAIT = 1800.0  # seconds for one document
FIRST_WAIT, LONGEST_WAIT = 1.0, 10.0  # seconds between two questions whether it is done
MIB = 1024 * 1024


class PageService(Protocol):
    """A service that reads pages."""

    version: str
    media_types: frozenset[str]

    async def read(self, data: bytes, name: str, media_type: str) -> ParsedDocument:
        """The text of a file. Raises Unreadable where the file is at fault, other errors where the service is."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class ServiceReader:
    """`core.protocols.Reader` over a service and the reader on this machine."""

    def __init__(self, service: PageService, local: Reader, max_file_mb: int) -> None:
        self._service = service
        self._local = local
        self._limit = max_file_mb

    def supports(self, name: str) -> bool:
        """Whether a file of this name may be a document."""
        return self._local.supports(name)

    def named(self, name: str, media_type: str) -> str:
        """The name with the extension of a media type."""
        return self._local.named(name, media_type)

    def version(self, media_type: str) -> str:
        """The service's version for what it reads."""
        local = self._local.version(media_type)
        if media_type in self._service.media_types:
            return self._service.version
        return f"{local} or {self._service.version}" if not media_type else local

    async def read(self, blob: Blob) -> ParsedDocument:
        """The text. Raises Unreadable with the reason."""
        media_type = await asyncio.to_thread(kind_of, blob)
        if media_type not in self._service.media_types:
            return await self._local.read(blob)
        if blob.size() > self._limit * MIB:
            return await self._local.read(blob)  # which says why it is not read
        data = await asyncio.to_thread(blob.read)
        try:
            return await self._service.read(data, blob.name, str(media_type))
        except Unreadable:
            raise
        except OutcropError as error:
            raise Unreadable("unreachable", _sentence(error)) from error

    async def close(self) -> None:
        """Let go of the service; the reader on this machine belongs to others too."""
        await self._service.close()


def kind_of(blob: Blob) -> str | None:
    """The media type of a PDF file or a picture by its first bytes, None for anything else."""
    try:
        head = blob.data[:HEAD] if blob.data is not None else _head(blob)
    except OSError:
        return None
    found = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), None)
    return PDF if found is None and b"%PDF-" in head else found


def _head(blob: Blob) -> bytes:
    if blob.path is None:
        return b""
    with blob.path.open("rb") as file:
        return file.read(HEAD)


def _sentence(error: OutcropError) -> str:
    again = "" if isinstance(error, Denied | Invalid) else " The next sync tries again."
    return f"{error.message}{again}"


async def until(
    done: Callable[[], Awaitable[ParsedDocument | None]], first: float, most: float = MOST_WAIT
) -> ParsedDocument:
    """What `done` gives once it is not None; it is asked at growing intervals. Raises Unreadable (`timeout`)."""
    waited, pause = 0.0, first
    while waited < most:
        found = await done()
        if found is not None:
            return found
        await asyncio.sleep(pause)
        waited += pause
        pause = min(pause * 1.5, LONGEST_WAIT)
    raise Unreadable(
        "timeout", f"The service did not end within {most:.0f} seconds. Split the file, or sync again later."
    )
