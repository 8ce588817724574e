"""A folder of this machine, with all folders in it."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from outcrop.adapters.sources.configuration import check_members
from outcrop.adapters.sources.folder_watch import changes
from outcrop.adapters.sources.patterns import Patterns, is_litter
from outcrop.core.errors import Invalid, Unavailable, Unreadable
from outcrop.core.parsed import Blob
from outcrop.core.protocols import Item
from outcrop.core.settings import Settings
from outcrop.core.sidecars import MAX_BYTES, SUFFIX, Sidecar, orphan, read_sidecar

MEMBERS = {
    "path": str,
    "include": list,
    "exclude": list,
    "recursive": bool,
    "hidden": bool,
    "allow_empty": bool,
    "watch": bool,
}


SMALL = 1 << 16  # bytes of a file that is read as a whole as soon as it is fetched


@dataclass(frozen=True, slots=True)
class _Listed:
    """What one folder holds: documents (and faults), and the folders below."""

    items: Sequence[Item]
    folders: Sequence[bytes]


class FolderSource:
    """The files below a folder, folder by folder, each in order of its name's bytes.

    Hidden files and litter are skipped unless `hidden`. A link to a file in the folder is that file once more; one
    that leads out is left out, and links to folders are not followed: what is in the folder is listed at its place.
    """

    def __init__(  # noqa: PLR0913 # one for each member of the configuration
        self,
        path: Path,
        patterns: Patterns,
        *,
        recursive: bool = True,
        hidden: bool = False,
        allow_empty: bool = False,
        watched: bool = True,
    ) -> None:
        self.allow_empty = allow_empty  # else a list without documents may be a drive that is not connected
        self._given = path
        self._patterns = patterns
        self._recursive = recursive
        self._hidden = hidden
        self._watched = watched

    async def list(self, since: str | None) -> AsyncIterator[Item]:
        """Every document that is there now; Unavailable where the folder itself is not there or cannot be read."""
        del since  # a folder keeps no journal: all of it is listed
        root = await asyncio.to_thread(self._root)
        waiting = [root]
        while waiting:
            folder = waiting.pop()
            listed = await asyncio.to_thread(self._listed, root, folder)
            for item in listed.items:
                yield item
            waiting.extend(reversed(listed.folders))

    async def describe(self, item: Item) -> Item:
        """The item with all that its metadata file says. Raises Unreadable."""
        path = unquote_to_bytes(item.uri.removeprefix("file://"))
        name = path.rpartition(b"/")[2] + SUFFIX.encode()
        try:
            found = await asyncio.to_thread(_sidecar, path, {name})
        except OSError as error:
            raise Unreadable("unreachable", f"Its metadata file cannot be read: {error.strerror}.") from error
        return replace(
            item, metadata=found.metadata, embedded=found.embedded, structure=found.structure, described=True
        )

    async def fetch(self, item: Item) -> Blob:
        """The file. Raises Unreadable where it is gone, may not be read, or has become a link out of the folder."""
        return await asyncio.to_thread(self._fetched, item)

    async def watch(self) -> AsyncIterator[None]:
        """A sign each time that something in the folder has changed; none for a folder that is not to be watched."""
        if self._watched:
            async for _ in changes(self._given, everything=self._hidden):
                yield

    def _fetched(self, item: Item) -> Blob:
        path = unquote_to_bytes(item.uri.removeprefix("file://"))
        try:
            real = os.path.realpath(path, strict=True)
            if not _inside(real, os.path.realpath(os.fsencode(self._given), strict=True)):
                raise Unreadable("unreachable", "It is now a link that leads out of the folder.")
            name = _shown(path.rpartition(b"/")[2])
            with open(real, "rb") as file:  # noqa: PTH123 # a name of bytes, which Path does not take
                if item.size <= SMALL and len(data := file.read(SMALL + 1)) <= SMALL:
                    return Blob(name=name, data=data)  # it is open now; to open it again takes longer
            return Blob(name=name, path=Path(os.fsdecode(real)))
        except OSError as error:
            raise Unreadable("unreachable", f"The file cannot be opened: {error.strerror}.") from error

    def _root(self) -> bytes:
        """The folder's real path. Nothing is deleted because of a folder that is not there: listing fails first."""
        try:
            root = os.path.realpath(os.fsencode(self._given), strict=True)
            with os.scandir(root):
                return root
        except OSError as error:
            sentence = "Is the drive connected? Nothing was changed."
            raise Unavailable(f"The folder {self._given} cannot be read: {error.strerror}. {sentence}") from error

    def _listed(self, root: bytes, folder: bytes) -> _Listed:
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            return _Listed([self._unlisted(root, folder, error)], [])
        names = {entry.name for entry in entries}
        items: list[Item] = []
        folders = []
        for entry in entries:
            path = _below(root, entry.path)
            if self._skipped(entry.name, path):
                continue
            if _is_folder(entry):
                folders.append(entry.path)
            elif self._patterns.wanted(path):
                items.extend(self._items(root, entry, names))
        return _Listed(items, folders if self._recursive else [])

    def _skipped(self, name: bytes, path: str) -> bool:
        return (not self._hidden and is_litter(_shown(name))) or self._patterns.excluded(path)

    def _items(self, root: bytes, entry: os.DirEntry[bytes], names: set[bytes]) -> Iterator[Item]:
        """The item for a file; none for the metadata file of another, or for one that is gone again."""
        document = entry.name.removesuffix(SUFFIX.encode())
        if document != entry.name and document in names:
            return
        item = Item(uri=_uri(entry.path), name=_below(root, entry.path))
        try:
            yield _seen(item, root, entry, names)
        except FileNotFoundError:
            return
        except OSError as error:
            yield replace(item, fault=Unreadable("unreachable", f"The file cannot be read: {error.strerror}."))
        except Unreadable as error:
            yield replace(item, fault=error)

    def _unlisted(self, root: bytes, folder: bytes, error: OSError) -> Item:
        sentence = f"The folder cannot be read: {error.strerror}. What is known of it stays as it is."
        fault = Unreadable("unreachable", sentence)
        return Item(uri=f"{_uri(folder)}/", name=f"{_below(root, folder)}/", fault=fault, unlisted=True)


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _seen(item: Item, root: bytes, entry: os.DirEntry[bytes], names: set[bytes]) -> Item:
    """An item with its size and metadata. Raises OSError, and Unreadable for what is no document."""
    if entry.name.endswith(SUFFIX.encode()):
        document = _shown(entry.name.removesuffix(SUFFIX.encode()))
        raise orphan(document)
    if entry.is_symlink():
        _check_link(root, entry)
    status = entry.stat()
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("unsupported", "Not a file but a device or pipe.")
    sidecar = _sidecar(entry.path, names)
    described = sidecar.structure is None  # a list is no place for that
    return replace(item, size=status.st_size, metadata=sidecar.metadata, embedded=sidecar.embedded, described=described)


