"""Running headers, footers and page numbers: what is printed at the edge of every page and belongs to none."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from outcrop.adapters.parsers.page_words import Line, Word, bounds, lines_of, segments, text_of

Edge = Literal["header", "footer"]
Key = tuple[Edge, str]  # a text without its numbers
BAND = 0.1  # of the page's height, at the top and at the bottom
MOST_LINES = 4  # at each edge
PLACE = 8.0  # points: how far the same line may move from page to page
LEAST_PAGES = 3
LEAST_SHARE = 0.6  # of the pages, where there are fewer than that
APART = 0.5  # heights between furniture and text
EDGES: tuple[Edge, ...] = ("header", "footer")
TALL = 1.15  # of the usual height: numbered titles are taller than page numbers
GAP = 1.6  # heights between two parts of one line
NUMBER = re.compile(r"\d+|(?<![^\W_])[ivxlc]{1,7}(?![^\W_])")
LONGEST = 400  # characters that are kept of each edge


@dataclass(frozen=True, slots=True)
class _Mark:
    """A part of a line at the edge of a page, and what is the same about it on other pages."""

    page: int
    text: str
    key: Key
    distance: float  # from the edge, in points
    part: Line

    @property
    def height(self) -> float:
        return median(word.bottom - word.top for word in self.part)


@dataclass(slots=True)
class Furniture:
    """The furniture known so far: parts of edge lines, where they stand, and the page on which each stays, or 0."""

    known: dict[Key, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    seen: dict[Edge, list[str]] = field(default_factory=dict)  # what was taken from every page, in words

    def learn(self, pages: Sequence[tuple[int, float, Sequence[Word]]]) -> None:
        """Find what repeats over pages, each given as its number, its height and its words."""
        groups: dict[Key, list[_Mark]] = defaultdict(list)
        for number, height, words in pages:
            for edge in EDGES:
                for line in edge_lines(words, height, edge):
                    for mark in _marks(number, height, edge, line):
                        groups[mark.key].append(mark)
        usual = median([word.bottom - word.top for _, _, words in pages for word in words] or [0.0])
        for key, alike in groups.items():
            for marks in _by_place(alike):
                if _repeats(marks, len(pages), usual):
                    self._learn(key, marks)

    def _learn(self, key: Key, marks: list[_Mark]) -> None:
        few = len({mark.page for mark in marks}) < LEAST_PAGES and not _counts(marks)
        middle = median(mark.distance for mark in marks)
        self.known[key].append((middle, min(mark.page for mark in marks) if few else 0))
        if not few:
            self._remember(key[0], marks)

    def _remember(self, edge: Edge, marks: list[_Mark]) -> None:
        texts = self.seen.setdefault(edge, [])
        text = marks[0].text
        if not _counts(marks) and text not in texts and any(map(str.isalpha, text)):
            texts.append(text)

    def split(self, number: int, height: float, words: Sequence[Word]) -> list[Word]:
        """The words of a page without its furniture, found from the edge inward and set apart from the text."""
        dropped: set[int] = set()
        for edge in EDGES if self.known else ():
            own: list[Word] = []
            for line in edge_lines(words, height, edge):
                marks = list(_marks(number, height, edge, line))
                known = [mark for mark in marks if self._drops(mark)]
                own += [word for mark in known for word in mark.part]
                if len(known) < len(marks):
                    break
            if own and _is_apart(own, words, edge):
                dropped |= {id(word) for word in own}
        return [word for word in words if id(word) not in dropped]

    def _drops(self, mark: _Mark) -> bool:
        places = self.known.get(mark.key, ())
        return any(abs(mark.distance - place) <= PLACE and stays != mark.page for place, stays in places)

    def metadata(self) -> dict[str, str]:
        """What was printed at the edges, so that nothing that was written is lost."""
        return {edge: " | ".join(texts)[:LONGEST] for edge, texts in self.seen.items() if texts}


def _is_apart(own: Sequence[Word], words: Sequence[Word], edge: Edge) -> bool:
    """Whether a wider space than that between lines sets edge lines apart from the text of the page."""
    _, top, _, bottom = bounds(own)
    if edge == "header":
        gap = min((word.top for word in words if word.top + word.bottom > 2 * bottom), default=bottom) - bottom
    else:
        gap = top - max((word.bottom for word in words if word.top + word.bottom < 2 * top), default=top)
    return gap > APART * median(word.bottom - word.top for word in own)


def edge_lines(words: Sequence[Word], height: float, edge: Edge) -> list[Line]:
    """The lines in the band at the top or the bottom of a page, from the edge inward."""
    if edge == "header":
        return lines_of([word for word in words if word.bottom < BAND * height])[:MOST_LINES]
    return lines_of([word for word in words if word.top > (1 - BAND) * height])[: -MOST_LINES - 1 : -1]


def _marks(page: int, height: float, edge: Edge, line: Line) -> Iterator[_Mark]:
    for part in segments(line, GAP):
        _, top, _, bottom = bounds(part)
        text = text_of(part)
        yield _Mark(page, text, (edge, NUMBER.sub("#", text)), top if edge == "header" else height - bottom, part)


def _by_place(marks: list[_Mark]) -> Iterator[list[_Mark]]:
    """Marks that stand at one distance from the edge, in order of it."""
    group: list[_Mark] = []
    for mark in sorted(marks, key=lambda mark: (mark.distance, mark.page)):
        if group and mark.distance - group[0].distance > PLACE:
            yield group
            group = []
        group.append(mark)
    yield group


def _repeats(marks: list[_Mark], pages: int, usual: float) -> bool:
    """Whether a part of a line is furniture: the same, or but for a page number of usual height, on enough pages."""
    count = len({mark.page for mark in marks})
    if count < LEAST_PAGES and (count <= 1 or count < LEAST_SHARE * pages):
        return False
    return not _counts(marks) or (_counts_pages(marks) and marks[0].height < TALL * usual)


def _counts(marks: list[_Mark]) -> bool:
    """Whether a number in it differs from page to page."""
    return len({mark.text for mark in marks}) > 1


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
