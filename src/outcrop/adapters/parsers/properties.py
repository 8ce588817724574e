"""What an office file says of itself, and safe XML of its parts."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError  # no parser: defusedxml parses

if TYPE_CHECKING:
    from outcrop.adapters.parsers.builder import Origin

# Local names of Dublin Core and of the two office formats' own elements, and what we call them.
NAMES: Mapping[str, str] = {
    "creator": "author",
    "initial-creator": "author",
    "subject": "subject",
    "description": "description",
    "keywords": "keywords",
    "keyword": "keywords",
    "language": "language",
    "created": "created",
    "creation-date": "created",
    "modified": "modified",
    "date": "modified",
}
PARTS = ("docProps/core.xml", "meta.xml")
ENTITIES = (
    "The file defines XML entities of its own, which are not followed: they can be made to fill memory or to read "
    "other files. Save it anew, without its DOCTYPE."
)


def parse_xml(data: bytes | str) -> Element:
    """The root of an XML document. Raises ParseError, or defusedxml's ValueErrors for entities that it defines."""
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(data)
    except LookupError as error:  # an encoding that nobody knows
        raise ParseError(str(error)) from error
    return root


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def describe(archive: zipfile.ZipFile, origin: Origin) -> None:
    """Take title, author, language and dates from the properties of an Office or OpenDocument file."""
    for part in PARTS:
        if part not in archive.NameToInfo:
            continue
        try:
            root = parse_xml(archive.read(part))
        except (ParseError, ValueError):
            origin.warnings.append(f"The properties of the document ({part}) could not be read.")
            continue
        for element in root.iter():
            text = (element.text or "").strip()
            if local(element) == "title" and text:
                origin.title = text
            elif text and local(element) in NAMES:
                origin.metadata.setdefault(NAMES[local(element)], text)
