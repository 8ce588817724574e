"""Looks into ZIP containers before any parser does: what they are, and whether they are bombs."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from itertools import islice

from outcrop.adapters.parsers.formats import DOCX, EPUB, ODP, ODS, ODT, PPTX, XLSB, XLSX
from outcrop.adapters.parsers.ole import ENCRYPTED
from outcrop.adapters.parsers.options import MIB
from outcrop.adapters.parsers.properties import ENTITIES
from outcrop.core.errors import Unreadable

MAX_UNPACKED = 500 * MIB
MAX_ENTRIES = 10_000
MAX_RATIO = 200  # unpacked to packed, of members that unpack to more than RATIO_FROM
RATIO_FROM = 20 * MIB
CONTENT_TYPES = "[Content_Types].xml"
PROLOG = 1024  # bytes of a part within which a document type begins
DECLARATION = 64 * 1024  # bytes of a member that are read to know the type

MIME_TYPES: Mapping[str, str] = {
    EPUB: EPUB,
    ODT: ODT,
    f"{ODT}-template": ODT,
    f"{ODT}-master": ODT,
    ODS: ODS,
    f"{ODS}-template": ODS,
    ODP: ODP,
    f"{ODP}-template": ODP,
}
FOLDERS: Mapping[str, str] = {"word/": DOCX, "xl/": XLSX, "ppt/": PPTX}
BOMB = "The file unpacks to far more than a document holds ({what}); it is not read. Save its content in a new file."


def archive_type(data: bytes) -> str | None:
    """The media type of a ZIP container; None where it is none that holds a document.

    Raises:
        Unreadable: The container is damaged (`corrupt`), is a bomb (`too_large`), or is under a password (`encrypted`).
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            check_members(archive)
            media_type = _declared(archive) or _by_folder(archive)
            if media_type not in {None, EPUB}:  # pages of a book may have a document type
                _check_entities(archive)
            return media_type
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, ValueError, EOFError) as error:
        raise Unreadable("corrupt", f"The file is damaged or cut off ({error}). Save it anew.") from error
    except RuntimeError as error:  # how zipfile says that a member needs a password
        raise Unreadable("encrypted", ENCRYPTED) from error


def check_members(archive: zipfile.ZipFile) -> None:
    """Refuse what unpacks to too much. Raises Unreadable (`too_large`)."""
    members = archive.infolist()
    if len(members) > MAX_ENTRIES:
        raise Unreadable("too_large", BOMB.format(what=f"{len(members)} parts"))
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED:
        raise Unreadable("too_large", BOMB.format(what=f"{total / MIB:.0f} MiB"))
    for member in members:
        if member.file_size > RATIO_FROM and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise Unreadable("too_large", BOMB.format(what=f"{member.file_size / MIB:.0f} MiB in one part"))


def _check_entities(archive: zipfile.ZipFile) -> None:
    """Refuse a part that defines entities, which neither format allows (ECMA-376, part 2, 6.2.5).

    Its readers would each do another thing with it: leave the text out, or call the file damaged.
    """
    for member in archive.infolist():
        if member.filename.endswith((".xml", ".rels")) and _defines_entities(archive, member):
            raise Unreadable("unsupported", ENTITIES)


def _defines_entities(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    with archive.open(member) as part:
        start = part.read(PROLOG).replace(b"\x00", b"")  # UTF-16 as well
        return b"<!DOCTYPE" in start and b"<!ENTITY" in start + part.read(DECLARATION).replace(b"\x00", b"")


def _declared(archive: zipfile.ZipFile) -> str | None:
    """What the container says of itself: the `mimetype` of OpenDocument and EPUB, the content types of Office."""
    names = set(archive.namelist())
    if "mimetype" in names:
        declared = MIME_TYPES.get(_start(archive, "mimetype").strip())
        if declared is not None and _under_password(archive, names):
            raise Unreadable("encrypted", ENCRYPTED)
        return declared
    if CONTENT_TYPES not in names:
        return None
    types = _start(archive, CONTENT_TYPES).lower()
    for word, media_type in (
        ("sheet.binary", XLSB),
        ("wordprocessingml.document.main", DOCX),
        ("word.document.macroenabled.main", DOCX),
        ("wordprocessingml.template.main", DOCX),
        ("spreadsheetml", XLSX),
        ("presentationml", PPTX),
    ):
        if word in types:
            return media_type
    return None


def _under_password(archive: zipfile.ZipFile, names: set[str]) -> bool:
    """Whether an OpenDocument manifest says that the content is encrypted."""
    manifest = "META-INF/manifest.xml"
    if manifest not in names:
        return False
    text = _start(archive, manifest)
    return "encryption-data" in text or "encrypted-package" in text


def _start(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as member:
        return member.read(DECLARATION).decode("utf-8", "replace")


def _by_folder(archive: zipfile.ZipFile) -> str | None:
    for name in islice(archive.namelist(), MAX_ENTRIES):
        for folder, media_type in FOLDERS.items():
            if name.startswith(folder):
                return media_type
    return None