def _check_link(root: bytes, entry: os.DirEntry[bytes]) -> None:
    """Raise Unreadable unless a link leads to a file in the folder."""
    try:
        real = os.path.realpath(entry.path, strict=True)
    except OSError as error:
        raise Unreadable("unsupported", "A link that leads nowhere.") from error
    if not _inside(real, root):
        raise Unreadable("unsupported", "A link that leads out of the folder; such links are not followed.")
    if entry.is_dir():
        raise Unreadable("unsupported", "A link to a folder; its files are listed where they stand.")


def _sidecar(path: bytes, names: set[bytes]) -> Sidecar:
    """What the metadata file beside a document says. Raises OSError and Unreadable."""
    name = path.rpartition(b"/")[2] + SUFFIX.encode()
    if name not in names:
        return Sidecar()
    with open(path + SUFFIX.encode(), "rb") as file:  # noqa: PTH123 # a name of bytes, which Path does not take
        return read_sidecar(_shown(name), file.read(MAX_BYTES + 1))


def _inside(real: bytes, root: bytes) -> bool:
    return real == root or real.startswith(root.rstrip(b"/") + b"/")


def _below(root: bytes, path: bytes) -> str:
    """A path from the root, with slashes, as it is shown."""
    return _shown(os.path.relpath(path, root).replace(os.sep.encode(), b"/"))


def _shown(name: bytes) -> str:
    """A name as text; a byte that is not UTF-8 as its number in hexadecimal, so that it can be printed anywhere."""
    return name.decode("utf-8", "backslashreplace")


def _uri(path: bytes) -> str:
    return f"file://{quote_from_bytes(path)}"


def open_source(configuration: Mapping[str, Any], settings: Settings | None = None) -> FolderSource:
    """The source for `path`, with `include`, `exclude`, `recursive` (true), `hidden` and `allow_empty` (both false).

    `watch` (true): changes are seen at once where a server runs.

    Raises:
        Invalid: A member is unknown or of the wrong type, the path is missing or not absolute, or a pattern is none.
    """
    del settings  # nothing of a folder depends on them
    check_members("A folder", MEMBERS, configuration)
    path = str(configuration.get("path", ""))
    if not path or "\0" in path or not Path(path).is_absolute():
        raise Invalid(f"A folder needs its absolute path; {path!r} is none.")
    return FolderSource(
        Path(path),
        Patterns.of(configuration.get("include", ()), configuration.get("exclude", ())),
        recursive=configuration.get("recursive", True),
        hidden=configuration.get("hidden", False),
        allow_empty=configuration.get("allow_empty", False),
        watched=configuration.get("watch", True),
    )
