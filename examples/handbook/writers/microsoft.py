"""Files of Microsoft Office: docx, the old binary doc, pptx, xlsx, the old binary xls."""

from __future__ import annotations

import csv
import datetime as dt
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pptx
import xlwt
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from openpyxl.styles import Alignment, Font, PatternFill
from pptx.dml.color import RGBColor as SlideColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.util import Inches
from pptx.util import Pt as SlidePt

from . import markup
from .stamps import MOMENT, settle

WHEN = dt.datetime(*MOMENT, tzinfo=dt.UTC)


def write_docx(blocks: Sequence[markup.Block], path: Path, foot: str, east_asian: str = "") -> None:
    """A Word document with real heading styles, lists, tables, header and footer."""
    document = docx.Document()
    _dress(document, east_asian)
    section = document.sections[0]
    section.header.paragraphs[0].text = "Skarnholt Instruments"
    section.footer.paragraphs[0].text = foot
    for block in blocks:
        _add(document, block)
    document.core_properties.author = "Skarnholt Instruments"
    document.core_properties.title = next(b.text for b in blocks if isinstance(b, markup.Heading))
    document.core_properties.comments = ""
    document.core_properties.created = document.core_properties.modified = WHEN
    document.save(str(path))
    settle(path)


def _dress(document: Any, east_asian: str) -> None:
    for name, size in (("Normal", 10.5), ("Heading 1", 18), ("Heading 2", 13), ("Heading 3", 11)):
        style = document.styles[name]
        style.font.name = "Calibri"
        style.font.size = Pt(size)
        if name != "Normal":
            style.font.color.rgb = RGBColor(0x1D, 0x35, 0x40)
        if east_asian:
            style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), east_asian)


def _add(document: Any, block: markup.Block) -> None:
    match block:
        case markup.Heading(level, text):
            document.add_heading(text, level)
        case markup.Paragraph(text):
            document.add_paragraph(text)
        case markup.Listing(items, numbered):
            for item in items:
                document.add_paragraph(item, style="List Number" if numbered else "List Bullet")
        case markup.Table(rows):
            _add_table(document, rows)
        case markup.PageBreak():
            document.add_page_break()
        case _:
            raise ValueError(f"A Word document of the handbook has no {type(block).__name__}.")


def _add_table(document: Any, rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(rows=0, cols=len(rows[0]), style="Light Grid Accent 1")
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.add_paragraph()


def write_doc(blocks: Sequence[markup.Block], path: Path, foot: str) -> None:
    """A Word 97 document, by way of LibreOffice, the only free program that writes them."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, path.stem + ".docx")
        write_docx(blocks, source, foot)
        profile = f"-env:UserInstallation={Path(folder, 'profile').as_uri()}"
        command = ["soffice", profile, "--headless", "--convert-to", "doc:MS Word 97", "--outdir", folder, source]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        path.write_bytes(Path(folder, path.stem + ".doc").read_bytes())


def write_pptx(blocks: Sequence[markup.Block], path: Path) -> None:
    """Slides: each heading opens one, a quotation goes into its notes."""
    deck = pptx.Presentation()
    deck.slide_width, deck.slide_height = Inches(13.333), Inches(7.5)
    slide: Any = None
    for block in blocks:
        if isinstance(block, markup.Heading):
            slide = _slide(deck, block)
        else:
            _fill(slide, block)
    deck.core_properties.author = "Joaquim Velle"
    deck.core_properties.title = deck.slides[0].shapes.title.text
    deck.core_properties.created = deck.core_properties.modified = WHEN
    deck.save(str(path))
    settle(path)


def _slide(deck: Any, heading: markup.Heading) -> Any:
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    band = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, 0, 0, deck.slide_width, Inches(0.35))
    band.fill.solid()
    band.fill.fore_color.rgb = SlideColor(0x1D, 0x35, 0x40)
    band.line.fill.background()
    title = slide.shapes.title
    title.left, title.top, title.width, title.height = Inches(0.8), Inches(0.7), Inches(11.7), Inches(1.2)
    title.text = heading.text
    title.text_frame.paragraphs[0].font.size = SlidePt(48 if heading.level == 1 else 36)
    return slide


def _fill(slide: Any, block: markup.Block) -> None:
    if isinstance(block, markup.Paragraph) and block.quoted:
        slide.notes_slide.notes_text_frame.text = block.text
    elif isinstance(block, markup.Table):
        _slide_table(slide, block.rows)
    else:
        lines = block.items if isinstance(block, markup.Listing) else (block.text,)
        top = 2.1 + 0.7 * sum(shape.shape_type == 17 for shape in slide.shapes)  # 17: text box
        frame = slide.shapes.add_textbox(Inches(0.9), Inches(top), Inches(11.4), Inches(0.6)).text_frame
        frame.word_wrap = True
        for number, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
            paragraph.text = f"• {line}" if isinstance(block, markup.Listing) else line
            paragraph.font.size = SlidePt(24)
            paragraph.space_after = SlidePt(10)


def _slide_table(slide: Any, rows: Sequence[Sequence[str]]) -> None:
    shape = slide.shapes.add_table(
        len(rows), len(rows[0]), Inches(0.9), Inches(2.1), Inches(11.4), Inches(0.5 * len(rows))
    )
    for y, row in enumerate(rows):
        for x, text in enumerate(row):
            shape.table.cell(y, x).text = text


def cells(path: Path) -> list[list[str | float]]:
    """The rows of a CSV file; what looks like a number is one, except in the first column."""
    with path.open(newline="", encoding="utf-8") as file:
        return [[_value(text, x) for x, text in enumerate(row)] for row in csv.reader(file)]


def _value(text: str, column: int) -> str | float:
    if column and text.replace(".", "", 1).isdigit():
        return float(text) if "." in text else int(text)
    return text


def write_xlsx(sheets: Sequence[tuple[str, list[list[str | float]]]], path: Path) -> None:
    """A workbook; on each sheet a title row, an empty row, then the table."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        sheet["A1"] = f"Price list 2026: {name}"
        sheet["A1"].font = Font(bold=True, size=14)
        sheet.append([])
        for row in rows:
            sheet.append([None if value == "" else value for value in row])
        for cell in sheet[3]:
            cell.font = Font(bold=True, color="FFFFFF")
            cell.fill = PatternFill("solid", fgColor="1D3540")
            cell.alignment = Alignment(wrap_text=True)
        for column, width in zip("ABCDE", (12, 22, 46, 16, 40), strict=True):
            sheet.column_dimensions[column].width = width
        sheet.freeze_panes = "A4"
    book.properties.creator = "Skarnholt Instruments"
    book.save(path)
    settle(path)


def write_xls(sheets: Sequence[tuple[str, list[list[str | float]]]], path: Path) -> None:
    """A workbook in the binary format of Excel 97."""
    book = xlwt.Workbook(encoding="utf-8")
    bold = xlwt.easyxf("font: bold on; borders: bottom thin")
    for name, rows in sheets:
        sheet = book.add_sheet(name)
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                if value != "":
                    sheet.write(y, x, value, bold if y == 0 else xlwt.Style.default_style)
        for x, width in enumerate((11, 32, 16, 12, 18, 18)):
            sheet.col(x).width = 256 * width
    book.save(str(path))
