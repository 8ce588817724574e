"""What a file is: by its content first, by its extension where content cannot tell."""

from __future__ import annotations

import re
from collections.abc import Mapping

from outcrop.adapters.parsers import ole
from outcrop.adapters.parsers.archives import archive_type
from outcrop.adapters.parsers.decode import looks_like_text
from outcrop.adapters.parsers.formats import (
    BINARY_TYPES,
    CODE,
    EML,
    HTML,
    MARKDOWN,
    MHTML,
    PDF,
    PLAIN,
    RTF,
    TEXT_TYPES,
    XLS,
    XML,
    by_name,
)
from outcrop.core.errors import Unreadable

HEAD = 1024  # readers of PDF allow so much before the header
PDF_SEARCH = 64 * 1024
MAGIC: Mapping[bytes, str] = {
    b"%PDF-": PDF,
    b"{\\rtf": RTF,
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
    b"II+\x00": "image/tiff",
    b"MM\x00+": "image/tiff",
    **dict.fromkeys((b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x10\x00"), XLS),
}
KNOWN_BINARY: Mapping[bytes, str] = {
    b"MZ": "a Windows program",
    b"\x7fELF": "a program",
    b"\xca\xfe\xba\xbe": "a compiled program",
    b"\xcf\xfa\xed\xfe": "a program",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"BZh": "a bzip2 archive; unpack it first",
    b"\xfd7zXZ\x00": "an xz archive; unpack it first",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it first",
    b"Rar!\x1a\x07": "a RAR archive; unpack it first",
    b"\x28\xb5\x2f\xfd": "a zstd archive; unpack it first",
    b"SQLite format 3\x00": "a database; export its tables as CSV",
    b"ID3": "a sound recording",
    b"OggS": "a sound recording",
    b"fLaC": "a sound recording",
    b"\x1aE\xdf\xa3": "a video",
    b"\x00asm": "a program",
    b"wOFF": "a font",
    b"wOF2": "a font",
    b"PAR1": "a Parquet table; export it as CSV",
}
LEADING = re.compile(rb"\A(?:\xef\xbb\xbf|\s|<!--.*?-->|<\?xml[^>]*\?>)*", re.DOTALL)
HTML_START = re.compile(rb"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE)
XML_START = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml\b")
MAIL_FIELD = re.compile(
    rb"\A(?:Return-Path|Received|From|Message-ID|Delivered-To|MIME-Version|Date|Subject|X-[\w-]+):.*\r?\n"
    rb"(?:[ \t].*\r?\n|[\w-]+:.*\r?\n)+",
    re.IGNORECASE,
)
MIME_RELATED = re.compile(rb"^content-type:\s*multipart/related", re.IGNORECASE | re.MULTILINE)
# What a file of these types says only in its name: their content may look like anything.
TRUSTED_NAMES = frozenset(TEXT_TYPES.values()) - {PLAIN, RTF}


def detect(name: str, data: bytes) -> str:
    """The media type of a file.

    Raises:
        Unreadable: It is nothing that can be read (`unsupported`), or its container is `corrupt`, a bomb
            (`too_large`) or under a password (`encrypted`).
    """
    media_type = _by_magic(data, name)
    if media_type is not None:
        return media_type
    if not looks_like_text(data):
        raise _not_readable(name, data)
    return _text_type(name, data)


def _by_magic(data: bytes, name: str) -> str | None:
    for magic, media_type in MAGIC.items():
        if data.startswith(magic):
            return media_type
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(data)
    if data.startswith(ole.MAGIC):
        return _compound(data, name)
    return _by_later_magic(data, name)


def _by_later_magic(data: bytes, name: str) -> str | None:
    """Formats that are known by more than their first bytes."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:2] == b"BM" and data[6:10] == bytes(4) and not looks_like_text(data):
        return "image/bmp"
    if b"%PDF-" in data[: PDF_SEARCH if by_name(name) == PDF else HEAD] and b"endobj" in data:
        return PDF
    return None


def _archive(data: bytes) -> str:
    media_type = archive_type(data)
    if media_type is None:
        raise Unreadable("unsupported", "The file is a ZIP archive. Unpack it, and add the files that it holds.")
    return media_type


def _compound(data: bytes, name: str) -> str:
    media_type = ole.compound_type(data)
    if media_type is None:
        media_type = by_name(name) if by_name(name) in BINARY_TYPES.values() else None
    if media_type is None:
        raise Unreadable("unsupported", "The file is an OLE container without a document that Outcrop reads.")
    return media_type


def _not_readable(name: str, data: bytes) -> Unreadable:
    for magic, what in KNOWN_BINARY.items():
        if data.startswith(magic):
            return Unreadable("unsupported", f"The file is {what}, which Outcrop does not read.")
    if by_name(name) in BINARY_TYPES.values():
        kind = name.rpartition(".")[2].lower()
        return Unreadable("corrupt", f"The content is not that of a {kind} file; it is damaged. Put back a good copy.")
    return Unreadable("unsupported", "The content is neither text nor a document format that Outcrop reads.")


def _text_type(name: str, data: bytes) -> str:
    """The media type of text: of markup and mail by content, of the rest by name."""
    named = by_name(name)
    start = data[LEADING.match(data, 0, HEAD * 4).end() :][:HEAD]  # type: ignore[union-attr] # always matches
    if named in {MARKDOWN, CODE, EML, MHTML}:
        return named
    if HTML_START.match(start):
        return HTML
    if named in TRUSTED_NAMES:
        return str(named)
    return _unnamed_text(named, data)


def _unnamed_text(named: str | None, data: bytes) -> str:
    """The type of text whose name says nothing of use: plain, none, or that of a binary format."""
    if named != PLAIN and MAIL_FIELD.match(data[: HEAD * 16]):
        return MHTML if MIME_RELATED.search(data[: HEAD * 16]) else EML
    if named != PLAIN and XML_START.match(data):
        return XML
    return PLAIN
