"""Reads the small Markdown in which the handbook's texts are kept, as a list of blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 (the title) to 3."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text; a quotation (`>`) is a speaker's note where the format has such a thing."""

    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Listing:
    """Bullets, or numbered items."""

    items: tuple[str, ...]
    numbered: bool


@dataclass(frozen=True)
class Table:
    """A table; the first row is its header."""

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Code:
    """A fenced block of program text."""

    text: str


@dataclass(frozen=True)
class PageBreak:
    """Start of a new page: `page`, `scan` (becomes an image) or `rotated` (stored sideways)."""

    kind: str


Block = Heading | Paragraph | Listing | Table | Code | PageBreak


def read(text: str) -> list[Block]:
    """The blocks of a text, in order."""
    return [block for chunk in _chunks(text) for block in _block(chunk)]


def _chunks(text: str) -> Iterator[list[str]]:
    """Runs of lines between blank lines; a fenced block is one run."""
    lines: list[str] = []
    fenced = False
    for line in [*text.splitlines(), ""]:
        fenced ^= line.startswith("```")
        if line.strip() or fenced:
            lines.append(line)
        elif lines:
            yield lines
            lines = []


def _block(lines: list[str]) -> Iterator[Block]:
    first = lines[0]
    if heading := re.match(r"(#{1,3}) (.+)", first):
        yield Heading(len(heading[1]), heading[2])
        if lines[1:]:
            yield from _block(lines[1:])
    elif mark := re.match(r"<!-- (page|scan|rotated) -->", first):
        yield PageBreak(mark[1])
    elif first.startswith("```"):
        yield Code("\n".join(lines[1:-1]))
    elif first.startswith("|"):
        rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
        yield Table((rows[0], *rows[2:]))
    elif item := re.match(r"(- |\d+\. )", first):
        yield Listing(tuple(re.sub(r"^(- |\d+\. )", "", line) for line in lines), item[1] != "- ")
    elif first.startswith("> "):
        yield Paragraph(" ".join(line[2:] for line in lines), quoted=True)
    else:
        yield Paragraph(" ".join(lines))
