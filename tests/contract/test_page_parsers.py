"""The parsers of pages, PDF and pictures, pass the suite of every parser."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw, ImageFont

from outcrop.adapters.parsers import formats
from outcrop.adapters.parsers.images import ImageParser
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.pdf import PdfParser
from outcrop.testing.parsers import SCRIPTS, ParserContract
from outcrop.testing.pdfs import unicode_pdf


class TestPdf(ParserContract):
    name, media_type, notices_cuts = "a.pdf", formats.PDF, True

    @pytest.fixture
    def parser(self):
        return PdfParser(ParseOptions(ocr=False))

    def make(self, paragraphs):
        return unicode_pdf(paragraphs)


@pytest.fixture(scope="module")
def reader():
    """One for all tests: the engine's models take a second to load."""
    return ImageParser(ParseOptions())


class TestPicture(ParserContract):
    name, media_type, notices_cuts = "a.png", "image/png", True
    scripts = SCRIPTS[:1]  # one that Pillow's own font can draw

    @pytest.fixture
    def parser(self, reader):
        return reader

    def make(self, paragraphs):
        picture = Image.new("L", (1000, 60 * len(paragraphs) + 40), "white")
        for index, words in enumerate(paragraphs):
            ImageDraw.Draw(picture).text((20, 20 + 60 * index), words, fill=0, font=ImageFont.load_default(30))
        out = io.BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()
