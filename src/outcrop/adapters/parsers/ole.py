"""The directory of a compound file (OLE 2), the container of doc, xls, ppt, msg and encrypted office files.

Source: [MS-CFB] Compound File Binary File Format, sections 2.2 (header) and 2.6 (directory).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from outcrop.adapters.parsers.formats import DOC, MSG, PPT, XLS
from outcrop.core.errors import Unreadable

MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
ENTRY, NAME_SIZE, LEFT, CHILD, START = 128, 64, 68, 76, 116  # bytes of a directory entry, and offsets in it
SMALL = 64  # bytes of a small sector
NONE = 0xFFFFFFFF
LAST_SECTOR = 0xFFFFFFFA
MAX_DIRECTORY = 2 * 1024 * 1024  # bytes
HEADER_FATS = 109

KINDS: Mapping[str, str] = {
    "WordDocument": DOC,
    "Workbook": XLS,
    "Book": XLS,
    "PowerPoint Document": PPT,
    "__properties_version1.0": MSG,
}
ENCRYPTED = (
    "The file is protected by a password. Open it in the program that made it, remove the password, and save it."
)


def compound_type(data: bytes) -> str | None:
    """The media type of a compound file by its top-level streams; None where they are of no known kind.

    Raises:
        Unreadable: It is an office file under a password (`encrypted`), or its directory is damaged (`corrupt`).
    """
    try:
        names = top_names(data)
    except (struct.error, IndexError, ValueError) as error:
        raise Unreadable("corrupt", "The file is damaged: its directory cannot be read. Save it anew.") from error
    if "EncryptedPackage" in names:
        raise Unreadable("encrypted", ENCRYPTED)
    return next((kind for name, kind in KINDS.items() if name in names), None)


def stream(data: bytes, name: str) -> bytes | None:
    """The content of a top-level stream; None where there is none. Raises struct.error or ValueError if damaged."""
    file = _CompoundFile(data)
    entry = file.top.get(name)
    return None if entry is None else file.content(entry)


def top_names(data: bytes) -> set[str]:
    """The names of the streams and storages at the top. Raises struct.error, IndexError or ValueError if damaged."""
    return set(_CompoundFile(data).top)


class _CompoundFile:
    """The sectors of a file, and the directory entries at its top by name."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        shift = struct.unpack_from("<H", data, 30)[0]
        if shift not in {9, 12}:
            raise ValueError("The sector size is neither 512 nor 4096.")
        self._size = 1 << shift
        self._tables = struct.unpack_from(f"<{HEADER_FATS}I", data, 76)
        self._directory = self._chain(struct.unpack_from("<I", data, 48)[0], MAX_DIRECTORY)
        if len(self._directory) < ENTRY:
            raise ValueError("There is no directory.")
        self.top = self._top()

    def _chain(self, sector: int, most: int) -> bytes:
        """The bytes of a chain of sectors; what is cut off, or beyond the first 109 allocation tables, is left out."""
        found: list[bytes] = []
        seen: set[int] = set()
        while sector < LAST_SECTOR and sector not in seen and len(found) * self._size < most:
            seen.add(sector)
            found.append(self._data[(sector + 1) * self._size : (sector + 2) * self._size])
            table, slot = divmod(sector, self._size // 4)
            if table >= HEADER_FATS or self._tables[table] >= LAST_SECTOR:
                break
            sector = struct.unpack_from("<I", self._data, (self._tables[table] + 1) * self._size + 4 * slot)[0]
        return b"".join(found)

    def _top(self) -> dict[str, bytes]:
        names: dict[str, bytes] = {}
        pending, seen = [struct.unpack_from("<I", self._directory, CHILD)[0]], {NONE}
        while pending:
            index = pending.pop()
            entry = self._directory[index * ENTRY : (index + 1) * ENTRY]
            if index in seen or len(entry) < ENTRY:
                continue
            seen.add(index)
            size = struct.unpack_from("<H", entry, NAME_SIZE)[0]
            names[entry[: max(min(size, NAME_SIZE) - 2, 0)].decode("utf-16-le", "replace")] = entry
            pending.extend(struct.unpack_from("<II", entry, LEFT))
        return names

    def content(self, entry: bytes) -> bytes:
        """The content of an entry, from the sectors or, where it is small, from the small sectors of the root."""
        start, size = struct.unpack_from("<II", entry, START)
        if size >= struct.unpack_from("<I", self._data, 56)[0]:
            return self._chain(start, size)[:size]
        root_start, root_size = struct.unpack_from("<II", self._directory, START)
        small = self._chain(root_start, root_size)
        table = self._chain(struct.unpack_from("<I", self._data, 60)[0], len(self._data))
        found: list[bytes] = []
        size = min(size, len(small))
        while start < LAST_SECTOR and len(found) * SMALL < size:
            found.append(small[start * SMALL : (start + 1) * SMALL])
            start = struct.unpack_from("<I", table, 4 * start)[0]
        return b"".join(found)[:size]
