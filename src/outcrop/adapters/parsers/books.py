"""EPUB books: their chapters in reading order, each read as a page.

Source: EPUB 3.3, sections 4.2 (container) and 5 (package document).
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from io import BytesIO
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError  # types only; defusedxml parses

from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.adapters.parsers.decode import declared_encoding, decode
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import EPUB
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.properties import ENTITIES, NAMES, local, parse_xml
from outcrop.adapters.parsers.webpage import append_page
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument

CONTAINER = "META-INF/container.xml"
RIGHTS = "META-INF/rights.xml"  # what books under digital rights management have
CHAPTERS = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})


class BookParser:
    """EPUB 2 and 3."""

    media_types = frozenset({EPUB})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self.version = with_libraries("books/1", "selectolax", "defusedxml")

    def parse(self, blob: Blob) -> ParsedDocument:
        """The chapters in the order of the spine."""
        from defusedxml import DefusedXmlException

        origin = Origin(EPUB, self.version)
        builder = DocumentBuilder()
        try:
            with zipfile.ZipFile(BytesIO(blob.read())) as archive:
                if RIGHTS in archive.NameToInfo:
                    raise Unreadable("encrypted", "The book is under digital rights management, and cannot be read.")
                for chapter in _chapters(archive, origin):
                    data = archive.read(chapter)
                    append_page(builder, decode(data, declared_encoding(data)).text, whole=True)
        except DefusedXmlException as error:
            raise Unreadable("unsupported", ENTITIES) from error
        except (ParseError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise Unreadable("corrupt", f"The book is damaged ({error}). Get a good copy.") from error
        return builder.build(origin)


def _chapters(archive: zipfile.ZipFile, origin: Origin) -> list[str]:
    """The parts of the book in reading order; tells the origin what the book says of itself."""
    container = parse_xml(archive.read(CONTAINER))
    package = next(element.get("full-path", "") for element in container.iter() if local(element) == "rootfile")
    root = parse_xml(archive.read(package))
    _describe(root, origin)
    folder = posixpath.dirname(package)
    items = {element.get("id"): element for element in root.iter() if local(element) == "item"}
    order = [element.get("idref") for element in root.iter() if local(element) == "itemref"]
    parts = [
        posixpath.normpath(posixpath.join(folder, unquote(items[name].get("href", "")).partition("#")[0]))
        for name in order
        if name in items
        and items[name].get("media-type") in CHAPTERS
        and "nav" not in items[name].get("properties", "")
    ]
    return [part for part in parts if part in archive.NameToInfo]


def _describe(root: Element, origin: Origin) -> None:
    for element in root.iter():
        text = (element.text or "").strip()
        if not text or "purl.org/dc" not in element.tag:
            continue
        if local(element) == "title":
            origin.title = origin.title or text
        elif local(element) in NAMES:
            origin.metadata.setdefault(NAMES[local(element)], text)
