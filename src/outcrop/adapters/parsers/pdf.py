"""Reads PDF files: text layers through PDFium and liteparse, pages that are pictures through OCR."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from outcrop.adapters.parsers import ocr, progress
from outcrop.adapters.parsers.builder import Origin
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import PDF
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.page_furniture import Furniture
from outcrop.adapters.parsers.page_geometry import turned
from outcrop.adapters.parsers.page_scan import scan_sheet
from outcrop.adapters.parsers.page_sheet import Sheet, append
from outcrop.adapters.parsers.page_words import RIGHT_TO_LEFT, Word
from outcrop.adapters.parsers.page_writer import PageWriter
from outcrop.adapters.parsers.pdf_blocks import BATCH, PageOutline, page_outlines
from outcrop.adapters.parsers.pdf_compose import composed
from outcrop.adapters.parsers.pdf_source import ASTRAL, PdfPage, PdfSource
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument

VERSION = "pdf/1"
MOST_PAGES = 5_000
MOST_DAMAGED = 200  # pages in a row, of what may be a file that says it has millions
CAREFUL = "The PDF breaks the library that finds its headings and tables; its text was read without them."
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
        pages = list(_described(source))
        for batch in _batches(source, pages, careful=self._options.careful):
            sheets = [self._sheet(source, facts, outline) for facts, outline in batch]
            append(sheets, furniture, writer)
            progress.report()
        if not writer.length:
            raise self._nothing(pages)
        warnings = list(self._warnings(source.page_count, pages))
        if self._options.careful:
            warnings.append(CAREFUL)
        return writer.document(_origin(source, self.version, furniture, warnings))

    def _sheet(self, source: PdfSource, facts: PdfPage, outline: PageOutline | None) -> Sheet:
        """A page with its words from where they are best had."""
        scan = self._scanned(source, facts) if facts.needs_ocr else None
        if scan is not None:
            return scan
        width, height = facts.upright
        words = [] if facts.garbled else _text_layer(source, facts, outline)
        seen = [word for word in words if 0 < _middle(word)[0] < width and 0 < _middle(word)[1] < height]
        outline = outline or PageOutline(facts.number)
        compose = partial(composed, outlines=outline.outlines, rules=outline.rules)
        place = partial(turned, turn=facts.turn, width=width, height=height) if facts.turn else None
        return Sheet(facts.number, facts.width, facts.height, seen, compose, facts.turn, place)

    def _scanned(self, source: PdfSource, facts: PdfPage) -> Sheet | None:
        """The page as OCR reads it, if that gives more than its text layer."""
        if self._engine is None:
            return None
        progress.report()
        image = source.image(facts.number)
        scan = self._engine.read(image)
        characters = sum(len(word.text) for word in scan.words)
        if not characters or (characters < MORE * facts.characters and not (facts.garbled or facts.unmapped)):
            return None
        return scan_sheet(scan, facts.number, (facts.width, facts.height), facts.width / image.shape[1])

    def _unread(self, pages: Sequence[PdfPage]) -> list[int]:
        """The pages that only OCR could read, where there is none."""
        return [] if self._engine else [facts.number for facts in pages if facts.needs_ocr]

    def _warnings(self, count: int, pages: Sequence[PdfPage]) -> Iterator[str]:
        if count > len(pages):
            yield f"The PDF has {count} pages; only the first {len(pages)} were read. Split it."
        if damaged := [facts.number for facts in pages if facts.damaged]:
            yield f"{_pages(damaged, 'is', 'are')} damaged and could not be read. Export the PDF again."
        if unread := self._unread(pages):
            yield f"{_pages(unread, 'has', 'have')} no text layer that can be read. {ocr.remedy(self._options)}"

    def _nothing(self, pages: Sequence[PdfPage]) -> Unreadable:
        """Why there is no text at all."""
        if all(facts.damaged for facts in pages):
            return Unreadable("corrupt", "The pages of the PDF are damaged. Export it again.")
        if self._unread(pages):
            message = f"The PDF has no text layer that can be read. {ocr.remedy(self._options)}"
        else:
            message = (
                f"No text was found on {_counted(len(pages))} of the PDF{', also by OCR' if self._engine else ''}."
            )
        return Unreadable("no_text", message)


def _described(source: PdfSource) -> Iterator[PdfPage]:
    """What is known of each page; those after a long run of damaged ones are taken to be damaged as well."""
    damaged = 0
    for number in range(1, min(source.page_count, MOST_PAGES) + 1):
        facts = source.page(number)
        yield facts
        damaged = damaged + 1 if facts.damaged else 0
        if damaged == MOST_DAMAGED:
            return


def _batches(
    source: PdfSource, pages: Sequence[PdfPage], *, careful: bool
) -> Iterator[list[tuple[PdfPage, PageOutline | None]]]:
    """All pages in batches, with what liteparse makes of them where it can."""
    turns = {facts.number: facts.turn for facts in pages if facts.turn}
    done = 0
    for outlines in () if careful else page_outlines(source.data, turns, form=source.has_form):
        found = {outline.number: outline for outline in outlines}
        if not found:  # pages that it cannot open, of which there may be said to be millions
            break
        last = min(max(found, default=done), len(pages))
        yield [(facts, found.get(facts.number)) for facts in pages[done:last]]
        done = last
        if done >= len(pages):
            return
    for start in range(done, len(pages), BATCH):
        yield [(facts, None) for facts in pages[start : start + BATCH]]


def _text_layer(source: PdfSource, facts: PdfPage, outline: PageOutline | None) -> list[Word]:
    """The words of liteparse, or PDFium's where liteparse loses some, or orders a script from right to left wrongly."""
    if not facts.characters:
        return outline.words if outline else []  # what is filled into a form
    if outline is None or ASTRAL.search(facts.text) or RIGHT_TO_LEFT.search(facts.text):
        return source.glyph_words(facts)
    there = Counter(facts.text.split())
    found = Counter(word.text for word in outline.words)
    lost = sum((there - found).values())
    return source.glyph_words(facts) if lost > (1 - LEAST_RECALL) * there.total() else outline.words


def _middle(word: Word) -> tuple[float, float]:
    return (word.left + word.right) / 2, (word.top + word.bottom) / 2


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


def _counted(pages: int) -> str:
    return "the page" if pages == 1 else f"the {pages} pages"


def _pages(numbers: Sequence[int], one: str, many: str) -> str:
    """Page numbers as people write them, with the verb that follows: Pages 1-3, 7 have."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    named = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
    return f"Page {named} {one}" if len(numbers) == 1 else f"Pages {named} {many}"
