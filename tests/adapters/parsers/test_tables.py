"""Spreadsheets and delimited files."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
import xlwt
from hypothesis import given
from hypothesis import strategies as st
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from outcrop.adapters.parsers.delimited import DelimitedParser, sniff
from outcrop.adapters.parsers.number_formats import number_format, plain, shown
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.sheets import SheetParser
from outcrop.adapters.parsers.tabular import has_header
from outcrop.adapters.parsers.workbook import column_index
from outcrop.core.parsed import Blob

ODS = "application/vnd.oasis.opendocument.spreadsheet"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(fill):
    book = openpyxl.Workbook()
    fill(book.active)
    buffer = io.BytesIO()
    book.save(buffer)
    return SheetParser(ParseOptions()).parse(Blob(name="a.xlsx", data=buffer.getvalue(), media_type=XLSX))


def delimited(data, media_type="text/csv"):
    return DelimitedParser(ParseOptions()).parse(Blob(name="a.csv", data=data, media_type=media_type))


def rows(document):
    return [(row.number, document.text[row.start : row.end]) for row in document.rows]


def put(sheet, top, left, lines):
    for row, values in enumerate(lines, top):
        for column, value in enumerate(values, left):
            sheet.cell(row, column, value)


def test_a_sheet_is_a_heading_and_its_table_with_the_numbers_of_its_rows():
    document = workbook(lambda sheet: put(sheet, 3, 2, [["Item", "Price"], ["Tea", 2.5], ["Coffee", 12.0]]))
    assert document.text == "Sheet\n\n| Item | Price |\n| --- | --- |\n| Tea | 2.5 |\n| Coffee | 12 |"
    assert rows(document) == [(3, "| Item | Price |"), (4, "| Tea | 2.5 |"), (5, "| Coffee | 12 |")]
    assert {row.sheet for row in document.rows} == {"Sheet"}
    [heading] = document.headings
    assert document.text[heading.start : heading.end] == "Sheet"


def test_titles_notes_and_further_tables_stand_by_themselves():
    def fill(sheet):
        sheet["A1"] = "Rates of 2026"
        put(sheet, 3, 1, [["City", "Rate"], ["Berlin", 150], ["Paris", 180]])
        sheet["A6"] = "All rates are in euros and hold for one night in a single room."
        put(sheet, 9, 1, [["Name", "Phone"], ["Ada", "123"]])

    document = workbook(fill)
    assert "Rates of 2026\n\n| City | Rate |" in document.text
    assert "| Paris | 180 |\n\nAll rates" in document.text
    assert len(document.tables) == 2
    assert rows(document)[0] == (1, "Rates of 2026")


def test_tables_side_by_side_are_two():
    def fill(sheet):
        put(sheet, 1, 1, [["a", "b"], [1, 2]])
        put(sheet, 1, 4, [["c", "d"], [3, 4]])

    document = workbook(fill)
    assert [document.text[t.start : t.end] for t in document.tables] == [
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "| c | d |\n| --- | --- |\n| 3 | 4 |",
    ]


def test_an_empty_row_within_a_table_does_not_end_it():
    def fill(sheet):
        put(sheet, 1, 1, [["Item", "Price"], ["Tea", 2]])
        put(sheet, 4, 1, [["Coffee", 3], ["Milk", 1]])

    document = workbook(fill)
    assert len(document.tables) == 1
    assert [number for number, _ in rows(document)] == [1, 2, 4, 5]


def test_a_value_over_merged_rows_stands_in_each():
    def fill(sheet):
        put(sheet, 1, 1, [["Team", "Name"], ["Sales", "Ada"], [None, "Bob"]])
        sheet.merge_cells("A2:A3")

    assert "| Sales | Bob |" in workbook(fill).text


def test_numbers_and_dates_are_shown_as_a_person_sees_them():
    values = {
        "A1": (0.05, "0%", "5%"),
        "A2": (0.1234, "0.0%", "12.3%"),
        "A3": (1250.5, '"$"#,##0.00', "$1,250.50"),
        "A4": (99, "[$€-407] #,##0.00", "€99.00"),
        "A5": (45000, "General", "45000"),
        "A6": (dt.date(2026, 3, 2), "yyyy-mm-dd", "2026-03-02"),
        "A7": (dt.datetime.fromisoformat("2026-03-02 14:30"), "yyyy-mm-dd hh:mm", "2026-03-02 14:30"),
        "A8": (True, "General", "TRUE"),
        "A9": (1200000, "#,##0", "1,200,000"),
        "A10": (0.1 + 0.2, "General", "0.3"),
    }

    def fill(sheet):
        for place, (value, form, _) in values.items():
            sheet[place], sheet[place].number_format = value, form

    assert workbook(fill).text.split("\n")[2:] == [line for _, _, text in values.values() for line in (text, "")][:-1]


def test_hidden_sheets_and_formulas_without_results_are_told():
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"] = 1, "=A1*2"
    hidden = book.create_sheet("Secret")
    hidden["A1"], hidden.sheet_state = "hush", "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    document = SheetParser(ParseOptions()).parse(Blob(name="a.xlsx", data=buffer.getvalue(), media_type=XLSX))
    assert "hush" in document.text
    assert any("Secret" in warning for warning in document.warnings)
    assert any("formulas" in warning for warning in document.warnings)


def test_numbers_of_an_old_workbook_are_shown_as_a_person_sees_them():
    book = xlwt.Workbook()
    sheet = book.add_sheet("Größe")
    for row, (value, code) in enumerate([(0.15, "0%"), (1250.5, '"$"#,##0.00'), (7, "General"), (0.5, "0.0%")]):
        sheet.write(row, 0, f"name {row}")
        sheet.write(row, 1, value, xlwt.easyxf(num_format_str=code))
    for row in range(4, 400):
        sheet.write(row, 0, f"a longer name, so that the stream takes many sectors {row}")
        sheet.write(row, 1, row / 100, xlwt.easyxf(num_format_str="0%") if row == 4 else xlwt.Style.default_style)
    buffer = io.BytesIO()
    book.save(buffer)
    document = SheetParser(ParseOptions()).parse(Blob(name="a.xls", data=buffer.getvalue()))
    shown = [text.split("|")[2].strip() for _, text in rows(document)]
    assert shown[:6] == ["15%", "$1,250.50", "7", "50.0%", "4%", "0.05"]


def test_an_open_document_sheet_shows_what_its_cells_show():
    document = OpenDocumentSpreadsheet()
    table = Table(name="Rates")
    for name, kind, value, text in (("Tax", "percentage", "0.19", "19 %"), ("Fee", "currency", "5", "5,00 €")):
        row = TableRow()
        for cell, words in ((TableCell(valuetype="string"), name), (TableCell(valuetype=kind, value=value), text)):
            cell.addElement(P(text=words))
            row.addElement(cell)
        table.addElement(row)
    document.spreadsheet.addElement(table)
    buffer = io.BytesIO()
    document.save(buffer)
    read = SheetParser(ParseOptions()).parse(Blob(name="a.ods", data=buffer.getvalue(), media_type=ODS))
    assert "| Tax | 19 % |\n| Fee | 5,00 € |" in read.text


def test_dates_of_an_old_workbook_are_dates():
    book = xlwt.Workbook()
    sheet = book.add_sheet("Old")
    for column, value in enumerate(["Name", "When"]):
        sheet.write(0, column, value)
    sheet.write(1, 0, "Ada")
    sheet.write(1, 1, dt.date(2020, 1, 2), xlwt.easyxf(num_format_str="YYYY-MM-DD"))
    buffer = io.BytesIO()
    book.save(buffer)
    document = SheetParser(ParseOptions()).parse(Blob(name="a.xls", data=buffer.getvalue()))
    assert "| Ada | 2020-01-02 |" in document.text


@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        ("0.00", 3, "3.00"),
        ("0.0##", 1.25, "1.25"),
        ("0.0##", 1, "1.0"),
        ("#,##0 \\€", 1234, "1,234 €"),
        ("#,##0.00 [$EUR]", 5, "5.00 EUR"),
        ("$#,##0;[Red]-$#,##0", -5, "-$5"),
        ("0.00%", -0.001, "-0.10%"),
        ("0", -0.2, "0"),
    ],
)
def test_number_formats(code, value, text):
    assert number_format(code).show(value) == text


@pytest.mark.parametrize("code", ["General", "@", "yyyy-mm-dd", "h:mm", "0.00E+00", "# ?/?", ""])
def test_formats_that_are_left_alone(code):
    assert number_format(code) is None


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers())
def test_any_number_can_be_shown(value):
    assert plain(value)
    assert number_format("#,##0.00").show(value)


def test_times_are_short():
    assert shown(dt.time(9, 5)) == "09:05"
    assert shown(dt.timedelta(hours=36, minutes=15)) == "36:15:00"


@pytest.mark.parametrize(("letters", "index"), [(b"A", 0), (b"Z", 25), (b"AA", 26), (b"XFD", 16383)])
def test_columns_are_counted_from_zero(letters, index):
    assert column_index(letters) == index


@pytest.mark.parametrize(
    ("first", "body", "expected"),
    [
        (["Name", "Age"], [["Ada", "36"], ["Bob", "40"]], True),
        (["Region", "2023", "2024"], [["North", "1", "2"]], True),
        (["1", "2"], [["3", "4"]], False),
        (["Ada", "36"], [["Bob", "40"], ["Cyd", "20"]], False),
        (["Term", "Meaning"], [["a", "b"]], True),
        (["Date", "Sum"], [["2026-01-02", "€1,200.50"], ["02.01.2026", "-5 %"]], True),
    ],
)
def test_words_above_values_are_a_header(first, body, expected):
    assert has_header(first, body) is expected


def test_a_delimited_file_is_one_table_with_the_numbers_of_its_rows():
    document = delimited(b'Name;Price\n"M\xfcller; Co";1,50\n"a ""q""\nb";2\n\nz;3;more\n')
    assert document.text == (
        '| Name | Price |\n| --- | --- |\n| Müller; Co | 1,50 |\n| a "q" b | 2 |\n| z | 3 | more |'
    )
    assert rows(document) == [
        (1, "| Name | Price |"),
        (2, "| Müller; Co | 1,50 |"),
        (3, '| a "q" b | 2 |'),
        (5, "| z | 3 | more |"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter):
    lines = [["name", "sum, in euros; net", "note"], ["a", "1,5", "x y"], ["b", "2,5", "z"]]
    text = "\n".join(delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in line) for line in lines)
    assert sniff(text) == delimiter


def test_a_delimiter_that_excel_declares_is_used():
    assert delimited(b"sep=|\na|b\n1|2\n").text == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_title_above_the_header_is_no_row_of_the_table():
    document = delimited(b"Report of 2026\n\nregion,2023\nNorth,1\nSouth,2\n")
    assert document.text.startswith("Report of 2026\n\n| region | 2023 |")


def test_values_alone_have_an_empty_header():
    assert delimited(b"1,2\n3,4\n").text == "| | |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |"


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=4), max_size=6))
def test_any_rows_are_read(lines):
    text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
    document = delimited(text.encode())
    assert all(document.text[row.start : row.end].startswith("|") or document.text for row in document.rows)
    assert [row.number for row in document.rows] == sorted(row.number for row in document.rows)
