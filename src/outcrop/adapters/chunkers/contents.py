"""Tables of contents in a text: they name everything that is asked for and answer nothing, so they are not searched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from outcrop.adapters.parsers.page_contents import TITLE
from outcrop.core.parsed import ParsedDocument

Span = tuple[int, int]
LED = re.compile(r"\W*\w.{0,200}?(?:(?:\. ?){3,}|\u2026+|_{3,}|\t+)[ \t]*(\d{1,4}|[ivxl]{1,7})\W*")
NUMBERED = re.compile(r"\W*\w.{0,200}?[ \t|]+(\d{1,4}|[ivxl]{1,7})[ \t|]*")
LINKED = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+\[[^\]\n]{1,300}\]\(#[^)\n]{0,300}\)\W*")
RULING = re.compile(r"[\s|:-]+")
LEAST_LED, LEAST_TITLED, LEAST_LINKED = 4, 3, 5


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    entry: str  # "led", "numbered", "linked", "title", "blank" or ""
    number: int | None = None


def contents_spans(document: ParsedDocument) -> list[Span]:
    """The tables of contents [start, end), in order; what has rows is a table of another kind.

    A list is one where its lines have leaders to page numbers that grow, or links within the document; under a title
    such as "Contents" numbers alone are enough.
    """
    if document.rows or not document.text:
        return []
    return [(run[0].start, run[-1].end) for run in _runs(_lines(document.text)) if _is_contents(run)]


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield _line(text[start:end], start, end)
        start = end + 1


def _line(line: str, start: int, end: int) -> _Line:
    if RULING.fullmatch(line) or not line.strip():
        return _Line(start, end, "blank")
    if len(line) > 300:  # noqa: PLR2004 # no entry is so long
        return _Line(start, end, "")
    if TITLE.fullmatch(line.strip("#*_= \t")):
        return _Line(start, end, "title")
    if LINKED.fullmatch(line):
        return _Line(start, end, "linked")
    for kind, pattern in (("led", LED), ("numbered", NUMBERED)):
        found = pattern.fullmatch(line)
        if found is not None and any(map(str.isalpha, line[: found.start(1)])):
            return _Line(start, end, kind, int(found[1]) if found[1].isdecimal() else None)
    return _Line(start, end, "")


def _runs(lines: Iterator[_Line]) -> Iterator[list[_Line]]:
    """Entries after each other, perhaps under a title; blank lines between, none at the end."""
    run: list[_Line] = []
    for line in lines:
        if line.entry == "blank":
            run += [line] if run else []
            continue
        if line.entry == "title" or not line.entry:
            if run:
                yield _trimmed(run)
            run = [line] if line.entry else []
            continue
        run.append(line)
    if run:
        yield _trimmed(run)


def _trimmed(run: list[_Line]) -> list[_Line]:
    last = max(index for index, line in enumerate(run) if line.entry != "blank")
    return run[: last + 1]


def _is_contents(run: Sequence[_Line]) -> bool:
    titled = run[0].entry == "title"
    kinds = [line.entry for line in run]
    numbers = [line.number for line in run if line.number is not None]
    if sum(after < before for before, after in pairwise(numbers)) > len(numbers) // 10:
        return False
    if titled:
        return len(run) - kinds.count("blank") - 1 >= LEAST_TITLED
    plain = kinds.count("numbered")
    return (kinds.count("led") >= LEAST_LED and plain <= kinds.count("led") // 4) or (
        kinds.count("linked") >= LEAST_LINKED and not plain
    )
