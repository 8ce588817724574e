"""Sentence boundaries with true offsets, in any script, with table rows, list items and headings as units."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

# Never the end of a sentence: a word, and what it shortens goes on.
_ABBREVIATIONS = frozenset(
    # English, German, Spanish, French, Italian, Dutch, Portuguese
    "dr mr mrs ms prof rev hon gen col capt lt sgt st mt messrs vs cf approx dept est al resp incl excl ca viz "
    "e.g i.e z.b d.h u.a o.ä u.ä i.d.r z.t v.a bzw evtl ggf inkl exkl zzgl vgl sog hr fr dipl ing str "
    "sr sra srta dña d ej p.ej aprox pág págs mme mlle mm m.me env sig sigg dott bijv d.w.z m.b.t "
    "exmo exma".split()
)
# As above where a number follows: "No. 7", "Abs. 2", "p. 31".
_NUMBERED = frozenset(
    "no nos nr nrn art arts abs fig figs abb tab eq sec sect ch chap kap ziff p pp s seite vol bd ed v ver rev lot "
    "núm nº n° av cap pág págs ext tel ph jan feb mar apr jun jul aug sep sept oct okt nov dec dez".split()
)
# The end of a sentence only where the next word often begins one: "Acme Inc. The company".
_AMBIGUOUS = frozenset(
    "inc ltd co corp llc plc gmbh jr sr etc usw u.s u.k u.n e.u a.m p.m ph.d m.d b.c a.d ave blvd rd".split()
)
_STARTERS = frozenset(
    "the this that these those it its in on at we our you your he she they a an for if as when while but and or to "
    "no not all any each please see there here i der die das ein eine es er sie wir ihr in im am wenn bei für und "
    "el la los las un una en es si se para por y le les un une il elle nous vous si pour dans et c'est".split()
)
# A German ordinal is no end: "am 3. Mai", "im 19. Jahrhundert".
_AFTER_ORDINAL = frozenset(
    "januar jänner februar märz april mai juni juli august september oktober november dezember jahrhundert "
    "jahrhunderts etage stock obergeschoss platz klasse quartal halbjahr tag tages woche monat jahr auflage abschnitt "
    "jan feb mär apr jun jul aug sep okt nov dez".split()
)
_CLOSERS = "\"'”’“»›)\\]）］」』】〉》〕*_"
_END = re.compile(
    rf"(?<![.!?…])[.!?…]++[{_CLOSERS}]*+(?:\[\d{{1,3}}\])*+(?=\s)"  # scripts with spaces
    rf"|[。！？｡؟۔।॥։።។၊။]+[{_CLOSERS}]*"  # scripts whose marks end a sentence by themselves
    rf"|．+[{_CLOSERS}]*(?!\d)"
)
# "Table 1. Intervals": the label of a caption or heading goes with it.
_LABEL = re.compile(
    r"\s*(?:table|figure|fig|chart|section|chapter|part|step|annex|appendix|article|exhibit|listing|tabelle|abbildung|abb|"
    r"abschnitt|kapitel|teil|anhang|artikel|tabla|figura|cap[ií]tulo|secci[oó]n|anexo|art[ií]culo|tableau|chapitre|annexe)"
    r"\s+[\dA-Z](?:[\d.]{0,6}\d)?\.",
    re.IGNORECASE,
)
_WORD_BEFORE = re.compile(r"[\w.°'/-]*$")
_WORD_AFTER = re.compile(r"[\s\"'“„«(\[¿¡*_]*([\w']*)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_ROW = re.compile(r"\s*\|")
_RULE = re.compile(r"\s*+\|?(?=[^\n]*--)[\s:|-]+$")
_ITEM = re.compile(
    r"\s*(?:[-*+•◦▪▫‣·●○–—]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\)|\(?[ivxIVX]{1,5}\)"
    r"|[①-⑳]|[(（]?[一二三四五六七八九十]{1,3}[)）、])\s*(?=\S)"
)
_MARKED = re.compile(r"\s*(?:[-*+–—]|\(?\d{1,3}[.)])\S")  # a mark with no space behind it is none
_UNDERLINE = re.compile(r"\s*(?:={3,}|-{3,}|\*{3,}|_{3,})\s*$")
_FULL_LINE = 0.6  # of the longest line of its paragraph: a shorter line was ended on purpose
_WRAPPED = 30  # characters: paragraphs of shorter lines are not wrapped text


def sentence_spans(text: str) -> list[Span]:
    """The sentences [start, end), in order, apart from each other, with everything in them but white space.

    A heading, a list item, a line of code and a Markdown table row are units of their own; a table's ruling line
    belongs to the row above it, an underline to the heading above it. Line breaks inside a wrapped paragraph do
    not end a sentence; those of addresses and of "name: value" lines do.
    """
    found: list[Span] = []
    for start, end, prose in _blocks(text):
        found.extend(_sentences(text, start, end) if prose else _trimmed(text, start, end))
    return found


def _lines(text: str) -> Iterator[Span]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _blocks(text: str) -> Iterator[tuple[int, int, bool]]:
    """Paragraphs and other units (start, end, whether it is prose that has sentences)."""
    paragraph: list[Span] = []
    held: Span | None = None  # a table row that may be a header
    fenced = False
    for line in _lines(text):
        what = _kind(text[line[0] : line[1]], fenced=fenced, row=held is not None, started=bool(paragraph))
        fenced ^= what == "fence"
        if what in ("rule", "underline"):
            whole = _with_line_above(paragraph, held, line)
            yield from _joined(text, paragraph)
            yield (*whole, False)
            paragraph, held = [], None
            continue
        if held is not None:
            yield (*held, False)
        held = line if what == "row" else None
        if what != "text":
            yield from _joined(text, paragraph)
            paragraph = []
        if what in ("text", "item"):
            paragraph.append(line)
        elif what in ("unit", "fence"):
            yield (*line, False)
    if held is not None:
        yield (*held, False)
    yield from _joined(text, paragraph)


def _kind(line: str, *, fenced: bool, row: bool, started: bool) -> str:
    """What a line is: blank, text, item, row, rule, underline, fence, or a unit of its own."""
    if not line.strip():
        return "blank"
    if _FENCE.match(line):
        return "fence"
    if fenced or _HEADING.match(line):
        return "unit"
    if _ROW.match(line):
        return "rule" if row and _RULE.match(line) else "row"
    if _UNDERLINE.match(line):
        return "underline" if started else "unit"
    return "item" if _ITEM.match(line) and not _MARKED.match(line) else "text"


def _with_line_above(paragraph: list[Span], held: Span | None, line: Span) -> Span:
    """A ruling line joined to its header row, or an underline to its heading (taken off the paragraph)."""
    if held is not None:
        return held[0], line[1]
    return (paragraph.pop()[0], line[1]) if len(paragraph) == 1 else line


def _joined(text: str, lines: list[Span]) -> Iterator[tuple[int, int, bool]]:
    """The lines of a paragraph, joined where a line break is only a wrap."""
    longest = max((end - start for start, end in lines), default=0)
    begun: int | None = None
    for at, (start, end) in enumerate(lines):
        begun = start if begun is None else begun
        last = at + 1 == len(lines)
        if last or not _wraps(text, (start, end), lines[at + 1], longest):
            yield begun, end, True
            begun = None


def _wraps(text: str, line: Span, following: Span, longest: int) -> bool:
    """Whether a sentence may go on over the end of a line."""
    first = text[following[0] : following[1]].lstrip()[:1]
    if first.islower():
        return True
    return longest >= _WRAPPED and line[1] - line[0] >= _FULL_LINE * longest


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentences of a stretch of prose."""
    mark = _ITEM.match(text, start, end)
    position = mark.end() if mark else start
    for match in _END.finditer(text, position, end):
        if match.end() < end and _ends(text, position, match):
            yield from _trimmed(text, start, match.end())
            start = position = match.end()
    yield from _trimmed(text, start, end)


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether a mark in the middle of prose ends its sentence."""
    if match.group()[0] not in ".!?…":
        return not ("\u3041" <= text[match.end()] <= "\u3096" and match.group()[-1] in "」』")  # 「はい。」と言う
    after = _WORD_AFTER.match(text, match.end())
    following = after.group(1) if after else ""
    if following[:1].islower():
        return False
    if not match.group().startswith(".") or match.group().startswith(".."):
        return True
    if _LABEL.fullmatch(text, start, match.end()):
        return False
    word = _WORD_BEFORE.search(text, max(start, match.start() - 20), match.start())
    return _full_stop(word.group().lower() if word else "", following.lower())


def _full_stop(word: str, following: str) -> bool:
    """Whether the full stop after a word, before a following word that begins with no small letter, is one."""
    if word in _ABBREVIATIONS:
        return False
    if word in _NUMBERED and following[:1].isdigit():
        return False
    if word in _AMBIGUOUS or (len(word) == 1 and word.isalpha() and word.isascii()):
        return following in _STARTERS
    if word.isdigit() and len(word) <= 2:  # noqa: PLR2004 # an ordinal of a date or a century
        return following not in _AFTER_ORDINAL
    return True


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """The span without the white space around it, if anything is left."""
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    if left < len(piece):
        yield start + left, start + len(piece.rstrip())
