"""What calamine does not say of an xlsx workbook: how its numbers are shown, how far its sheets reach.

Source: ECMA-376, part 1, sections 18.2 (workbook), 18.3.1.4 (cells) and 18.8 (styles).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError  # types only; defusedxml parses

from outcrop.adapters.parsers.number_formats import BUILT_IN, NumberFormat, number_format
from outcrop.adapters.parsers.options import MIB
from outcrop.adapters.parsers.properties import local, parse_xml
from outcrop.core.errors import Unreadable

MAX_AREA = 20_000_000  # cells of the rectangle that a sheet's cells span; each takes some 30 bytes
SCANNED = 64 * MIB  # of a sheet's XML: in a longer one cells are looked at by calamine alone
ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d+)"')
CELL = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*?\br="([A-Z]{1,3})(\d{1,7})")(?=[^>]*?\bs="(\d+)")?[^>]*>')
UNSTORED = re.compile(
    rb"<(?:\w+:)?f\b[^>]*>[^<]*</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
TOO_SPARSE = (
    "The cells of the sheet {sheet!r} are spread over {rows} rows and {columns} columns. "
    "Delete the stray cells far from the table, and save the file."
)
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """The formats or texts of a sheet's cells by (row, column) from 0, and whether formulas lack their results."""

    formats: Mapping[tuple[int, int], NumberFormat] = field(default_factory=dict)
    texts: Mapping[tuple[int, int], str] = field(default_factory=dict)
    unstored: bool = False


def workbook_facts(archive: zipfile.ZipFile) -> dict[str, SheetFacts]:
    """The facts of each sheet by its name; none where the workbook's own parts cannot be read.

    Raises:
        Unreadable: A sheet's cells span more than MAX_AREA (`too_large`).
    """
    try:
        styles = _styles(archive)
        parts = sheet_parts(archive)
    except (ParseError, ValueError, KeyError):
        return {}
    return {name: _sheet_facts(archive, name, part, styles) for name, part in parts.items()}


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of each sheet by its name."""
    relations = {
        element.get("Id"): element.get("Target", "")
        for element in parse_xml(archive.read("xl/_rels/workbook.xml.rels")).iter()
        if local(element) == "Relationship"
    }
    parts: dict[str, str] = {}
    for element in parse_xml(archive.read("xl/workbook.xml")).iter():
        target = relations.get(element.get(RELATION) or element.get(STRICT_RELATION))
        if local(element) == "sheet" and target:
            parts[element.get("name", "")] = posixpath.normpath(posixpath.join("xl", target)).lstrip("/")
    return {name: part for name, part in parts.items() if part in archive.NameToInfo}


def _styles(archive: zipfile.ZipFile) -> dict[int, NumberFormat]:
    """The number formats by the index that cells give."""
    if "xl/styles.xml" not in archive.NameToInfo:
        return {}
    root = parse_xml(archive.read("xl/styles.xml"))
    codes = dict(BUILT_IN)
    for element in root.iter():
        if local(element) == "numFmt":
            codes[int(element.get("numFmtId", "0"))] = element.get("formatCode", "")
    used = next((element for element in root if local(element) == "cellXfs"), Element("none"))
    found = {index: number_format(codes.get(int(style.get("numFmtId", "0")), "")) for index, style in enumerate(used)}
    return {index: form for index, form in found.items() if form is not None}


def _sheet_facts(archive: zipfile.ZipFile, name: str, part: str, styles: Mapping[int, NumberFormat]) -> SheetFacts:
    if archive.NameToInfo[part].file_size > SCANNED:
        return SheetFacts()
    data = archive.read(part)
    formats: dict[tuple[int, int], NumberFormat] = {}
    rows = columns = 0
    known = {str(index).encode(): form for index, form in styles.items()}
    letters: dict[bytes, int] = {}
    for column, row, style in CELL.findall(data):
        index = letters.get(column)
        if index is None:
            index = letters[column] = column_index(column)
        if style in known:
            formats[int(row) - 1, index] = known[style]
    columns = max(letters.values(), default=-1) + 1
    rows = max((int(found) for found in ROW.findall(data)), default=0)
    if rows * columns > MAX_AREA:
        raise Unreadable("too_large", TOO_SPARSE.format(sheet=name, rows=rows, columns=columns))
    return SheetFacts(formats, unstored=UNSTORED.search(data) is not None)


def column_index(letters: bytes) -> int:
    """The position of a column, from 0: A is 0, AA is 26."""
    index = 0
    for letter in letters:
        index = index * 26 + letter - 64
    return index - 1
