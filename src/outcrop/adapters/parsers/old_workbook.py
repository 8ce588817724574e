"""What calamine does not say of an xls workbook: how its numbers are shown.

Source: [MS-XLS] Excel Binary File Format: sections 2.4.21 (BOF), 2.4.28 (BoundSheet8), 2.4.126 (Format), 2.4.353 (XF)
and the records of cells with numbers, 2.4.127 (Formula), 2.4.175 (MulRk), 2.4.180 (Number), 2.4.220 (RK).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from outcrop.adapters.parsers.number_formats import BUILT_IN, NumberFormat, number_format
from outcrop.adapters.parsers.ole import stream
from outcrop.adapters.parsers.options import MIB
from outcrop.adapters.parsers.workbook import SheetFacts

BOF, EOF, SHEET, FORMAT, XF = 0x0809, 0x000A, 0x0085, 0x041E, 0x00E0
FORMULA, NUMBER, RK, MULTIPLE_RK = 0x0006, 0x0203, 0x027E, 0x00BD
BIFF8 = 0x0600
SCANNED = 64 * MIB
WIDE = 1  # the flag of strings in UTF-16

Record = tuple[int, bytes]
Forms = dict[tuple[int, int], NumberFormat]


def old_workbook_facts(data: bytes) -> dict[str, SheetFacts]:
    """The number formats of each sheet's cells by the sheet's name; none where the workbook cannot be followed."""
    try:
        book = stream(data, "Workbook") or b""
        if len(book) > SCANNED or len(book) < 8 or struct.unpack_from("<H", book, 4)[0] != BIFF8:  # noqa: PLR2004 # BOF
            return {}
        styles, sheets = _globals(book)
        return {name: SheetFacts(dict(_cells(book, start, styles))) for name, start in sheets.items()} if styles else {}
    except (struct.error, IndexError, ValueError):
        return {}


def _records(book: bytes, start: int) -> Iterator[Record]:
    """The records from a position to the end of their part."""
    while start + 4 <= len(book):
        kind, size = struct.unpack_from("<HH", book, start)
        if kind == EOF:
            return
        yield kind, book[start + 4 : start + 4 + size]
        start += 4 + size


def _globals(book: bytes) -> tuple[dict[int, NumberFormat], dict[str, int]]:
    """The number formats by the index that cells give, and where each sheet begins."""
    codes = dict(BUILT_IN)
    used: list[int] = []
    sheets: dict[str, int] = {}
    for kind, body in _records(book, 0):
        if kind == FORMAT:
            codes[struct.unpack_from("<H", body)[0]] = _string(body[5:], body[4], struct.unpack_from("<H", body, 2)[0])
        elif kind == XF:
            used.append(struct.unpack_from("<H", body, 2)[0])
        elif kind == SHEET:
            sheets[_string(body[8:], body[7], body[6])] = struct.unpack_from("<I", body)[0]
    found = {index: number_format(codes.get(code, "")) for index, code in enumerate(used)}
    return {index: form for index, form in found.items() if form is not None}, sheets


def _string(data: bytes, flags: int, length: int) -> str:
    if flags & WIDE:
        return data[: 2 * length].decode("utf-16-le", "replace")
    return data[:length].decode("latin-1")


def _cells(book: bytes, start: int, styles: dict[int, NumberFormat]) -> Iterator[tuple[tuple[int, int], NumberFormat]]:
    for kind, body in _records(book, start):
        if kind in {FORMULA, NUMBER, RK}:
            row, column, style = struct.unpack_from("<HHH", body)
            if style in styles:
                yield (row, column), styles[style]
        elif kind == MULTIPLE_RK:
            row, first = struct.unpack_from("<HH", body)
            for index in range((len(body) - 6) // 6):
                style = struct.unpack_from("<H", body, 4 + 6 * index)[0]
                if style in styles:
                    yield (row, first + index), styles[style]
