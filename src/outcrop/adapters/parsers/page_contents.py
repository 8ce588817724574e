"""Tables of contents on a page: lines that end with the number of a page, kept as lines, each with its number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from outcrop.adapters.parsers.page_words import Line, Word, lines_of, text_of

PAGE_NUMBER = re.compile(r"\.*(\d{1,4}|[ivxl]{1,7})")
LEADER = re.compile(r"(?:\. ?){4,}|\u2026{2,}|_{4,}")
LEAST_ENTRIES = 3
APART = 2.0  # heights of the space before a page number that has no leader
FLUSH = 6.0  # points between the right edges of page numbers
TITLE = re.compile(
    r"\W*(?:table of )?contents\W*|inhalt(?:sverzeichnis)?|table des mati\u00e8res|sommaire|[i\u00ed]ndice|contenidos?"
    r"|sommario|inhoud(?:sopgave)?|spis tre\u015bci|innehåll|indholdsfortegnelse|\u76ee\u6b21|\u76ee\u5f55|\u76ee\u9304"
    r"|\u043e\u0433\u043b\u0430\u0432\u043b\u0435\u043d\u0438\u0435|\u0441\u043e\u0434\u0435\u0440\u0436\u0430\u043d\u0438\u0435",
    re.IGNORECASE,
)


def contents_lines(words: Sequence[Word]) -> list[Line]:
    """The lines of a table of contents, from the top of the page downwards; none where there is none."""
    lines = lines_of(words)
    titled = any(TITLE.fullmatch(text_of(line).strip()) for line in lines)
    found: list[Line] = []
    for run in _runs(lines):
        entries = [line for line in run if _number(line) is not None]
        led = sum(LEADER.search(text_of(line)) is not None for line in entries)
        if len(entries) >= LEAST_ENTRIES and (titled or 2 * led >= len(entries)) and _grows(entries):
            found += run
    return found


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Entries after each other; the first line of one of two lines has no number of its own."""
    run: list[Line] = []
    for line, following in pairwise([*lines, []]):
        edge = line[-1].right
        fits = not run or any(abs(edge - other[-1].right) < FLUSH for other in run[:1] if _number(other) is not None)
        if (_number(line) is not None and fits) or (
            run and following and _number(following) is not None and not _is_title(line)
        ):
            run.append(line)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _is_title(line: Line) -> bool:
    return TITLE.fullmatch(text_of(line).strip()) is not None


def _number(line: Line) -> str | None:
    """The page number that a line ends with, set apart from its words or after a leader."""
    found = PAGE_NUMBER.fullmatch(line[-1].text) if len(line) > 1 else None
    if found is None or not any(map(str.isalpha, text_of(line[:-1]))):
        return None
    height = median(word.bottom - word.top for word in line)
    led = LEADER.search(text_of(line)) is not None
    return found[1] if led or line[-1].left - line[-2].right > APART * height else None


def _grows(entries: Sequence[Line]) -> bool:
    """Whether the numbers hardly ever get smaller, as those of pages do."""
    numbers = [int(number) for line in entries if (number := _number(line)) is not None and number.isdecimal()]
    falls = sum(after < before for before, after in pairwise(numbers))
    return falls <= len(numbers) // 10
