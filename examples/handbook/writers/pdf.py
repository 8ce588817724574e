"""Born-digital PDFs: reports with header and footer, two columns, tables, a page stored sideways."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, ByteStringObject
from reportlab.lib import colors
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    FrameBreak,
    ListFlowable,
    ListItem,
    NextPageTemplate,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)
from reportlab.platypus import PageBreak as NewPage

from . import markup

DEJAVU = Path("/usr/share/fonts/truetype/dejavu")
INK = colors.HexColor("#1d3540")
PALE = colors.HexColor("#e6ecee")


@dataclass(frozen=True)
class Look:
    """How one PDF looks: typefaces, body size in points, columns, and the words in its margins."""

    running_head: str
    foot: str
    page_word: str = "Page {page} of {pages}"
    face: str = "Helvetica"
    size: float = 10
    columns: int = 1
    table_size: float = 9
    house: str = "SKARNHOLT INSTRUMENTS"


def fonts() -> None:
    """Makes the embedded typefaces known; the fourteen standard ones need nothing."""
    for name, file in (("DejaVuSerif", "DejaVuSerif"), ("DejaVuSerif-Bold", "DejaVuSerif-Bold")):
        pdfmetrics.registerFont(TTFont(name, DEJAVU / f"{file}.ttf"))


def write(blocks: Sequence[markup.Block], look: Look) -> bytes:
    """A PDF of the blocks. Built twice, because the footer names the number of pages."""
    pages = len(PdfReader(io.BytesIO(_build(blocks, look, 0))).pages)
    turned = [i for i, kind in enumerate(_page_kinds(blocks)) if kind == "rotated"]
    return _sideways(_build(blocks, look, pages), turned)


def _page_kinds(blocks: Sequence[markup.Block]) -> list[str]:
    """Kind of each page, where every page begins with a break of its own."""
    return ["page", *(block.kind for block in blocks if isinstance(block, markup.PageBreak))]


def scanned_pages(blocks: Sequence[markup.Block]) -> list[int]:
    """Indexes of the pages that are to become images."""
    return [i for i, kind in enumerate(_page_kinds(blocks)) if kind == "scan"]


def _build(blocks: Sequence[markup.Block], look: Look, pages: int) -> bytes:
    target = io.BytesIO()
    title = next(block.text for block in blocks if isinstance(block, markup.Heading))
    template = BaseDocTemplate(
        target, pagesize=A4, invariant=1, title=title, author="Skarnholt Instruments", pageCompression=1
    )
    margins = partial(_margins, look=look, pages=pages)
    template.addPageTemplates([_opening(look, margins), _upright(look, margins), _wide(margins)])
    template.build(_story(blocks, look))
    return target.getvalue()


def _upright(look: Look, margins: Callable[..., None]) -> PageTemplate:
    width, height = A4
    inner, gap = width - 44 * mm, 7 * mm
    column = (inner - gap * (look.columns - 1)) / look.columns
    frames = [
        Frame(22 * mm + i * (column + gap), 22 * mm, column, height - 50 * mm, 0, 0, 0, 0) for i in range(look.columns)
    ]
    return PageTemplate("upright", frames, onPage=margins, pagesize=A4)


def _opening(look: Look, margins: Callable[..., None]) -> PageTemplate:
    """The first page; above columns, the title has a frame across them."""
    frames = list(_upright(look, margins).frames)
    if look.columns > 1:
        width, height = A4
        head = Frame(22 * mm, height - 46 * mm, width - 44 * mm, 20 * mm, 0, 0, 0, 0)
        short = [Frame(f.x1, f.y1, f.width, height - 71 * mm, 0, 0, 0, 0) for f in frames]
        frames = [head, *short]
    return PageTemplate("opening", frames, onPage=margins, pagesize=A4, autoNextPageTemplate="upright")


def _wide(margins: Callable[..., None]) -> PageTemplate:
    width, height = landscape(A4)
    frame = Frame(22 * mm, 22 * mm, width - 44 * mm, height - 50 * mm, 0, 0, 0, 0)
    return PageTemplate("wide", [frame], onPage=margins, pagesize=landscape(A4))


def _margins(canvas: Canvas, document: BaseDocTemplate, look: Look, pages: int) -> None:
    width, height = document.pageTemplate.pagesize
    canvas.saveState()
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica-Bold", 8)
    canvas.drawString(22 * mm, height - 15 * mm, look.house)
    canvas.setFont("Helvetica", 8)
    canvas.drawRightString(width - 22 * mm, height - 15 * mm, look.running_head)
    canvas.line(22 * mm, height - 17.5 * mm, width - 22 * mm, height - 17.5 * mm)
    canvas.drawString(22 * mm, 12 * mm, look.foot)
    canvas.drawRightString(width - 22 * mm, 12 * mm, look.page_word.format(page=document.page, pages=pages))
    canvas.restoreState()


def _styles(look: Look) -> dict[str, ParagraphStyle]:
    bold = look.face.removesuffix("-Roman") + "-Bold"
    body = ParagraphStyle(
        "body", fontName=look.face, fontSize=look.size, leading=look.size * 1.38, spaceAfter=look.size * 0.55
    )
    if look.columns > 1:
        body.alignment = TA_JUSTIFY
    head = partial(ParagraphStyle, parent=body, fontName=bold, textColor=INK, alignment=0, keepWithNext=1)
    cell = ParagraphStyle(
        "cell", parent=body, fontSize=look.table_size, leading=look.table_size * 1.22, spaceAfter=0, alignment=0
    )
    return {
        "body": body,
        "h1": head("h1", fontSize=look.size * 1.9, leading=look.size * 2.3, spaceAfter=look.size * 0.8),
        "h2": head("h2", fontSize=look.size * 1.25, leading=look.size * 1.6, spaceBefore=look.size * 0.7, spaceAfter=3),
        "h3": head("h3", fontSize=look.size * 1.05, leading=look.size * 1.4, spaceBefore=4, spaceAfter=2),
        "cell": cell,
        "th": ParagraphStyle("th", parent=cell, fontName=bold),
    }


def _story(blocks: Sequence[markup.Block], look: Look) -> list[Flowable]:
    styles = _styles(look)
    story: list[Flowable] = []
    for block in blocks:
        story += _flowables(block, styles, look)
        if look.columns > 1 and isinstance(block, markup.Heading) and block.level == 1:
            story.append(FrameBreak())
    return story


def _flowables(block: markup.Block, styles: dict[str, ParagraphStyle], look: Look) -> list[Flowable]:
    match block:
        case markup.Heading(level, text):
            return [Paragraph(escape(text), styles[f"h{level}"])]
        case markup.Paragraph(text):
            return [Paragraph(escape(text), styles["body"])]
        case markup.Listing(items, numbered):
            rows = [ListItem(Paragraph(escape(item), styles["body"])) for item in items]
            kind = "1" if numbered else "bullet"
            return [ListFlowable(rows, bulletType=kind, leftIndent=14, bulletFontSize=look.size)]
        case markup.Table():
            return [_table(block, styles), Spacer(1, 8)]
        case markup.PageBreak("rotated"):
            return [NextPageTemplate("wide"), NewPage()]
        case markup.PageBreak():
            return [NextPageTemplate("upright"), NewPage()]
    raise ValueError(f"A PDF of the handbook has no {type(block).__name__}.")


def _table(block: markup.Table, styles: dict[str, ParagraphStyle]) -> Table:
    head, *rows = block.rows
    cells = [[Paragraph(escape(text), styles["th"]) for text in head]]
    cells += [[Paragraph(escape(text), styles["cell"]) for text in row] for row in rows]
    widest = [max(len(row[i]) for row in block.rows) for i in range(len(head))]
    shares = [max(width, 7) ** 0.75 for width in widest]
    table = Table(cells, colWidths=[f"{100 * share / sum(shares):.2f}%" for share in shares], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), PALE),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.HexColor("#9fb0b6")),
                ("LINEABOVE", (0, 0), (-1, 0), 0.9, INK),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ]
        )
    )
    return table


def _sideways(data: bytes, pages: Sequence[int]) -> bytes:
    """Stores pages turned, with a /Rotate that shows them upright, as office printers do."""
    if not pages:
        return data
    writer = PdfWriter(clone_from=io.BytesIO(data))
    for index in pages:
        page = writer.pages[index]
        page.rotate(270)
        page.transfer_rotation_to_content()
        page.rotate(90)
    return saved(writer)


class _FixedWriter(PdfWriter):
    """Takes its file identifier from a constant, where pypdf would draw it at random."""

    def generate_file_identifiers(self) -> None:
        identifier = ByteStringObject(b"skarnholt-board1")
        self._ID = ArrayObject((identifier, identifier))


def encrypt(data: bytes, password: str) -> bytes:
    """The same PDF, which opens only with the password. RC4, because AES salts at random."""
    writer = _FixedWriter(clone_from=io.BytesIO(data))
    writer.encrypt(user_password=password, owner_password=password + "-owner", algorithm="RC4-128")
    return saved(writer)


def saved(writer: PdfWriter) -> bytes:
    """The bytes of a PDF under construction."""
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()
