"""Reads pictures of text: PNG, JPEG, TIFF of many pages, WebP, BMP, and the first frame of a GIF."""

from __future__ import annotations

import io
import math
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.parsers import ocr, progress
from outcrop.adapters.parsers.builder import Origin
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.page_furniture import Furniture
from outcrop.adapters.parsers.page_scan import scan_sheet
from outcrop.adapters.parsers.page_sheet import append
from outcrop.adapters.parsers.page_writer import PageWriter
from outcrop.core.errors import Reason, Unreadable
from outcrop.core.parsed import Blob, ParsedDocument

VERSION = "image/1"
FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/tiff": "TIFF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/gif": "GIF",
}
MOST_PIXELS = 89_000_000  # of a picture that is opened at all
READ_PIXELS = 12_000_000  # of the picture that is read: a larger one is made smaller
MOST_FRAMES = 500
DEFAULT_DPI = 72.0
LIKELY_DPI = (36.0, 2400.0)


class ImageParser:
    """Reads the text in pictures by OCR; boxes are in points by the resolution that the file states."""

    media_types = frozenset(FORMATS)

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self._engine = ocr.engine(options)
        self.version = f"{VERSION} {ocr.version(self._engine)}"

    def parse(self, blob: Blob) -> ParsedDocument:
        """The text and its places. Raises Unreadable."""
        media_type = blob.media_type or "image/png"
        if self._engine is None:
            reason: Reason = "missing_dependency" if self._options.ocr else "no_text"
            raise Unreadable(reason, f"The file is a picture. {ocr.remedy(self._options)}")
        origin = Origin(media_type=media_type, parser=self.version)
        writer, furniture = PageWriter(), Furniture()
        sheets = []
        for number, frame in enumerate(frames(blob.read(), media_type), 1):
            if number > MOST_FRAMES:
                origin.warnings.append(f"The file has more than {MOST_FRAMES} pages; only those were read. Split it.")
                break
            if not frame.stated:
                origin.metadata["resolution"] = f"not stated; {DEFAULT_DPI:.0f} dots per inch assumed"
            progress.report()
            sheets.append(scan_sheet(self._engine.read(frame.pixels), number, frame.size, frame.pixel))
        append(sheets, furniture, writer)
        if not writer.length:
            raise Unreadable("no_text", "OCR found no text in the picture.")
        origin.metadata.update(furniture.metadata())
        return writer.document(origin)


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a file: RGB pixels (height, width, 3), and the points that one of them takes."""

    pixels: NDArray[np.uint8]
    pixel: float
    stated: bool  # whether the file states its resolution

    @property
    def size(self) -> tuple[float, float]:
        """Its width and height in points."""
        height, width = self.pixels.shape[:2]
        return width * self.pixel, height * self.pixel


def frames(data: bytes, media_type: str) -> Iterator[Frame]:
    """The pictures of a file, upright as their EXIF data says; only the first of an animation.

    Raises:
        Unreadable: `corrupt`, `too_large` or `unsupported`.
    """
    from PIL import Image, ImageSequence

    if media_type not in FORMATS:
        raise Unreadable("unsupported", f"Outcrop does not read pictures of the type {media_type}.")
    try:
        with (
            warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning),
            Image.open(io.BytesIO(data), formats=[FORMATS[media_type]]) as image,
        ):
            for picture in ImageSequence.Iterator(image) if media_type == "image/tiff" else [image]:
                yield _frame(picture)
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except (OSError, SyntaxError, ValueError, struct.error, EOFError) as error:
        raise Unreadable("corrupt", "The picture is damaged or cut off. Save it again.") from error


def _too_large() -> Unreadable:
    return Unreadable(
        "too_large", f"The picture has more than {MOST_PIXELS // 1_000_000} million pixels. Make it smaller."
    )


def _frame(picture: Any) -> Frame:
    from PIL import Image, ImageOps

    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise _too_large()
    across, down = _resolution(picture)
    stated = across is not None
    across, down = (across or DEFAULT_DPI), (down or DEFAULT_DPI)
    scale = min(1.0, math.sqrt(READ_PIXELS / (width * height * across / down)))
    size = max(1, round(width * scale)), max(1, round(height * scale * across / down))  # fax pixels are not square
    if picture.format == "JPEG":
        picture.draft("RGB", size)
    upright = ImageOps.exif_transpose(_coloured(picture).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0))
    return Frame(np.ascontiguousarray(np.asarray(upright)), 72 / (across * scale), stated)


def _resolution(picture: Any) -> tuple[float | None, float | None]:
    """Dots per inch across and down, where the file states what can be true."""
    across, down = (float(value) for value in picture.info.get("dpi", (0, 0)))
    low, high = LIKELY_DPI
    return (across, down) if low <= across <= high and low <= down <= high else (None, None)


def _coloured(picture: Any) -> Any:
    """The picture in RGB, what is transparent as white paper."""
    from PIL import Image

    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    if picture.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        layers = picture.convert("RGBA")
        paper = Image.new("RGBA", layers.size, "white")
        return Image.alpha_composite(paper, layers).convert("RGB")
    return picture.convert("RGB")
