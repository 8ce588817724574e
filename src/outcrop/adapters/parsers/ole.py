"""The directory of a compound file (OLE 2), the container of doc, xls, ppt, msg and encrypted office files.

Source: [MS-CFB] Compound File Binary File Format, sections 2.2 (header) and 2.6 (directory).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from outcrop.adapters.parsers.formats import DOC, MSG, PPT, XLS
from outcrop.core.errors import Unreadable

MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
ENTRY, NAME_SIZE, LEFT, RIGHT, CHILD = 128, 64, 68, 72, 76
NONE = 0xFFFFFFFF
LAST_SECTOR = 0xFFFFFFFA
MAX_SECTORS = 4096  # of the directory
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


def top_names(data: bytes) -> set[str]:
    """The names of the streams and storages at the top. Raises struct.error, IndexError or ValueError if damaged."""
    directory = _directory(data)
    root_child = struct.unpack_from("<I", directory, CHILD)[0]
    names: set[str] = set()
    pending, seen = [root_child], {NONE}
    while pending:
        index = pending.pop()
        if index in seen:
            continue
        seen.add(index)
        entry = directory[index * ENTRY : (index + 1) * ENTRY]
        if len(entry) < ENTRY:
            continue
        size = struct.unpack_from("<H", entry, NAME_SIZE)[0]
        names.add(entry[: max(min(size, NAME_SIZE) - 2, 0)].decode("utf-16-le", "replace"))
        pending.extend(struct.unpack_from("<II", entry, LEFT))
    return names


def _directory(data: bytes) -> bytes:
    """The sectors of the directory, in order; what is cut off is left out."""
    shift = struct.unpack_from("<H", data, 30)[0]
    if shift not in {9, 12}:
        raise ValueError("The sector size is neither 512 nor 4096.")
    size = 1 << shift
    sector = struct.unpack_from("<I", data, 48)[0]
    tables = struct.unpack_from(f"<{HEADER_FATS}I", data, 76)
    found: list[bytes] = []
    seen: set[int] = set()
    while sector < LAST_SECTOR and sector not in seen and len(found) < MAX_SECTORS:
        seen.add(sector)
        found.append(data[(sector + 1) * size : (sector + 2) * size])
        table, slot = divmod(sector, size // 4)
        if table >= HEADER_FATS or tables[table] >= LAST_SECTOR:
            break
        sector = struct.unpack_from("<I", data, (tables[table] + 1) * size + 4 * slot)[0]
    directory = b"".join(found)
    if len(directory) < ENTRY:
        raise ValueError("There is no directory.")
    return directory
