"""The operations of an API, from its OpenAPI document (2.0, 3.0, 3.1; JSON or YAML), each a document of its own."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from outcrop.adapters.sources.addresses import normalised
from outcrop.adapters.sources.configuration import check_members
from outcrop.adapters.sources.credentials import Credential
from outcrop.adapters.sources.http import Fetcher, Limits
from outcrop.adapters.sources.network import Reach
from outcrop.adapters.sources.operations import Operation, read_operations
from outcrop.adapters.sources.patterns import Patterns
from outcrop.core.errors import Invalid, OutcropError, Unavailable, Unreadable
from outcrop.core.parsed import Blob
from outcrop.core.protocols import Item
from outcrop.core.settings import Settings

MEMBERS = {"file": str, "url": str, "include": list, "exclude": list, "credential": dict}
MOST_BYTES = 20 << 20
OK = 200


class OpenApiSource:
    """One Markdown document an operation, and one for the API as a whole; each changes with what it says alone."""

    allow_empty = True  # a document without operations says so itself

    def __init__(self, configuration: Mapping[str, Any], settings: Settings) -> None:
        self._file = Path(configuration["file"]) if "file" in configuration else None
        self._url: str | None = configuration.get("url")
        self._patterns = Patterns.of(configuration.get("include", ()), configuration.get("exclude", ()))
        self._credential = Credential.of(configuration.get("credential"), settings)
        self._reach = Reach(settings.private_hosts)
        self._contents: dict[str, bytes] = {}

    async def list(self, since: str | None) -> AsyncIterator[Item]:
        """Every operation. Raises Unavailable where the document cannot be had or is none."""
        del since  # it is one document
        try:
            data = await self._data()
            operations = await asyncio.to_thread(read_operations, data)
        except (OutcropError, OSError) as error:
            what = error.message if isinstance(error, OutcropError) else str(error.strerror)
            raise Unavailable(f"The OpenAPI document {self._place}: {what} Nothing was changed.") from error
        for operation in operations:
            if self._patterns.wanted(operation.path.strip("/") or "api"):
                yield self._item(operation)

    async def fetch(self, item: Item) -> Blob:
        """The operation as Markdown. Raises Unreadable for one that was not listed."""
        if item.uri not in self._contents:  # listed by another process
            try:
                self._contents = {self._item(one).uri: one.text.encode() for one in read_operations(await self._data())}
            except (OutcropError, OSError) as error:
                raise Unreadable("unreachable", f"The OpenAPI document {self._place} cannot be had now.") from error
        if item.uri not in self._contents:
            raise Unreadable("unreachable", "It is no longer in the OpenAPI document.")
        return Blob(name=item.name.rpartition("/")[2], data=self._contents[item.uri])

    @property
    def _place(self) -> str:
        return self._url if self._url is not None else str(self._file)

    async def _data(self) -> bytes:
        if self._file is not None:
            return await asyncio.to_thread(_read, self._file)
        url = str(self._url)
        with tempfile.TemporaryDirectory(prefix="outcrop-openapi-") as folder:
            into = Path(folder) / "document"
            async with Fetcher(self._reach, Limits(most_bytes=MOST_BYTES), self._credential, url) as fetcher:
                reply = await fetcher.follow(url, into)
            if reply.status != OK:
                raise Unavailable(f"The server answers with HTTP {reply.status}.")
            return await asyncio.to_thread(into.read_bytes)

    def _item(self, operation: Operation) -> Item:
        address = self._url if self._url is not None else Path(str(self._file)).as_uri()
        uri = f"{address}#{quote(operation.pointer)}"
        content = operation.text.encode()
        self._contents[uri] = content
        said = json.dumps(operation.metadata, sort_keys=True)
        name = f"{operation.method} {operation.path}".strip() or "api"
        return Item(
            uri=uri,
            name=f"{name}.md",
            size=len(content),
            version=hashlib.sha256(content + said.encode()).hexdigest(),
            metadata=operation.metadata,
        )


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Unreadable("too_large", f"It has more than {MOST_BYTES >> 20} MiB.")
    return data


def open_source(configuration: Mapping[str, Any], settings: Settings) -> OpenApiSource:
    """The source for `file` or `url`, with `include` and `exclude` (of paths) and `credential`.

    Raises:
        Invalid: A member is unknown or of the wrong type, or there is not one place.
        Denied: The credential is not one that may be named.
    """
    check_members("An API", MEMBERS, configuration)
    if ("file" in configuration) == ("url" in configuration):
        raise Invalid("A data source of the kind openapi needs one place: a file, or a url.")
    if "file" in configuration and (not Path(configuration["file"]).is_absolute() or "\0" in configuration["file"]):
        raise Invalid(f"An OpenAPI file is named by its absolute path; {configuration['file']!r:.200} is none.")
    if "url" in configuration:
        url = normalised(configuration["url"])
        if url is None:
            raise Invalid(f"{configuration['url']!r:.200} is no address of a document over http or https.")
        configuration = {**configuration, "url": url}
    return OpenApiSource(configuration, settings)
