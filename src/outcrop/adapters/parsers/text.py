"""Plain text, Markdown, reStructuredText and source code: the text as it is, with its headings and tables found."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from operator import itemgetter

from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.adapters.parsers.decode import decode
from outcrop.adapters.parsers.definitions import definitions
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import CODE, MARKDOWN, MATHPIX, PLAIN
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.tex import as_markdown
from outcrop.core.parsed import Blob, ParsedDocument

Found = tuple[int, int, int]  # level, start and end of a title

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*$", re.MULTILINE)
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
FRONT_FIELD = re.compile(r"^(title|author|date|lang|language|description)\s*:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
ATX = re.compile(r"^ {0,3}(#{1,6})[ \t]+([^\n]*?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
SETEXT = re.compile(r"^ {0,3}(\S[^\n]*?)[ \t]*\n {0,3}(=+|-+)[ \t]*$", re.MULTILINE)
NOT_SETEXT = re.compile(r"[-*+>|#]|\d+[.)]\s")  # a list, quote or table is no title
RULING = re.compile(r"^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$", re.MULTILINE)
RST_TITLE = re.compile(
    r"^(?:([=\-`:.'\"~^_*+#])\1+[ \t]*\n)?([^\s.][^\n]*?)[ \t]*\n([=\-`:.'\"~^_*+#])\3{2,}[ \t]*$", re.MULTILINE
)


class TextParser:
    """Text as it is."""

    media_types = frozenset({PLAIN, MARKDOWN, MATHPIX, CODE, "text/x-rst", "text/asciidoc", "text/org"})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self.version = with_libraries("text/2", "charset-normalizer")

    def parse(self, blob: Blob) -> ParsedDocument:
        """The text, its headings and its Markdown tables."""
        decoded = decode(blob.read())
        media_type = blob.media_type or PLAIN
        if media_type == MATHPIX:
            decoded = replace(decoded, text=as_markdown(decoded.text))
        origin = Origin(media_type, self.version, metadata={"encoding": decoded.encoding})
        origin.warnings.extend(decoded.warnings)
        builder = DocumentBuilder()
        builder.append(decoded.text)
        titles = sorted(HEADINGS.get(media_type, _none)(decoded.text), key=lambda found: found[1])
        for level, start, end in titles:
            builder.mark_heading(level, (start, end))
        if media_type in {MARKDOWN, MATHPIX}:
            for start, header_end, end in markdown_tables(decoded.text):
                builder.mark_table((start, end), header_end)
            describe(decoded.text, origin)
        origin.title = origin.title or builder.first_title()
        parsed = builder.build(origin)
        if media_type != CODE:
            return parsed
        return replace(parsed, definitions=definitions(parsed.text, extension_of(blob.name)), lined=True)


def extension_of(name: str) -> str:
    """The extension of a file's name, in lower case."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def _none(_text: str) -> Iterator[Found]:
    return iter(())


def describe(text: str, origin: Origin) -> None:
    """Take title, author, date and language from the front matter of a Markdown file."""
    front = FRONT_MATTER.match(text)
    for name, value in FRONT_FIELD.findall(front[1]) if front else ():
        if name == "title":
            origin.title = value
        else:
            origin.metadata["language" if name == "lang" else name] = value


def fenced(text: str) -> list[tuple[int, int]]:
    """The spans of fenced code and of front matter, where nothing is markup."""
    spans = []
    front = FRONT_MATTER.match(text)
    position = 0
    if front:
        spans.append(front.span())
        position = front.end()
    while opening := FENCE.search(text, position):
        closing = re.compile(rf"^ {{0,3}}{opening[1][0]}{{{len(opening[1])},}}[ \t]*$", re.MULTILINE)
        found = closing.search(text, opening.end())
        position = found.end() if found else len(text)
        spans.append((opening.start(), position))
    return spans


def _outside(position: int, spans: list[tuple[int, int]]) -> bool:
    """Whether a position is in none of the spans, which are in order and apart."""
    before = bisect_right(spans, position, key=itemgetter(0)) - 1
    return before < 0 or position >= spans[before][1]


def _after_blank(text: str, start: int) -> bool:
    """Whether the line before the one that starts here is blank, or there is none."""
    before = text.rfind("\n", 0, max(start - 1, 0)) + 1
    return not text[before:start].strip()


def markdown_headings(text: str) -> Iterator[Found]:
    """ATX and setext headings (CommonMark 0.31, sections 4.2 and 4.3) outside code."""
    code = fenced(text)
    for found in ATX.finditer(text):
        if found[2] and _outside(found.start(), code):
            yield len(found[1]), found.start(2), found.end(2)
    for found in SETEXT.finditer(text):
        if _after_blank(text, found.start()) and not NOT_SETEXT.match(found[1]) and _outside(found.start(), code):
            yield 1 if found[2][0] == "=" else 2, found.start(1), found.end(1)


def markdown_tables(text: str) -> Iterator[tuple[int, int, int]]:
    """Pipe tables (GitHub Flavored Markdown, section 4.10) outside code: start, end of the ruling line, end."""
    code, end = fenced(text), -1
    for ruling in RULING.finditer(text):
        if ruling.start() < end:
            continue
        start = text.rfind("\n", 0, max(ruling.start() - 1, 0)) + 1
        header = text[start : max(ruling.start() - 1, 0)]
        if "|" not in ruling[0] or "|" not in header or not _outside(start, code):
            continue
        end = ruling.end()
        while end < len(text):
            line_end = text.find("\n", end + 1)
            line_end = len(text) if line_end < 0 else line_end
            if "|" not in text[end + 1 : line_end]:
                break
            end = line_end
        yield start, ruling.end(), end


def rst_headings(text: str) -> Iterator[Found]:
    """Underlined titles of reStructuredText; a new kind of line is a deeper level."""
    levels: dict[tuple[str, bool], int] = {}
    for found in RST_TITLE.finditer(text):
        underline = found[0].rsplit("\n", 1)[1].rstrip()
        if len(underline) + 2 < len(found[2]):
            continue
        level = levels.setdefault((found[3], found[1] is not None), len(levels) + 1)
        yield min(level, 6), found.start(2), found.end(2)


def marked_headings(mark: str) -> Callable[[str], Iterator[Found]]:
    """Headings of markups that begin them with a repeated character and a space."""
    pattern = re.compile(rf"^({re.escape(mark)}{{1,6}})[ \t]+(\S[^\n]*?)[ \t]*$", re.MULTILINE)

    def headings(text: str) -> Iterator[Found]:
        for found in pattern.finditer(text):
            yield len(found[1]), found.start(2), found.end(2)

    return headings


HEADINGS: Mapping[str, Callable[[str], Iterator[Found]]] = {
    MARKDOWN: markdown_headings,
    MATHPIX: markdown_headings,
    "text/x-rst": rst_headings,
    "text/asciidoc": marked_headings("="),
    "text/org": marked_headings("*"),
}
