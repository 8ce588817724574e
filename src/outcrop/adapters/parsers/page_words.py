"""Words on a page, and the lines of print that they form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple


class Word(NamedTuple):
    """A word and its rectangle, in points from the top left of the page.

    `glued` says that no space stands between it and the word before it on its line.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    glued: bool = False


Line = list[Word]
LEFT = attrgetter("left")
Box = tuple[float, float, float, float]  # left, top, right, bottom

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
# Scripts that set no spaces between words: Han, kana, bopomofo, their punctuation, Thai, Lao, Khmer.
UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u2e80-\u30ff\u3100-\u312f\u3190-\u9fff\uf900-\ufaff\uff00-\uffef]")
PIECE = re.compile("[^\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f]{1,4}[\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f]*|.")
LONGEST_UNSPACED = 4  # characters that share a box, in scripts without spaces
SAME_LINE = 0.4  # of the lower of two heights that overlaps


def lines_of(words: Sequence[Word]) -> list[Line]:
    """Words grouped into lines from top to bottom, each in reading direction.

    A line of a script that runs from right to left keeps the order in which its words came.
    """
    places = sorted((word.top + word.bottom, index, word.top, word.bottom) for index, word in enumerate(words))
    lines: list[list[int]] = []
    tallest_top = tallest_bottom = tallest = 0.0
    for _, index, top, bottom in places:
        height = bottom - top
        # Conditional expressions: this runs for every word several times.
        shared = (bottom if bottom < tallest_bottom else tallest_bottom) - (top if top > tallest_top else tallest_top)  # noqa: FURB136 # as above
        if lines and shared > SAME_LINE * (height if height < tallest else tallest):  # noqa: FURB136 # as above
            lines[-1].append(index)
            if height <= tallest:
                continue
        else:
            lines.append([index])
        tallest_top, tallest_bottom, tallest = top, bottom, height
    return [_directed([words[index] for index in line], line) for line in lines]


def _directed(line: Line, order: list[int]) -> Line:
    if any(not word.text.isascii() and RIGHT_TO_LEFT.search(word.text) for word in line):
        return [word for _, word in sorted(zip(order, line, strict=True), key=lambda pair: pair[0])]
    return sorted(line, key=LEFT)


def bounds(words: Iterable[Word]) -> Box:
    """The rectangle around words; there must be one at least."""
    _, lefts, tops, rights, bottoms, _ = zip(*words, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def segments(line: Line, gap: float) -> list[Line]:
    """A line cut where the space between two words is wider than so many heights of its words."""
    cut: list[Line] = []
    for word in line:
        if cut and word.left - cut[-1][-1].right <= gap * (word.bottom - word.top):
            cut[-1].append(word)
        else:
            cut.append([word])
    return cut


def text_of(line: Iterable[Word]) -> str:
    """The words of a line with the spaces that stand between them."""
    return "".join(word.text if word.glued else f" {word.text}" for word in line).lstrip(" ")


def pieces(word: Word) -> list[Word]:
    """A long word of a script without spaces, cut into short glued pieces by proportion; others as they are."""
    if len(word.text) <= LONGEST_UNSPACED or not UNSPACED.search(word.text):
        return [word]
    widths = [2 if UNSPACED.match(character) else 1 for character in word.text]
    scale = (word.right - word.left) / sum(widths)
    cut: list[Word] = []
    left = word.left
    for match in PIECE.finditer(word.text):
        right = left + scale * sum(widths[match.start() : match.end()])
        cut.append(Word(match.group(), left, word.top, right, word.bottom, bool(cut) or word.glued))
        left = right
    return cut
