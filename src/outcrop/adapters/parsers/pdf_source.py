"""A PDF file through PDFium: its pages' size, text, turn and pictures, glyph boxes, and page images.

PDFium's own names: `FPDF_*` in https://pdfium.googlesource.com/pdfium/+/main/public/.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.parsers.decode import clean
from outcrop.adapters.parsers.page_geometry import turned
from outcrop.adapters.parsers.page_words import Word, pieces
from outcrop.core.errors import Unreadable

LEADING = 1024 * 1024  # bytes of other things that may come before the header
DPI = 200
MOST_PIXELS = 12_000_000  # of a page image: a larger page is rendered at fewer dots per inch
HIGH_HALF = 0xD800 >> 10  # of a character beyond the first plane, in UTF-16; the low half is the next
SAMPLED = 64  # characters of a page that are asked for their angle and mapping
MOST_OBJECTS = 2_000  # of a page that are looked at
SPARSE = 200  # characters: a page with fewer may be a picture with a stamp
PICTURE = 0.5  # of a page: an image that covers more may be all that there is
HYPHENATED = "\x02"  # what PDFium gives for a hyphen at the end of a line
GARBLED = re.compile("[\x00-\x01\x03-\x08\x0b\x0c\x0e-\x1f\ufffd\ufffe\ue000-\uf8ff]")
MOST_GARBLED = 0.3  # of a page's characters, where its text can be read
ASTRAL = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfPage:
    """What PDFium says of a page. Sizes are points, as displayed.

    `turn` is by how much its text is turned clockwise as displayed: 0, 90, 180 or 270. `picture` is the share of
    the page that images cover and `drawn` whether there is any image or path; both are known of pages with little text.
    `garbled` text is no text; `unmapped` text is a guess, for its fonts do not say what their glyphs mean.
    """

    number: int
    width: float
    height: float
    turn: int = 0
    text: str = ""
    garbled: bool = False
    unmapped: bool = False
    picture: float = 0.0
    drawn: bool = True
    damaged: bool = False

    @property
    def characters(self) -> int:
        """How many characters of its text are to be seen."""
        return sum(map(len, self.text.split()))

    @property
    def needs_ocr(self) -> bool:
        """Whether its text layer is missing, unfit, or may be a stamp on a picture of the text."""
        if self.garbled or self.unmapped:
            return True
        if not self.characters:
            return self.drawn
        return self.characters < SPARSE and self.picture > PICTURE

    @property
    def upright(self) -> tuple[float, float]:
        """Its width and height once its text stands upright."""
        return (self.height, self.width) if self.turn % 180 else (self.width, self.height)


class PdfSource:
    """An open PDF file.

    Raises:
        Unreadable: It is `encrypted` or `corrupt`.
    """

    def __init__(self, data: bytes) -> None:
        import pypdfium2
        from pypdfium2 import raw

        self._raw = raw
        start = data.find(b"%PDF-", 0, LEADING)
        self.data = data[start:] if start > 0 else data
        try:
            self._document = pypdfium2.PdfDocument(self.data)
            self.page_count = len(self._document)
        except pypdfium2.PdfiumError as error:
            raise _why_closed(error.err_code) from error
        self._failed = pypdfium2.PdfiumError
        self.has_form = self._document.get_formtype() != raw.FORMTYPE_NONE

    def close(self) -> None:
        """Let go of the file."""
        self._document.close()

    def metadata(self) -> dict[str, str]:
        """The filled entries of the document's information dictionary, by lower-case name."""
        found = self._document.get_metadata_dict(skip_empty=True)
        return {key.lower(): clean(value).strip() for key, value in found.items()}

    def first_bookmark(self) -> str | None:
        """The title of the outline's first entry, if the outline has a single root."""
        roots = list(islice(self._document.get_toc(max_depth=1), 2))
        return clean(roots[0].get_title()).strip() if len(roots) == 1 else None

    def page(self, number: int) -> PdfPage:
        """What is known of a page, counted from 1; of one that is damaged, nothing."""
        try:
            page = self._document[number - 1]
            try:
                return self._described(page, number)
            finally:
                page.close()
        except self._failed:
            return PdfPage(number=number, width=0, height=0, drawn=False, damaged=True)

    def _described(self, page: Any, number: int) -> PdfPage:
        width, height = page.get_size()
        textpage = page.get_textpage()
        try:
            text = textpage.get_text_bounded().replace("\r\n", "\n").replace(HYPHENATED, "-\n")
            turn, unmapped = self._sampled(textpage, page.get_rotation())
        finally:
            textpage.close()
        plenty = len(text) > 2 * SPARSE
        picture, drawn = (0.0, True) if plenty else self._pictures(page, width * height)
        return PdfPage(
            number=number, width=width, height=height, turn=turn, text=text, unmapped=unmapped,
            garbled=len(GARBLED.findall(text)) > MOST_GARBLED * max(1, len(text)), picture=picture, drawn=drawn,
        )  # fmt: skip

    def _sampled(self, textpage: Any, rotation: int) -> tuple[int, bool]:
        """By how much most of the text is turned, and whether most of it has no known Unicode."""
        raw, count = self._raw, textpage.count_chars()
        turns: Counter[int] = Counter()
        unknown = 0
        for index in range(0, count, max(1, count // SAMPLED)):
            angle = math.degrees(raw.FPDFText_GetCharAngle(textpage.raw, index))
            turns[(rotation + 90 * round(angle / 90)) % 360] += 1
            unknown += raw.FPDFText_HasUnicodeMapError(textpage.raw, index) == 1
        most = turns.most_common(1)[0][0] if turns else 0
        return most, unknown > turns.total() / 2

    def _pictures(self, page: Any, area: float) -> tuple[float, bool]:
        """The share of the page that images cover, and whether anything but text is drawn on it."""
        raw = self._raw
        covered, drawn = 0.0, False
        for item in islice(page.get_objects(max_depth=3), MOST_OBJECTS):
            if item.type not in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING):
                continue
            drawn = True
            if item.type == raw.FPDF_PAGEOBJ_IMAGE:
                left, bottom, right, top = item.get_bounds()
                covered += max(0.0, right - left) * max(0.0, top - bottom)
        return min(1.0, covered / area) if area else 0.0, drawn

    def image(self, number: int) -> NDArray[np.uint8]:
        """The page as displayed, as RGB (height, width, 3), at 200 dots per inch or as many as are allowed."""
        page = self._document[number - 1]
        try:
            width, height = page.get_size()
            scale = min(DPI / 72, math.sqrt(MOST_PIXELS / max(1.0, width * height)))
            bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
            return np.ascontiguousarray(bitmap.to_numpy()[:, :, :3])
        finally:
            page.close()

    def glyph_words(self, facts: PdfPage) -> list[Word]:
        """The words of a page in PDFium's order, on the page turned so that its text stands upright."""
        page = self._document[facts.number - 1]
        textpage = page.get_textpage()
        try:
            left, bottom, right, top = page.get_bbox()
            glyphs = list(self._glyphs(textpage))
            turn = page.get_rotation() - facts.turn
        finally:
            textpage.close()
            page.close()
        if not glyphs:
            return []
        lefts, bottoms, rights, tops = np.array([glyph[1:] for glyph in glyphs], dtype=np.float64).T
        boxes = np.stack([lefts - left, top - tops, rights - left, top - bottoms], axis=1)
        boxes = turned(boxes, turn, right - left, top - bottom)
        return [piece for word in _words([glyph[0] for glyph in glyphs], boxes.tolist()) for piece in pieces(word)]

    def _glyphs(self, textpage: Any) -> Iterator[tuple[str, float, float, float, float]]:
        """Each character with its box (left, bottom, right, top) in page space."""
        raw, handle, box = self._raw, textpage.raw, self._raw.FS_RECTF()
        high = 0
        for index in range(textpage.count_chars()):
            code = raw.FPDFText_GetUnicode(handle, index)
            if code >> 10 == HIGH_HALF:
                high = code
                continue
            if code >> 10 == HIGH_HALF + 1 and high:
                code = 0x10000 + ((high & 0x3FF) << 10) + (code & 0x3FF)
            raw.FPDFText_GetLooseCharBox(handle, index, box)
            high = 0
            yield chr(code), box.left, box.bottom, box.right, box.top


def _words(characters: list[str], boxes: list[list[float]]) -> Iterator[Word]:
    """Words from characters in order: white space and a jump to another line end a word."""
    start = 0
    for index in range(len(characters) + 1):
        ends = index == len(characters) or characters[index].isspace()
        if not ends and index > start and not _beside(boxes[index - 1], boxes[index]):
            yield from _word(characters[start:index], boxes[start:index])
            start = index
        if ends:
            yield from _word(characters[start:index], boxes[start:index])
            start = index + 1


def _beside(before: list[float], box: list[float]) -> bool:
    return min(before[3], box[3]) > max(before[1], box[1])


def _word(characters: list[str], boxes: list[list[float]]) -> Iterator[Word]:
    text = clean("".join(characters).replace(HYPHENATED, "-"))
    if text.strip():
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        yield Word(text, min(lefts), min(tops), max(rights), max(bottoms))


def _why_closed(code: int | None) -> Unreadable:
    """FPDF_GetLastError: 4 is a password, 5 a security handler that is not known."""
    if code == 4:  # noqa: PLR2004 # as above
        return Unreadable("encrypted", "The PDF is protected by a password. Save a copy without it.")
    if code == 5:  # noqa: PLR2004 # as above
        return Unreadable("encrypted", "The PDF is encrypted in a way that cannot be opened. Save an open copy.")
    return Unreadable("corrupt", "The PDF is damaged or cut off and cannot be opened. Export it again.")
