"""Reads PDF files: text layers through PDFium and liteparse, pages that are pictures through OCR."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from outcrop.adapters.parsers import ocr, progress
from outcrop.adapters.parsers.builder import Origin
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import PDF
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.page_furniture import Furniture
from outcrop.adapters.parsers.page_layout import PageLayout, Place
from outcrop.adapters.parsers.page_prose import Spelling
from outcrop.adapters.parsers.page_scan import scan_blocks, scan_place, scan_words
from outcrop.adapters.parsers.page_words import RIGHT_TO_LEFT, Word
from outcrop.adapters.parsers.page_writer import PageWriter
from outcrop.adapters.parsers.pdf_blocks import BATCH, Outline, PageOutline, page_outlines
from outcrop.adapters.parsers.pdf_compose import composed
from outcrop.adapters.parsers.pdf_source import ASTRAL, PdfPage, PdfSource, turned
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument

VERSION = "pdf/1"
MOST_PAGES = 5_000
LEAST_RECALL = 0.8  # of PDFium's tokens, among liteparse's words
MORE = 1.5  # times the characters that a page's own text has, for what OCR read to be taken
NO_TITLE = re.compile(
    r"untitled.*|\(?anonymous\)?|microsoft (word|powerpoint|excel)\b.*|powerpoint presentation|document\d*|slide \d+|"
    r".*\.(docx?|dotx?|odt|rtf|tex|dvi|pdf|indd|qxd|xlsx?|pptx?|html?|txt|pages)",
    re.IGNORECASE,
)
NOTHING = re.compile(r"\(?(?:unspecified|anonymous|unknown|none)\)?", re.IGNORECASE)
DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?")
KEPT = {
    "author": "author",
    "subject": "subject",
    "keywords": "keywords",
    "creationdate": "created",
    "moddate": "modified",
}


@dataclass(slots=True)
class _Sheet:
    """A page on its way: what PDFium knows of it, the words on it, and how they were read."""

    facts: PdfPage
    words: list[Word]
    outlines: list[Outline]
    place: Place | None = None
    confidence: float | None = None  # of a page that was read by OCR

    @property
    def height(self) -> float:
        return self.facts.upright[1]

    def layout(self) -> PageLayout:
        """Its blocks in reading order."""
        facts, scanned = self.facts, self.confidence is not None
        return PageLayout(
            number=facts.number,
            width=facts.width,
            height=facts.height,
            blocks=scan_blocks(self.words) if scanned else composed(self.words, self.outlines),
            method="ocr" if scanned else "text",
            confidence=self.confidence,
            place=self.place,
        )


class PdfParser:
    """Reads PDF, page by page from the text layer or, where there is none that is fit, by OCR."""

    media_types = frozenset({PDF})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self._engine = ocr.engine(options)
        self.version = " ".join([with_libraries(VERSION, "pypdfium2", "liteparse"), ocr.version(self._engine)])

    def parse(self, blob: Blob) -> ParsedDocument:
        """The text and its places. Raises Unreadable."""
        source = PdfSource(blob.read())
        try:
            return self._document(source)
        finally:
            source.close()

    def _document(self, source: PdfSource) -> ParsedDocument:
        if source.page_count == 0:
            raise Unreadable("empty", "The PDF has no pages.")
        writer, furniture = PageWriter(), Furniture()
        pages = [source.page(number) for number in range(1, min(source.page_count, MOST_PAGES) + 1)]
        for batch in _batches(source, pages):
            sheets = [self._sheet(source, facts, outline) for facts, outline in batch]
            _append(sheets, furniture, writer)
            progress.report()
        unread = [] if self._engine else [facts.number for facts in pages if facts.needs_ocr]
        warnings = list(self._warnings(source.page_count, unread))
        if not writer.length:
            raise Unreadable("no_text", self._nothing(len(pages), unread))
        return writer.document(_origin(source, self.version, furniture, warnings))

    def _sheet(self, source: PdfSource, facts: PdfPage, outline: PageOutline | None) -> _Sheet:
        """The words of a page, from where they are best had."""
        scan = self._scanned(source, facts) if facts.needs_ocr else None
        if scan is not None:
            return scan
        words = [] if facts.garbled else _text_layer(source, facts, outline)
        width, height = facts.upright
        words = [
            word for word in words if 0 < word.left + word.right < 2 * width and 0 < word.top + word.bottom < 2 * height
        ]
        place = (lambda boxes: turned(boxes, facts.turn, width, height)) if facts.turn else None
        return _Sheet(facts, words, outline.outlines if outline else [], place)

    def _scanned(self, source: PdfSource, facts: PdfPage) -> _Sheet | None:
        """The page as OCR reads it, if that gives more than its text layer."""
        if self._engine is None:
            return None
        progress.report()
        image = source.image(facts.number)
        scan = self._engine.read(image)
        characters = sum(len(word.text) for word in scan.words)
        if not characters or (characters < MORE * facts.characters and not (facts.garbled or facts.unmapped)):
            return None
        pixel = facts.width / image.shape[1]
        turned_facts = replace(facts, turn=scan.turn)
        place = scan_place(scan, facts.width, facts.height)
        return _Sheet(turned_facts, scan_words(scan, pixel), [], place, scan.confidence)

    def _warnings(self, count: int, unread: Sequence[int]) -> Iterator[str]:
        if count > MOST_PAGES:
            yield f"The PDF has {count} pages; only the first {MOST_PAGES} were read. Split it."
        if unread:
            pages = f"Page {_ranges(unread)} has" if len(unread) == 1 else f"Pages {_ranges(unread)} have"
            yield f"{pages} no text layer that can be read. {ocr.remedy(self._options)}"

    def _nothing(self, count: int, unread: Sequence[int]) -> str:
        if unread:
            return f"The PDF has no text layer: its pages are pictures. {ocr.remedy(self._options)}"
        return f"No text was found on the {count} pages of the PDF." if count > 1 else "No text was found in the PDF."


def _batches(source: PdfSource, pages: Sequence[PdfPage]) -> Iterator[list[tuple[PdfPage, PageOutline | None]]]:
    """All pages in batches, with what liteparse makes of them where it can."""
    turns = {facts.number: facts.turn for facts in pages if facts.turn}
    done = 0
    for outlines in page_outlines(source.data, turns, form=source.has_form):
        found = {outline.number: outline for outline in outlines}
        last = min(max(found, default=done), len(pages))
        yield [(facts, found.get(facts.number)) for facts in pages[done:last]]
        done = last
        if done >= len(pages):
            return
    for start in range(done, len(pages), BATCH):
        yield [(facts, None) for facts in pages[start : start + BATCH]]


def _text_layer(source: PdfSource, facts: PdfPage, outline: PageOutline | None) -> list[Word]:
    """liteparse's words, or PDFium's where liteparse loses some, or orders a script from right to left wrongly."""
    if not facts.characters and outline is not None:
        return outline.words  # what is filled into a form
    if outline is None or ASTRAL.search(facts.text) or RIGHT_TO_LEFT.search(facts.text):
        return source.glyph_words(facts)
    there = Counter(facts.text.split())
    found = Counter(word.text for word in outline.words)
    lost = sum((there - found).values())
    return source.glyph_words(facts) if lost > (1 - LEAST_RECALL) * there.total() else outline.words


def _append(sheets: Sequence[_Sheet], furniture: Furniture, writer: PageWriter) -> None:
    """Write pages without what is printed on the edge of each of them."""
    furniture.learn([(sheet.facts.number, sheet.height, sheet.words) for sheet in sheets])
    for sheet in sheets:
        sheet.words = furniture.split(sheet.height, sheet.words)
    spelling = Spelling(lambda: (word for sheet in sheets for word in sheet.words))
    for sheet in sheets:
        writer.page(sheet.layout(), spelling)


def _origin(source: PdfSource, version: str, furniture: Furniture, warnings: list[str]) -> Origin:
    entries = source.metadata()
    found = {KEPT[key]: _iso(value) for key, value in entries.items() if key in KEPT and not NOTHING.fullmatch(value)}
    title = entries.get("title", "")
    if not title or NO_TITLE.fullmatch(title):
        title = source.first_bookmark() or ""
    return Origin(
        media_type=PDF,
        parser=version,
        title=title or None,
        metadata={**found, **furniture.metadata()},
        warnings=warnings,
    )


def _iso(value: str) -> str:
    """A PDF date as an ISO date; anything else as it is."""
    match = DATE.match(value)
    return "-".join(part for part in match.groups() if part) if match else value


def _ranges(numbers: Iterable[int]) -> str:
    """Page numbers as people write them: 1-3, 7."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
