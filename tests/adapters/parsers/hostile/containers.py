"""Office files, books and archives that are bombs, lie, carry macros, play with paths, or hold entities."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping

MIB = 1024 * 1024
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
WORDS = "The lantern stands on the third shelf."
Parts = Mapping[str, str | bytes]


def zipped(parts: Parts | Iterable[tuple[str, str | bytes]], *, stored: Iterable[str] = ()) -> bytes:
    """A ZIP archive of these members; names may stand in it twice."""
    buffer = io.BytesIO()
    pairs = parts.items() if isinstance(parts, Mapping) else parts
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in pairs:
            archive.writestr(name, data, zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def package(main: str, kind: str, parts: Parts) -> dict[str, str | bytes]:
    """The members of an Office package whose main part is `main`, of the content type `kind`."""
    override = f'<Override PartName="/{main}" ContentType="application/vnd.{kind}+xml"/>'
    rels = f'<Relationship Id="r1" Type="{R}/officeDocument" Target="{main}"/>'
    return {
        "[Content_Types].xml": f'<Types xmlns="{TYPES}"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{override}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{RELS}">{rels}</Relationships>',
        **parts,
    }


def document(body: str = "", *, prolog: str = "", kind: str = "", **more: str | bytes) -> dict[str, str | bytes]:
    """The members of a Word file with this body."""
    xml = f'{prolog}<w:document xmlns:w="{W}" xmlns:r="{R}" xmlns:a="{A}"><w:body>{body}</w:body></w:document>'
    kind = kind or "openxmlformats-officedocument.wordprocessingml.document.main"
    return package("word/document.xml", kind, {"word/document.xml": xml, **more})


def paragraph(text: str = WORDS) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def slides(text: str = WORDS, *, prolog: str = "", kind: str = "") -> dict[str, str | bytes]:
    """The members of a presentation of one slide."""
    kind = kind or "openxmlformats-officedocument.presentationml.presentation.main"
    shape = f"<p:sp><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
    listed = '<p:sldIdLst><p:sldId id="256" r:id="r1"/></p:sldIdLst>'
    rel = f'<Relationship Id="r1" Type="{R}/slide" Target="slides/slide1.xml"/>'
    head = f'xmlns:p="{P}" xmlns:a="{A}" xmlns:r="{R}"'
    return package(
        "ppt/presentation.xml",
        kind,
        {
            "ppt/presentation.xml": f"<p:presentation {head}>{listed}</p:presentation>",
            "ppt/_rels/presentation.xml.rels": f'<Relationships xmlns="{RELS}">{rel}</Relationships>',
            "ppt/slides/slide1.xml": f"{prolog}<p:sld {head}><p:cSld><p:spTree>{shape}</p:spTree></p:cSld></p:sld>",
        },
    )


def workbook(rows: str, *, prolog: str = "", kind: str = "", **more: str | bytes) -> dict[str, str | bytes]:
    """The members of a workbook of one sheet with these rows."""
    kind = kind or "openxmlformats-officedocument.spreadsheetml.sheet.main"
    rel = f'<Relationship Id="r1" Type="{R}/worksheet" Target="worksheets/sheet1.xml"/>'
    sheet = '<sheet name="Sheet1" sheetId="1" r:id="r1"/>'
    return package(
        "xl/workbook.xml",
        kind,
        {
            "xl/workbook.xml": f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets>{sheet}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELS}">{rel}</Relationships>',
            "xl/worksheets/sheet1.xml": f'{prolog}<worksheet xmlns="{S}"><sheetData>{rows}</sheetData></worksheet>',
            **more,
        },
    )


def cell(text: str = WORDS, place: str = "A1") -> str:
    return f'<row r="1"><c r="{place}" t="inlineStr"><is><t>{text}</t></is></c></row>'


def open_document(body: str, *, prolog: str = "", kind: str = "text") -> dict[str, str | bytes]:
    """The members of an OpenDocument file with this body."""
    head = f'xmlns:office="{OFFICE}" xmlns:text="{TEXT}" xmlns:table="{TABLE}"'
    inner = {"text": "text", "spreadsheet": "spreadsheet"}[kind]
    content = f"<office:body><office:{inner}>{body}</office:{inner}></office:body>"
    manifest = '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "META-INF/manifest.xml": manifest,
        "content.xml": f"{prolog}<office:document-content {head}>{content}</office:document-content>",
    }


def book(body: str, *, prolog: str = "", href: str = "a.xhtml", **more: str | bytes) -> dict[str, str | bytes]:
    """The members of an EPUB of one chapter."""
    container = '<container><rootfiles><rootfile full-path="c.opf"/></rootfiles></container>'
    opf = (
        f'<package><manifest><item id="a" href="{href}" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/></spine></package>'
    )
    page = f'{prolog}<html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>'
    return {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "c.opf": opf,
        "a.xhtml": page,
        **more,
    }


def zeros(size: int) -> bytes:
    """So many blanks: what packs a thousandfold."""
    return b" " * size


def lying(data: bytes, size: int) -> bytes:
    """An archive whose members say that they unpack to `size` bytes, in both of its lists."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = changed.find(mark)
        while at >= 0:
            changed[at + offset : at + offset + 4] = struct.pack("<I", size)
            at = changed.find(mark, at + 4)
    return bytes(changed)


def overlapping(count: int = 200, size: int = 10 * MIB) -> bytes:
    """A bomb without recursion: a long list of names for one packed stream (Fifield, 2019)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(zeros(size)) + packer.flush()
    checksum = zlib.crc32(zeros(size))
    fields = struct.pack("<HHHHIII", 20, 0, 8, 0, checksum, len(packed), size)[0:0]
    common = struct.pack("<HHHHHIII", 20, 0, 8, 0, 0x21, checksum, len(packed), size)
    out = bytearray(b"PK\x03\x04" + common + struct.pack("<HH", 17, 0) + b"word/document.xml" + packed + fields)
    start = len(out)
    for index in range(count):
        name = b"word/document.xml" if not index else f"word/{index:05}.xml".encode()
        made = struct.pack("<H", 20) + common + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0)
        out += b"PK\x01\x02" + made + name
    out += b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(out) - start, start, 0)
    return bytes(out)


def locked(data: bytes) -> bytes:
    """An archive all of whose members are marked as encrypted."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = changed.find(mark)
        while at >= 0:
            changed[at + offset] |= 1
            at = changed.find(mark, at + 4)
    return bytes(changed)


def laughs(inner: str = "lol", *, element: str = "x", depth: int = 9) -> str:
    """A document type whose last entity `&j;` stands for a billion words."""
    first = f'<!ENTITY a "{inner}">'
    rest = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(depth))
    return f'<?xml version="1.0"?><!DOCTYPE {element} [{first}{rest}]>'


def outside(path: str, *, element: str = "x") -> str:
    """A document type whose entity `&j;` is the content of another file."""
    return f'<?xml version="1.0"?><!DOCTYPE {element} [<!ENTITY j SYSTEM "{path}">]>'
