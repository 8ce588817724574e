"""Every parser passes the same suite, on small files that are made here."""

from __future__ import annotations

import io
import json
import zipfile
from email.message import EmailMessage
from html import escape
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet, OpenDocumentText
from odf.table import Table, TableCell, TableRow
from odf.text import H, P

from outcrop.adapters.parsers import formats
from outcrop.adapters.parsers.books import BookParser
from outcrop.adapters.parsers.delimited import DelimitedParser
from outcrop.adapters.parsers.mail import MailParser
from outcrop.adapters.parsers.notebook import NotebookParser
from outcrop.adapters.parsers.office import OfficeParser
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.sheets import SheetParser
from outcrop.adapters.parsers.slides import SlideParser
from outcrop.adapters.parsers.structured import StructuredParser
from outcrop.adapters.parsers.tex import TexParser
from outcrop.adapters.parsers.text import TextParser
from outcrop.adapters.parsers.webpage import WebpageParser
from outcrop.testing.parsers import ParserContract


def saved(document) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


class Contract(ParserContract):
    kind = TextParser

    @pytest.fixture
    def parser(self):
        return self.kind(ParseOptions())


class TestText(Contract):
    name, media_type = "a.txt", formats.PLAIN

    def make(self, paragraphs):
        return "\n\n".join(paragraphs).encode()


class TestWideText(TestText):
    def make(self, paragraphs):
        return "\r\n".join(paragraphs).encode("utf-16")


class TestMarkdown(Contract):
    name, media_type = "a.md", formats.MARKDOWN

    def make(self, paragraphs):
        table = "| a | b |\n|---|---|\n| 1 | 2 |"
        return "\n\n".join(["# Title", *paragraphs, "Sub\n---", table, "```\n# no heading\n```"]).encode()


class TestWebpage(Contract):
    kind, name, media_type = WebpageParser, "a.html", formats.HTML

    def make(self, paragraphs):
        body = "".join(f"<p>{escape(words)}</p>" for words in paragraphs)
        table = "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
        return f"<!doctype html><html lang=en><title>T</title><h1>Head</h1>{body}{table}</html>".encode()


class TestDelimited(Contract):
    kind, name, media_type = DelimitedParser, "a.csv", formats.CSV

    def make(self, paragraphs):
        return "\n".join(["number,words", *(f'{n},"{words}"' for n, words in enumerate(paragraphs))]).encode()


class TestWorkbook(Contract):
    kind, name, media_type, notices_cuts = SheetParser, "a.xlsx", formats.XLSX, True

    def make(self, paragraphs):
        workbook = openpyxl.Workbook()
        for number, words in enumerate(("Words", *paragraphs), 1):
            workbook.active.cell(number, 1, words)
            workbook.active.cell(number, 2, number if number > 1 else "Number")
        return saved(workbook)


class TestOldWorkbook(TestWorkbook):
    name, media_type = "a.xls", formats.XLS

    def make(self, paragraphs):
        workbook = xlwt.Workbook(encoding="utf-8")
        sheet = workbook.add_sheet("Sheet")
        for number, words in enumerate(paragraphs):
            sheet.write(number, 0, words)
            sheet.write(number, 1, number)
        return saved(workbook)


class TestOpenDocumentSheet(TestWorkbook):
    name, media_type = "a.ods", formats.ODS

    def make(self, paragraphs):
        document = OpenDocumentSpreadsheet()
        table = Table(name="Sheet")
        for words in paragraphs:
            row = TableRow()
            for value in (words, "x"):
                cell = TableCell(valuetype="string")
                cell.addElement(P(text=value))
                row.addElement(cell)
            table.addElement(row)
        document.spreadsheet.addElement(table)
        return saved(document)


class TestWordDocument(Contract):
    kind, name, media_type, notices_cuts = OfficeParser, "a.docx", formats.DOCX, True

    def make(self, paragraphs):
        document = docx.Document()
        document.add_heading("Title", 1)
        for words in paragraphs:
            document.add_paragraph(words)
        table = document.add_table(rows=2, cols=2)
        for index, cell in enumerate(table._cells):
            cell.text = f"cell {index}"
        return saved(document)


