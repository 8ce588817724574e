"""Passages as people read them: sentences under headings, list items with their lead, rows with their header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from outcrop.core.chunks import Hit
from outcrop.core.sentences import Span, sentence_spans
from outcrop.core.terms import Term, content_terms, terms

_ITEM = re.compile(r"\s*(?:[-*+•◦▪▫‣·●○–—]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))\s+")  # the marks as they stand
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*)")
_LEANS = re.compile(
    r"(?:and |but |also |und |y |et )?(?:it|its|they|their|them|this|these|those|that|he|she|his|her|then|"
    r"both|er|sie|dies(?:e[rsmn]?)?|dabei|dafür|davon|dazu|dort|beide|"
    r"ell[oa]s?|est[aeo]s?|es[aeo]s?|su|sus|ils?|elles?|cel(?:a|ui|le)|ces?|cette|leurs?|其|它们?|他们?|她们?|这|那|それ|これ|この|その)"
    r"(?:\b|(?<=[\u3040-\u9fff]))",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\s*(?:§ ?)?\d{1,2}(?:\.\d{1,2}){0,3}[.)]?\s+(?=\S)")
_RULE = re.compile(r"\s*\|?[\s:|-]*--[\s:|-]*")
_CELL = re.compile(r"(?<!\\)\|")
_ENDS = tuple(".!?:;。！？…")  # as above
_SUBJECT = 2  # content words that a sentence begins with: what it is about
_TITLE = 90  # characters: a longer line without a full stop is no heading
_ROW_CELLS = 12  # cells of a row that are read out


@dataclass(frozen=True)
class Sentence:
    """A unit of a passage at the characters [start, end) of its chunk's text.

    `reading` is what it says in words: of a table row, its cells with the names of their columns. `lead` is what it
    leans on: the sentence that introduces a list, or the one before. `document` is its document's address.
    """

    passage: int
    start: int
    end: int
    reading: str
    document: str = ""
    lead: str = ""
    heading: str = ""
    item: bool = False
    row: bool = False
    title: bool = False  # a heading or a table's header: no answer by itself
    header: Span | None = None  # of the row's table, where it stands in the same chunk

    @cached_property
    def terms(self) -> list[Term]:
        """Its words."""
        return terms(self.reading)

    @cached_property
    def keys(self) -> frozenset[str]:
        """The stems of its words."""
        return frozenset(term.key for term in self.terms)

    @cached_property
    def leans(self) -> bool:
        """Whether it begins with a pronoun, so that only its lead tells what it speaks of."""
        return bool(self.lead) and not self.row and _LEANS.match(self.reading) is not None

    @cached_property
    def coheres(self) -> bool:
        """Whether it goes on about a thing that its lead speaks of."""
        if not self.lead or self.row:
            return False
        said = {term.key for term in content_terms(self.lead)}
        return any(term.key in said for term in content_terms(self.reading)[:_SUBJECT])

    @cached_property
    def whole(self) -> str:
        """What it says with what it leans on."""
        return f"{self.lead} {self.reading}" if self.leans or (self.item and self.lead) else self.reading

    @cached_property
    def around(self) -> frozenset[str]:
        """The stems of its lead and heading."""
        return frozenset(term.key for text in (self.lead, self.heading) if text for term in terms(text))


@dataclass(slots=True)
class _Reader:
    """Walks over the units of a chunk and keeps what they stand under."""

    passage: int
    document: str
    text: str
    heading: str = ""
    columns: tuple[str, ...] = ()
    header: Span | None = None
    lead: str = ""
    introduced: bool = False  # the lead ends with a colon: it introduces every item that follows
    found: list[Sentence] = field(default_factory=list)

    def read(self, start: int, end: int, following: str) -> None:
        unit = self.text[start:end]
        if unit.lstrip().startswith("|"):
            self._row(start, end, unit, following)
            return
        self.columns, self.header = (), None
        heading = _HEADING.match(unit)
        if heading or _is_title(unit, following):
            self.heading = heading[1] if heading else " ".join(unit.split())
            self._add(start, end, " ".join(unit.lstrip("# ").split()), "title")
            self.lead, self.introduced = "", False
            return
        item = _ITEM.match(unit) is not None
        reading = " ".join((_ITEM.sub("", unit, count=1) if item else unit).split())
        if reading.endswith(("?", "？")):  # full width
            # A question is no answer, but what follows it may be: as under a heading.
            self._add(start, end, reading, "title")
            self.lead, self.introduced = reading, False
            return
        if not item and self.introduced and not self.lead.endswith(":"):
            self.introduced = False
        self._add(start, end, reading, "item" if item else "prose")
        if not (item and self.introduced):
            self.lead = reading
            self.introduced = reading.endswith((":", "："))  # full width

    def _row(self, start: int, end: int, unit: str, following: str) -> None:
        lines = unit.split("\n")
        cells = _cells(lines[0])
        if _RULE.fullmatch(lines[0]):
            self._add(start, end, "", "title")
            return
        if len(lines) > 1 or (not self.columns and re.match(r"\s*\|[\s:|-]+$", following)):
            self.columns, self.header = cells, (start, end)
            self._add(start, end, " ".join(cells), "title")
            return
        named = [
            f"{column}: {cell}" if column else cell
            for column, cell in zip((*self.columns, *[""] * len(cells)), cells, strict=False)
            if cell
        ]
        self._add(start, end, "; ".join(named[:_ROW_CELLS]), "row")

    def _add(
        self, start: int, end: int, reading: str, kind: Literal["prose", "item", "row", "title"] = "prose"
    ) -> None:
        self.found.append(
            Sentence(
                passage=self.passage,
                document=self.document,
                start=start,
                end=end,
                reading=reading,
                lead="" if kind == "title" else self.lead,
                heading=self.heading,
                item=kind == "item",
                row=kind == "row",
                title=kind == "title",
                header=self.header if kind == "row" else None,
            )
        )


def read(passages: Sequence[Hit]) -> list[Sentence]:
    """The sentences of every passage, in order."""
    found: list[Sentence] = []
    for number, hit in enumerate(passages):
        lines = hit.chunk.context.split("\n")
        columns = _cells(lines[-1]) if lines[-1].lstrip().startswith("|") else ()
        path = " ".join(lines[:-1] if columns else lines)
        reader = _Reader(passage=number, document=hit.point.uri, text=hit.chunk.text, heading=path, columns=columns)
        spans = sentence_spans(reader.text)
        for at, (start, end) in enumerate(spans):
            after = spans[at + 1] if at + 1 < len(spans) else (0, 0)
            reader.read(start, end, reader.text[after[0] : after[1]])
            if reader.found[-1].title and path and path not in reader.heading:
                reader.heading = f"{path} {reader.heading}" if not reader.found[-1].row else reader.heading
        found.extend(reader.found)
    return found


def _cells(line: str) -> tuple[str, ...]:
    """The cells of a Markdown table row."""
    inner = line.strip().removeprefix("|").removesuffix("|")
    return tuple(" ".join(cell.replace("\\|", "|").split()) for cell in _CELL.split(inner))


def _is_title(unit: str, following: str) -> bool:
    """A short line of words without an end mark, with text after it: the heading of a plain document."""
    line = unit.strip()
    if "\n" in line:
        return set(line.rsplit("\n", 1)[1].strip()) <= set("=-*_")
    numbered = _NUMBERED.match(line)
    if not numbered and _ITEM.match(unit):
        return False
    words = line[numbered.end() :] if numbered else line
    if not following or _ITEM.match(following) or len(words) > _TITLE or words.endswith(_ENDS) or ":" in words:
        return False
    return not any(c.isdigit() for c in words) and len(words.split()) <= 8 and len(following) > len(words)  # noqa: PLR2004
