"""What a parser gives: the text of a document and where each part of it stands in the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from outcrop.core.boxes import Boxes


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A file as it came from its source: its bytes, or the path of a local file that holds them.

    `name` is the file's name with its extension; `media_type` is what the source says it is, if it says. A file that is
    `temporary` was made for this blob alone, and goes with `release`.
    """

    name: str
    data: bytes | None = None
    path: Path | None = None
    media_type: str | None = None
    temporary: bool = False

    def release(self) -> None:
        """Let go of the content, once nobody reads it any more."""
        if self.temporary and self.path is not None:
            self.path.unlink(missing_ok=True)

    def read(self) -> bytes:
        """The whole content."""
        if self.data is not None:
            return self.data
        if self.path is None:
            raise ValueError("A blob has data or a path.")
        return self.path.read_bytes()

    def size(self) -> int:
        """The number of bytes, without reading them."""
        return len(self.data) if self.data is not None else Path(str(self.path)).stat().st_size


DOUBTFUL = 0.8  # confidence below which a line read by OCR is one to look at


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """A line of print that OCR read, at the characters [start, end), and how sure the engine is of it, 0 to 1."""

    start: int
    end: int
    confidence: float


PageMethod = Literal["text", "ocr", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page (or slide) and the characters [start, end) that stand on it; numbers count from 1."""

    number: int
    start: int
    end: int
    method: PageMethod = "text"
    confidence: float | None = None  # mean over the lines read by OCR, 0 to 1
    width: float | None = None  # PDF points, as displayed
    height: float | None = None
    lines: tuple[ReadLine, ...] = ()  # of a page read by OCR, in order of start


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading: the characters [start, end) are its title, without markup; level 1 is the highest."""

    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A Markdown table at the characters [start, end); [start, header_end) are its header and ruling lines."""

    start: int
    end: int
    header_end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A spreadsheet or CSV row at the characters [start, end); numbers count from 1, as the program shows them."""

    sheet: str | None
    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A function, class or the like of source code at the characters [start, end); its name with those around it."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStructure:
    """How the rows of a table are documents: the column of the text, and those that are metadata (None: all others)."""

    content: str
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of a document gave text: characters, and pages with a text layer, read by OCR, and empty."""

    characters: int
    pages: int = 0
    text_pages: int = 0
    ocr_pages: int = 0
    empty_pages: int = 0
    ocr_confidence: float | None = None  # mean over the pages read by OCR, 0 to 1
    ocr_lines: int = 0
    doubtful_lines: int = 0  # of these, the ones under DOUBTFUL


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What the chunks of a document are like.

    `histogram` counts them by tokens: below each of `TOKEN_EDGES`, and beyond. Empty ones have no letter and no digit,
    duplicates the text of one before them in the same document. `language` is an ISO 639-1 code, where it can be told.
    """

    tokens: int = 0
    histogram: tuple[int, ...] = ()
    empty_chunks: int = 0
    duplicate_chunks: int = 0
    language: str | None = None


TOKEN_EDGES = (16, 32, 64, 128, 256, 512, 1024, 2048)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """The text of a document; every offset counts characters (code points) of `text`, half-open.

    Pages, headings, tables and rows are in order of start. Tables stand in the text as Markdown.
    Of source code, `definitions` are its parts, outer before inner, and `lined` says that its lines are the file's own.
    `warnings` are sentences on what could not be read, for the person who looks after the document.
    """

    text: str
    media_type: str
    parser: str  # name and version of what read it
    title: str | None = None
    pages: tuple[Page, ...] = ()
    headings: tuple[Heading, ...] = ()
    tables: tuple[Table, ...] = ()
    rows: tuple[Row, ...] = ()
    definitions: tuple[Definition, ...] = ()
    lined: bool = False
    boxes: Boxes | None = None
    metadata: dict[str, str] = field(default_factory=dict)  # author, created, language ... as the file says
    warnings: tuple[str, ...] = ()

    def coverage(self) -> Coverage:
        """What was found, counted."""
        methods = [page.method for page in self.pages]
        read = [page.confidence for page in self.pages if page.method == "ocr" and page.confidence is not None]
        return Coverage(
            characters=len(self.text),
            pages=len(methods),
            text_pages=methods.count("text"),
            ocr_pages=methods.count("ocr"),
            empty_pages=methods.count("empty"),
            ocr_confidence=sum(read) / len(read) if read else None,
            ocr_lines=sum(len(page.lines) for page in self.pages),
            doubtful_lines=sum(line.confidence < DOUBTFUL for page in self.pages for line in page.lines),
        )
