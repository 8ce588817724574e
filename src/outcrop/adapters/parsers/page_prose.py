"""From lines of print to running text, with the place of every word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from outcrop.adapters.parsers.page_words import UNSPACED, Line, Word

Row = tuple[int, int, int, float, float, float, float]  # a row of core.boxes.ROW
HYPHENS = "-\u2010\u00ad\u2011"
HYPHEN = f"[{HYPHENS}]"
BROKEN = re.compile(rf"[^\W_]{HYPHEN}$")
CORE = re.compile(rf"[^\W\d_](?:(?:{HYPHEN}|[\w'\u2019])*[^\W_])?")
# First halves of English compounds that keep their hyphen when a line ends after it.
COMPOUNDS = frozenset(
    {"all", "anti", "co", "cross", "ex", "full", "half", "high", "intra", "long", "low", "mid", "multi", "non", "off"}
    | {"one", "post", "pre", "quasi", "re", "self", "semi", "short", "so", "sub", "three", "two", "ultra", "well"}
)


class Spelling:
    """Knows how a document spells its words, to tell a hyphen that broke a word from one that belongs to it."""

    def __init__(self, words: Callable[[], Iterable[Word]]) -> None:
        self._words = words

    @cached_property
    def _known(self) -> Counter[str]:
        """How often each word is written, without those that end in a hyphen."""
        whole = (word.text for word in self._words() if word.text[-1] not in HYPHENS)
        return Counter(match.group().lower() for text in whole if (match := CORE.search(text)))

    def breaks(self, before: str, after: str) -> bool:
        """Whether the hyphen at the end of `before` is there only because its line ended."""
        if before[-1] == "\u00ad":
            return True
        if before[-1] == "\u2011" or not after[0].islower():
            return False
        first, rest = CORE.search(before), CORE.match(after)
        if first is None or rest is None:
            return False
        head, tail = first.group().lower().rstrip(HYPHENS), rest.group().lower()
        if head + tail in self._known:
            return True
        if f"{head}-{tail}" in self._known or head in COMPOUNDS or any(hyphen in head for hyphen in HYPHENS):
            return False
        # The rest of the word counts itself once.
        return not (self._known[head] and self._known[tail] > 1)


@dataclass(slots=True)
class Passage:
    """Text that grows word by word, and the box of each word in it."""

    page: int
    parts: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    length: int = 0
    last: str = ""  # the word that was written last

    def literal(self, text: str) -> None:
        """Append text that stands nowhere on the page."""
        if text:
            self.parts.append(text)
            self.length += len(text)

    def word(self, word: Word, text: str | None = None) -> None:
        """Append a word, as it is written on the page or as `text`."""
        text = word.text if text is None else text
        start = self.length
        self.parts.append(text)
        self.length += len(text)
        self.rows.append((start, self.length, self.page, word.left, word.top, word.right, word.bottom))
        self.last = word.text

    def line(self, line: Line) -> None:
        """Append the words of a line."""
        parts, rows, page, end = self.parts, self.rows, self.page, self.length
        for index, (text, left, top, right, bottom, glued) in enumerate(line):
            if index and not glued:
                parts.append(" ")
                end += 1
            parts.append(text)
            start, end = end, end + len(text)
            rows.append((start, end, page, left, top, right, bottom))
        self.length = end
        if line:
            self.last = line[-1].text

    def prose(self, lines: Iterable[Line], spelling: Spelling) -> None:
        """Append lines as running text: broken words are joined, lines become one."""
        for index, line in enumerate(lines):
            if index:
                self.seam(line[0].text, spelling)
            self.line(line)

    def seam(self, after: str, spelling: Spelling) -> None:
        """What stands between the last word of a line and the first of the next one."""
        before = self.last
        if BROKEN.search(before) and after[0].isalnum():
            if spelling.breaks(before, after):
                self._drop_hyphen()
        elif not (UNSPACED.match(before[-1]) and UNSPACED.match(after[0])):
            self.literal(" ")

    def _drop_hyphen(self) -> None:
        self.parts[-1] = self.parts[-1][:-1]
        self.length -= 1
        start, end, *place = self.rows[-1]
        self.rows[-1] = (start, end - 1, *place)  # type: ignore[assignment]  # as long as it was

    def text(self) -> str:
        """All that was appended."""
        return "".join(self.parts)
