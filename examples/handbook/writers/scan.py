"""Pages and notices as images: what a scanner or a telephone makes of paper."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from .pdf import DEJAVU, saved

DPI = 170


def replace(data: bytes, pages: Iterable[int], seed: int) -> bytes:
    """The PDF with some of its pages turned into scans, without any text under them."""
    wanted = set(pages)
    writer = PdfWriter()
    originals = PdfReader(io.BytesIO(data)).pages
    for index, page in enumerate(originals):
        if index in wanted:
            sheet = worn(_rendered(data, index), seed + index)
            page = PdfReader(io.BytesIO(_image_page(sheet))).pages[0]  # noqa: PLW2901 - this is the replacement
        writer.add_page(page)
    writer.add_metadata({"/Producer": "Skarnholt scan station 2"})
    return saved(writer)


def _rendered(data: bytes, index: int) -> Image.Image:
    with pypdfium2.PdfDocument(data) as document:
        return document[index].render(scale=DPI / 72, grayscale=True).to_pil().convert("L")


def worn(page: Image.Image, seed: int) -> Image.Image:
    """The page laid crookedly on a scanner: skew, uneven light, grain, dust, soft edges."""
    chance = np.random.default_rng(seed)
    angle = float(chance.uniform(0.35, 0.9)) * (1 if seed % 2 else -1)
    page = _signed(page, chance) if seed % 3 == 1 else page
    page = page.rotate(angle, Image.Resampling.BICUBIC, fillcolor=245).filter(ImageFilter.GaussianBlur(0.7))
    tones = np.asarray(page, dtype=np.float32)
    height, width = tones.shape
    light = 1 - 0.07 * np.linspace(0, 1, width)[None, :] - 0.03 * np.linspace(1, 0, height)[:, None]
    edge = 1 - 0.45 * np.exp(-np.arange(width) / 9)[None, :]
    tones = 30 + tones * (222 / 255) * light * edge + chance.normal(0, 4.5, tones.shape)
    dust = chance.integers(0, height * width, 160)
    tones.reshape(-1)[dust] = 60
    return Image.fromarray(np.clip(tones, 0, 255).astype(np.uint8))


def _signed(page: Image.Image, chance: np.random.Generator) -> Image.Image:
    """A scrawl of ink in the lower part of the page."""
    width, height = page.size
    steps = np.linspace(0, 1, 400)
    x = width * (0.55 + 0.22 * steps) + 16 * np.sin(steps * 41)
    y = height * 0.8 + 34 * np.sin(steps * 33) * (1 - steps) + 12 * np.cos(steps * 71 + chance.uniform(0, 3))
    ink = Image.new("L", page.size, 255)
    ImageDraw.Draw(ink).line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=70, width=4, joint="curve")
    return ImageChops.multiply(page, ink.filter(ImageFilter.GaussianBlur(0.8)))


def _image_page(sheet: Image.Image) -> bytes:
    picture = io.BytesIO()
    sheet.save(picture, "JPEG", quality=58)
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=A4, invariant=1)
    canvas.drawImage(ImageReader(picture), 0, 0, *A4)
    canvas.save()
    return target.getvalue()


def notice(lines: Sequence[str], path: Path) -> None:
    """A photograph of a printed notice on a board. The first line is its heading."""
    board = _board(1500, 1120)
    sheet = Image.new("RGB", (1180, 820), "#fbfaf5")
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((18, 18, 1161, 801), outline="#b3261e", width=12)
    draw.polygon([(90, 175), (150, 70), (210, 175)], fill="#f2b705", outline="#1c1c1c", width=6)
    draw.text((142, 92), "!", font=_font("DejaVuSans-Bold", 68), fill="#1c1c1c")
    draw.text((270, 66), lines[0], font=_font("DejaVuSans-Bold", 92), fill="#b3261e")
    top = 215
    for line in lines[1:]:
        draw.text((90, top), line, font=_font("DejaVuSans", 44), fill="#1c1c1c")
        top += 64 if line else 30
    turned = sheet.convert("RGBA").rotate(-1.4, Image.Resampling.BICUBIC, expand=True)
    board.paste(turned, (150, 130), turned)
    pins = ImageDraw.Draw(board)
    for x, y in ((196, 160), (1318, 190)):
        pins.ellipse((x - 15, y - 15, x + 15, y + 15), fill="#2b5d8a", outline="#16324b", width=3)
    # 96 colours keep a photograph's look at a tenth of the size
    board.filter(ImageFilter.GaussianBlur(0.6)).quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)


def _board(width: int, height: int) -> Image.Image:
    """Cork."""
    chance = np.random.default_rng(7)
    grain = chance.normal(0, 16, (height // 4, width // 4))
    tint = np.array([176, 137, 92])[None, None, :] + grain[:, :, None]
    cork = Image.fromarray(np.clip(tint, 0, 255).astype(np.uint8), "RGB")
    return cork.resize((width, height), Image.Resampling.BICUBIC)


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(DEJAVU / f"{name}.ttf"), size)
