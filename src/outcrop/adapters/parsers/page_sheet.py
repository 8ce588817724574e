"""A page on its way from words to text, and how a run of pages is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from outcrop.adapters.parsers.ocr import ScoredBox
from outcrop.adapters.parsers.page_contents import contents_lines
from outcrop.adapters.parsers.page_furniture import Furniture
from outcrop.adapters.parsers.page_layout import Block, PageLayout, Place, insert
from outcrop.adapters.parsers.page_prose import Spelling
from outcrop.adapters.parsers.page_words import Word, bounds
from outcrop.adapters.parsers.page_writer import PageWriter


@dataclass(slots=True)
class Sheet:
    """A page: its size in points as displayed, its words on the page turned upright, and how they become blocks.

    `confidence` is that of OCR, None where the words are from a text layer; `scores` are those of the lines it read,
    with their boxes on the page turned upright.
    """

    number: int
    width: float
    height: float
    words: list[Word]
    compose: Callable[[Sequence[Word]], list[Block]]
    turn: int = 0
    place: Place | None = None
    confidence: float | None = None
    scores: Sequence[ScoredBox] = ()

    @property
    def upright_height(self) -> float:
        """The height of the page once its text stands upright."""
        return self.width if self.turn % 180 else self.height

    def layout(self) -> PageLayout:
        """Its blocks in reading order."""
        return PageLayout(
            number=self.number,
            width=self.width,
            height=self.height,
            blocks=self._blocks() if self.words else [],
            method="text" if self.confidence is None else "ocr",
            confidence=self.confidence,
            place=self.place,
            scores=self.scores,
        )

    def _blocks(self) -> list[Block]:
        """The blocks of the page, where each line of a table of contents stays a line."""
        entries = contents_lines(self.words)
        if not entries:
            return self.compose(self.words)
        taken = {id(word) for line in entries for word in line}
        rest = [word for word in self.words if id(word) not in taken]
        blocks = [(block, bounds(block.words())) for block in self.compose(rest)] if rest else []
        insert(blocks, Block("code", entries))
        return [block for block, _ in blocks]


def append(sheets: Sequence[Sheet], furniture: Furniture, writer: PageWriter) -> None:
    """Write pages without what is printed at the edge of each of them."""
    furniture.learn([(sheet.number, sheet.upright_height, sheet.words) for sheet in sheets])
    for sheet in sheets:
        sheet.words = furniture.split(sheet.number, sheet.upright_height, sheet.words)
    spelling = Spelling(lambda: (word for sheet in sheets for word in sheet.words))
    for sheet in sheets:
        writer.page(sheet.layout(), spelling)
