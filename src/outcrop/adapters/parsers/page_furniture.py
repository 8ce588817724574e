"""Running headers, footers and page numbers: what is printed at the edge of every page and belongs to none."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from statistics import median
from typing import Literal

from outcrop.adapters.parsers.page_words import Line, Word, bounds, lines_of, segments, text_of

Edge = Literal["header", "footer"]
BAND = 0.13  # of the page's height, at the top and at the bottom
MOST_LINES = 4  # at each edge
PLACE = 8.0  # points: how far the same line may move from page to page
LEAST_PAGES = 3
LEAST_SHARE = 0.6  # of the pages, where there are fewer than that
APART = 0.5  # heights between furniture and text
EDGES: tuple[Edge, ...] = ("header", "footer")
GAP = 1.6  # heights between two parts of one line
NUMBER = re.compile(r"\d+|(?<![^\W_])[ivxlc]{1,7}(?![^\W_])")
LONGEST = 400  # characters that are kept of each edge


@dataclass(frozen=True, slots=True)
class _Mark:
    """A part of a line at the edge of a page, and what is the same about it on other pages."""

    page: int
    text: str
    key: tuple[Edge, str, int]


@dataclass(slots=True)
class Furniture:
    """The edge lines known so far; `seen` holds the words of each for the document's metadata."""

    keys: set[tuple[Edge, str, int]] = field(default_factory=set)
    seen: dict[Edge, list[str]] = field(default_factory=dict)

    def learn(self, pages: Sequence[tuple[int, float, Sequence[Word]]]) -> None:
        """Find what repeats over pages, each given as its number, its height and its words."""
        groups: dict[tuple[Edge, str, int], list[_Mark]] = defaultdict(list)
        elsewhere: set[str] = set()
        for number, height, words in pages:
            marks = [mark for edge, line in edge_lines(words, height) for mark in _marks(number, edge, line)]
            for mark in marks:
                groups[mark.key].append(mark)
            if len(pages) < LEAST_PAGES:
                elsewhere |= {word.text.lower() for word in words if BAND * height < word.top < (1 - BAND) * height}
        for key, marks in groups.items():
            if _repeats(marks, len(pages), elsewhere):
                self._add(key, marks)

    def _add(self, key: tuple[Edge, str, int], marks: list[_Mark]) -> None:
        self.keys.add(key)
        texts = self.seen.setdefault(key[0], [])
        text = marks[0].text
        if len({mark.text for mark in marks}) == 1 and text not in texts and any(map(str.isalpha, text)):
            texts.append(text)

    def split(self, height: float, words: Sequence[Word]) -> list[Word]:
        """The words of a page without its furniture: edge lines all of which is known, from the edge inward."""
        if not self.keys:
            return list(words)
        dropped: set[int] = set()
        for edge in EDGES:
            lines = [line for found, line in edge_lines(words, height) if found == edge]
            known = list(takewhile(lambda line: all(map(self._knows, _marks(0, edge, line))), lines))  # noqa: B023
            own = {id(word): word for line in known for word in line}
            if own and _is_apart(own, words, edge):
                dropped |= own.keys()
        return [word for word in words if id(word) not in dropped]

    def _knows(self, mark: _Mark) -> bool:
        edge, text, place = mark.key
        return any((edge, text, near) in self.keys for near in (place - 1, place, place + 1))

    def metadata(self) -> dict[str, str]:
        """What was printed at the edges, so that nothing that was written is lost."""
        return {edge: " | ".join(texts)[:LONGEST] for edge, texts in self.seen.items() if texts}


def _is_apart(own: Mapping[int, Word], words: Sequence[Word], edge: Edge) -> bool:
    """Whether a wider space than that between lines sets edge lines apart from the other words of the page."""
    others = [word for word in words if id(word) not in own]
    _, top, _, bottom = bounds(own.values())
    if edge == "header":
        gap = min((word.top for word in others), default=1e9) - bottom
    else:
        gap = top - max((word.bottom for word in others), default=-1e9)
    return gap > APART * median(word.bottom - word.top for word in own.values())


def edge_lines(words: Sequence[Word], height: float) -> Iterator[tuple[Edge, Line]]:
    """The lines in the bands at the top and the bottom of a page, each from the edge inward."""
    top = [word for word in words if word.bottom < BAND * height]
    bottom = [word for word in words if word.top > (1 - BAND) * height]
    for line in lines_of(top)[:MOST_LINES]:
        yield "header", line
    for line in reversed(lines_of(bottom)[-MOST_LINES:]):
        yield "footer", line


def _marks(page: int, edge: Edge, line: Line) -> Iterator[_Mark]:
    for part in segments(line, GAP):
        text = text_of(part)
        yield _Mark(page, text, (edge, NUMBER.sub("#", text), round(bounds(part)[1] / PLACE)))


def _repeats(marks: list[_Mark], pages: int, elsewhere: set[str]) -> bool:
    """Whether a line is furniture: the same, or but for a page number, on enough pages."""
    count = len({mark.page for mark in marks})
    few = count < LEAST_PAGES
    if few and (count <= 1 or count < LEAST_SHARE * pages):
        return False
    if len({mark.text for mark in marks}) > 1:
        return _counts_pages(marks)
    return not few or {word.lower() for word in marks[0].text.split()} <= elsewhere


def _counts_pages(marks: list[_Mark]) -> bool:
    """Whether every number that differs grows with the pages, as a page number does and a case number does not."""
    columns = list(zip(*(NUMBER.findall(mark.text) for mark in marks), strict=True))
    for numbers in columns:
        if len(set(numbers)) == 1:
            continue
        if any(len(number) > 1 and number[0] == "0" for number in numbers):
            return False
        steps = {int(number) - mark.page for number, mark in zip(numbers, marks, strict=True) if number.isdecimal()}
        if len(steps) > 1:
            return False
    return True
