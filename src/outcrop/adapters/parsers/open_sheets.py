"""What calamine does not say of an OpenDocument sheet: the text that its cells show.

Source: OpenDocument 1.3, part 3, sections 9.1 (tables) and 19.387 (office:value-type).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError  # types only; defusedxml parses

from outcrop.adapters.parsers.options import MIB
from outcrop.adapters.parsers.properties import local, parse_xml
from outcrop.adapters.parsers.workbook import SheetFacts

CONTENT = "content.xml"
SCANNED = 16 * MIB  # of XML; a longer one is read by calamine alone
SHOWN = frozenset({"percentage", "currency", "boolean"})  # types whose stored value is not what is seen
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"


def open_sheet_facts(archive: zipfile.ZipFile) -> dict[str, SheetFacts]:
    """The texts of each sheet's cells by the sheet's name; none where the content is long or cannot be read."""
    part = archive.NameToInfo.get(CONTENT)
    if part is None or part.file_size > SCANNED:
        return {}
    try:
        root = parse_xml(archive.read(CONTENT))
    except (ParseError, ValueError):
        return {}
    tables = (element for element in root.iter() if local(element) == "table")
    return {table.get(f"{TABLE}name", ""): SheetFacts(texts=dict(_texts(table))) for table in tables}


def _texts(table: Element) -> Iterator[tuple[tuple[int, int], str]]:
    row = 0
    for element in table.iter():
        if local(element) != "table-row":
            continue
        repeated = _repeated(element, "rows")
        column = 0
        for cell in element:
            if local(cell) not in {"table-cell", "covered-table-cell"}:
                continue
            width = _repeated(cell, "columns")
            if cell.get(f"{OFFICE}value-type") in SHOWN and repeated == width == 1:
                yield (row, column), " ".join("".join(cell.itertext()).split())
            column += width
        row += repeated


def _repeated(element: Element, what: str) -> int:
    value = element.get(f"{TABLE}number-{what}-repeated", "1")
    return int(value) if value.isdigit() else 1