class TestOpenDocumentText(Contract):
    kind, name, media_type, notices_cuts = OfficeParser, "a.odt", formats.ODT, True

    def make(self, paragraphs):
        document = OpenDocumentText()
        document.text.addElement(H(outlinelevel=1, text="Title"))
        for words in paragraphs:
            document.text.addElement(P(text=words))
        return saved(document)


class TestRichText(Contract):
    kind, name, media_type = OfficeParser, "a.rtf", formats.RTF

    def make(self, paragraphs):
        escaped = ("".join(c if c < "\x7f" else f"\\u{ord(c)}?" for c in words) for words in paragraphs)
        return ("{\\rtf1\\ansi\\uc1 " + "".join(f"{words}\\par\n" for words in escaped) + "}").encode("ascii")


class TestSlides(Contract):
    kind, name, media_type, notices_cuts = SlideParser, "a.pptx", formats.PPTX, True

    def make(self, paragraphs):
        deck = pptx.Presentation()
        for words in paragraphs:
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            slide.shapes.title.text = "Slide title"
            slide.placeholders[1].text = words
        return saved(deck)


# The least that an EPUB 3 must have (https://www.w3.org/TR/epub-33/).
CONTAINER = """<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">id</dc:identifier>
<dc:title>Book</dc:title><dc:language>en</dc:language></metadata>
<manifest><item id="one" href="one.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="one"/></spine></package>"""


class TestBook(Contract):
    kind, name, media_type, notices_cuts = BookParser, "a.epub", formats.EPUB, True

    def make(self, paragraphs):
        chapter = "<h1>One</h1>" + "".join(f"<p>{escape(words)}</p>" for words in paragraphs)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
            book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
            book.writestr("META-INF/container.xml", CONTAINER)
            book.writestr("book.opf", PACKAGE)
            book.writestr("one.xhtml", f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{chapter}</body></html>')
        return buffer.getvalue()


class TestMail(Contract):
    kind, name, media_type = MailParser, "a.eml", formats.EML

    def make(self, paragraphs):
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = "Grüße", "a@example.com", "b@example.com"
        message.set_content("\n\n".join(paragraphs))
        message.add_attachment(b"item,price\ntea,2\n", maintype="text", subtype="csv", filename="prices.csv")
        return message.as_bytes()


class TestJson(Contract):
    kind, name, media_type = StructuredParser, "a.json", formats.JSON

    def make(self, paragraphs):
        return json.dumps({"words": list(paragraphs), "rows": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}).encode()


class TestXml(Contract):
    kind, name, media_type = StructuredParser, "a.xml", formats.XML

    def make(self, paragraphs):
        inner = "".join(f"<entry><words>{escape(words)}</words></entry>" for words in paragraphs)
        return f"<?xml version='1.0' encoding='utf-8'?><list><title>T</title>{inner}</list>".encode()


class TestNotebook(Contract):
    kind, name, media_type, notices_cuts = NotebookParser, "a.ipynb", formats.NOTEBOOK, True

    def make(self, paragraphs):
        cells = [{"cell_type": "markdown", "source": ["# Head\n", "\n", words]} for words in paragraphs]
        return json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}).encode()


class TestTex(Contract):
    kind, name, media_type = TexParser, "a.tex", formats.TEX

    def make(self, paragraphs):
        return ("\\begin{document}\\section{Head}\n" + "\n\n".join(paragraphs) + "\\end{document}").encode()


FIXTURES = Path(__file__).parents[1] / "fixtures"


class TestOldWordDocument(Contract):
    """A doc file cannot be made without an office suite: one that LibreOffice made of the scripts is kept."""

    kind, name, media_type, notices_cuts = OfficeParser, "scripts.doc", formats.DOC, True

    def make(self, paragraphs):
        return (FIXTURES / "scripts.doc").read_bytes()
