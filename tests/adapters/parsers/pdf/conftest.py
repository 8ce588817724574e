"""PDF files and pictures made for the tests, and parsers to read them with."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import RectangleObject
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.pdf import PdfParser
from outcrop.core.parsed import Blob, ParsedDocument

Painter = Callable[[Canvas], None]
LEFT = (
    "The reading room opens at nine and closes",
    "at six on every day except the first Monday",
    "of a month, when the shelves are counted",
    "and nobody but the keeper may come in.",
    "Visitors sign the book beside the door and",
    "leave their coats with the porter below.",
    "Maps are brought to the long oak table.",
)
RIGHT = (
    "Copies are made by the keeper for a small",
    "fee that pays for the paper and the lamp.",
    "Photographs without a flash are welcome",
    "unless a label on the shelf forbids them.",
    "Loans of volumes need a letter signed by",
    "two members and end after twenty days.",
    "Damage is reported at once to the keeper.",
)


class Maker:
    """Makes PDF files."""

    def pdf(self, *pages: Painter, size: tuple[float, float] = A4, title: str = "") -> bytes:
        """A file with a page for each painter."""
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=size)
        if title:
            canvas.setTitle(title)
        for paint in pages:
            canvas.setPageSize(size)
            paint(canvas)
            canvas.showPage()
        canvas.save()
        return out.getvalue()

    def lines(
        self, lines: Sequence[str], x: float = 60, y: float = 760, font: str = "Helvetica", size: float = 11
    ) -> Painter:
        """Paints lines of text from (x, y) downwards."""

        def paint(canvas: Canvas) -> None:
            canvas.setFont(font, size)
            for index, line in enumerate(lines):
                canvas.drawString(x, y - index * size * 1.3, line)

        return paint

    def all(self, *painters: Painter) -> Painter:
        """Paints with each painter on one page."""

        def paint(canvas: Canvas) -> None:
            for painter in painters:
                painter(canvas)

        return paint

    def two_columns(self) -> Painter:
        """A title over two columns of prose."""
        return self.all(
            self.lines(["Rules of the reading room"], size=20, font="Helvetica-Bold"),
            self.lines(LEFT, y=700),
            self.lines(RIGHT, x=310, y=700),
        )

    def changed(self, data: bytes, *, turn: int = 0, crop: tuple[float, float, float, float] | None = None) -> bytes:
        """The file with its pages turned clockwise, and cropped to (left, bottom, right, top)."""
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
        for page in writer.pages:
            if crop:
                page.cropbox = RectangleObject(crop)
            page.rotate(turn)
        return self.written(writer)

    def locked(self, data: bytes, user: str, owner: str) -> bytes:
        """The file encrypted under passwords."""
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
        writer.encrypt(user, owner, algorithm="RC4-128")
        return self.written(writer)

    def written(self, writer: PdfWriter) -> bytes:
        """The bytes of a pypdf writer."""
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    def picture(self, data: bytes, page: int = 1, dpi: int = 150, skew: float = 0) -> Image.Image:
        """A page as a grey picture, perhaps put on the scanner askew (degrees clockwise)."""
        document = pypdfium2.PdfDocument(data)
        image = document[page - 1].render(scale=dpi / 72).to_pil().convert("L")
        document.close()
        return image.rotate(-skew, resample=Image.Resampling.BICUBIC, fillcolor=255) if skew else image

    def scanned(self, picture: Image.Image, dpi: int = 150) -> Painter:
        """Paints a picture over the whole page."""

        def paint(canvas: Canvas) -> None:
            size = picture.width * 72 / dpi, picture.height * 72 / dpi
            canvas.setPageSize(size)
            canvas.drawInlineImage(picture, 0, 0, *size)

        return paint


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture(scope="session")
def read() -> Callable[[bytes], ParsedDocument]:
    """Reads a PDF file without OCR."""
    parser = PdfParser(ParseOptions(ocr=False))
    return lambda data: parser.parse(Blob(name="file.pdf", data=data))


@pytest.fixture(scope="session")
def read_by_ocr() -> Callable[[bytes], ParsedDocument]:
    """Reads a PDF file with OCR; the engine is loaded once for all tests."""
    parser = PdfParser(ParseOptions(ocr=True))
    return lambda data: parser.parse(Blob(name="file.pdf", data=data))


@pytest.fixture
def found_on_page() -> Callable[[bytes, int, str], list[tuple[float, float, float, float]]]:
    """Where PDFium's own search finds a text: boxes in points from the top left of the page as displayed."""
    from pypdfium2 import raw

    def search(data: bytes, number: int, text: str) -> list[tuple[float, float, float, float]]:
        document = pypdfium2.PdfDocument(data)
        page = document[number - 1]
        textpage = page.get_textpage()
        width, height = page.get_size()
        searcher = textpage.search(text, match_case=True)
        boxes = []
        while (hit := searcher.get_next()) is not None:
            corners = []
            for index in range(hit[0], hit[0] + hit[1]):
                left, bottom, right, top = textpage.get_charbox(index, loose=True)
                for point in ((left, bottom), (right, top)):
                    x, y = raw.c_int(), raw.c_int()
                    raw.FPDF_PageToDevice(page, 0, 0, round(width * 100), round(height * 100), 0, *point, x, y)
                    corners.append((x.value / 100, y.value / 100))
            xs, ys = np.array(corners).T
            boxes.append((xs.min(), ys.min(), xs.max(), ys.max()))
        return boxes

    return search
