"""Spreadsheets (xlsx, xlsm, xlsb, xls, ods): every sheet a heading and its tables, every row with its number."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import ODS, XLS, XLSB, XLSX
from outcrop.adapters.parsers.number_formats import shown
from outcrop.adapters.parsers.old_workbook import old_workbook_facts
from outcrop.adapters.parsers.ole import ENCRYPTED
from outcrop.adapters.parsers.open_sheets import open_sheet_facts
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.properties import describe
from outcrop.adapters.parsers.tabular import Line, append_grid
from outcrop.adapters.parsers.workbook import SheetFacts, workbook_facts
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

Merged = Sequence[tuple[tuple[int, int], tuple[int, int]]]
LARGEST_FILL = 100_000  # cells that merged ranges are spread over
NO_FACTS = SheetFacts()
UNSTORED = "Some formulas have no stored result and were left out. Open the file in a spreadsheet program and save it."


class SheetParser:
    """Workbooks of every kind that calamine reads."""

    media_types = frozenset({XLSX, XLSB, XLS, ODS})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self.version = with_libraries("sheets/1", "python-calamine")

    def parse(self, blob: Blob) -> ParsedDocument:
        """The sheets in order; hidden ones too, with a warning."""
        data = blob.read()
        origin = Origin(blob.media_type or XLSX, self.version)
        workbook = _open(data)
        facts = _facts(data, origin)
        builder = DocumentBuilder()
        for name, hidden in _sheets(workbook):
            if hidden:
                origin.warnings.append(f"The sheet {name!r} is hidden; it was read all the same.")
            _append(builder, workbook, name, facts.get(name, NO_FACTS))
        if any(fact.unstored for fact in facts.values()):
            origin.warnings.append(UNSTORED)
        return builder.build(origin)


def _facts(data: bytes, origin: Origin) -> Mapping[str, SheetFacts]:
    """What the parts of a workbook say besides; tells the origin its title and author."""
    if not data.startswith(b"PK"):
        return old_workbook_facts(data)
    with zipfile.ZipFile(BytesIO(data)) as archive:
        describe(archive, origin)
        if origin.media_type == XLSX:
            return workbook_facts(archive)
        return open_sheet_facts(archive) if origin.media_type == ODS else {}


def _open(data: bytes) -> CalamineWorkbook:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        return CalamineWorkbook.from_filelike(BytesIO(data))
    except PasswordError as error:
        raise Unreadable("encrypted", ENCRYPTED) from error
    except CalamineError as error:
        if "password" in str(error).lower():
            raise Unreadable("encrypted", ENCRYPTED) from error
        raise Unreadable("corrupt", f"The workbook is damaged ({error}). Save it anew.") from error


def _sheets(workbook: CalamineWorkbook) -> Iterator[tuple[str, bool]]:
    """The name of each sheet of cells, and whether it is hidden."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    for sheet in workbook.sheets_metadata:
        if sheet.typ == SheetTypeEnum.WorkSheet:
            yield sheet.name, sheet.visible != SheetVisibleEnum.Visible


def _append(builder: DocumentBuilder, workbook: CalamineWorkbook, name: str, facts: SheetFacts) -> None:
    from python_calamine import CalamineError

    try:
        sheet = workbook.get_sheet_by_name(name)
        merged = sheet.merged_cell_ranges or []
    except CalamineError as error:
        raise Unreadable("corrupt", f"The sheet {name!r} is damaged ({error}). Save the file anew.") from error
    if sheet.start is None:
        return
    builder.heading(name, 1)
    append_grid(builder, _lines(sheet, _filled(merged), facts), name)


def _filled(merged: Merged) -> dict[tuple[int, int], tuple[int, int]]:
    """For each cell below the first of a merged range of one column: the cell that holds its value."""
    origins: dict[tuple[int, int], tuple[int, int]] = {}
    for (top, left), (bottom, right) in merged:
        if left != right or len(origins) + bottom - top > LARGEST_FILL:
            continue
        origins.update({(row, left): (top, left) for row in range(top + 1, bottom + 1)})
    return origins


def _lines(
    sheet: CalamineSheet,
    origins: Mapping[tuple[int, int], tuple[int, int]],
    facts: SheetFacts,
) -> Iterator[Line]:
    """The rows as text, numbered as the program shows them; a value over merged rows stands in each of them."""
    top, left = sheet.start or (0, 0)
    carried: dict[tuple[int, int], str] = {}
    wanted = set(origins.values())
    for row, values in enumerate(sheet.to_python(skip_empty_area=True), top):
        places = [(row, column) for column in range(left, left + len(values))]
        cells = [
            facts.texts.get(place) or shown(value, facts.formats.get(place))
            for place, value in zip(places, values, strict=True)
        ]
        if origins:
            for index, (place, cell) in enumerate(zip(places, cells, strict=True)):
                if place in wanted:
                    carried[place] = cell
                elif not cell and place in origins:
                    cells[index] = carried.get(origins[place], "")
        yield Line(row + 1, cells)
