"""A cited answer as plain text that any chat program shows: marks such as [1] behind statements, sources at the end.

Nothing is sent before a passage supports it, since what was sent cannot be taken back. From then on the text is sent
as it comes; only the beginning of a sentence waits, for a few words, until the sentence before it has its mark.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from outcrop.core.answers import Answer, AnswerPart, Citation, CitationPart, FinalPart, Reference, TextPart

HELD = 40  # characters of a sentence that wait for the mark of the one before
SOURCES = "\n\nSources:\n\n"
_END = re.compile(r"[.!?…。！？]+[\"'”’»)\]]*(?=\s|$)|[。！？]")
_MARKDOWN = re.compile(r"([\[\]<>`\\])")
_MARK = re.compile(r" ?\[\d{1,3}\]")


@dataclass(frozen=True, slots=True)
class Source:
    """What a mark stands for: a place of a document."""

    number: int
    reference: Reference

    @property
    def name(self) -> str:
        """The file's name."""
        return name_of(self.reference.hit.point.uri)

    def line(self) -> str:
        """The source as a line of Markdown."""
        one = self.reference
        places = (
            f", page {one.page}" if one.page is not None else "",
            f", sheet {' '.join(one.sheet.split())}" if one.sheet is not None else "",
            f", row {one.row}" if one.row is not None else "",
        )
        return f"- [{self.number}] " + _MARKDOWN.sub(r"\\\1", self.name + "".join(places))


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark in the text that was sent: the characters [start, end), and what it stands for."""

    start: int
    end: int
    source: Source


@dataclass(slots=True)
class CitedText:
    """The text of an answer with its marks, piece by piece."""

    sources: dict[tuple[Any, ...], Source] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    sent: str = ""
    answer: Answer | None = None
    _raw: str = ""  # the answer's own text
    _taken: int = 0  # how many characters of it were sent
    _begun: bool = False
    _settled: int = 0  # up to where its statements were checked
    _inserted: list[tuple[int, int]] = field(default_factory=list)  # at which character of it, how many of ours

    def feed(self, part: AnswerPart) -> str:
        """What is to be sent now that this part has come."""
        before = len(self.sent)
        match part:
            case TextPart():
                self._raw += part.text
                if self._begun:
                    self._take(self._ready())
            case CitationPart():
                self._cite(part.citation)
            case FinalPart():
                self._finish(part.answer)
        return self.sent[before:]

    def position(self, raw: int, *, end: bool) -> int:
        """Where a character of the answer's own text stands in the text that was sent."""
        find = bisect_left if end else bisect_right
        return raw + sum(length for _, length in self._inserted[: find([at for at, _ in self._inserted], raw)])

    def _ready(self) -> int:
        """Up to where the text may be sent: not beyond an end of a sentence that may yet get a mark."""
        for match in _END.finditer(self._raw, self._settled):
            if len(self._raw) - match.end() < HELD:
                return match.end()
        return len(self._raw)

    def _cite(self, citation: Citation) -> None:
        self._begun = True
        self._take(citation.end if citation.end >= self._taken else self._word_end())
        self._settled = max(self._settled, citation.end)
        spaced = not self.sent or self.sent[-1].isspace()
        self._insert("" if spaced else " ")
        found = [self._source(one) for one in citation.references]
        for source in {one.number: one for one in found}.values():
            start = len(self.sent)
            self._insert(f"[{source.number}]")
            self.marks.append(Mark(start, len(self.sent), source))
        if spaced:
            self._insert(" ")

    def _word_end(self) -> int:
        """Where the word ends that was sent in part, as far as it is known: no mark stands inside a word."""
        match = re.compile(r"\S*").match(self._raw, self._taken)
        inside = bool(self.sent) and not self.sent[-1].isspace()
        return match.end() if match and inside else self._taken

    def _source(self, reference: Reference) -> Source:
        key = (reference.hit.point.uri, reference.page, reference.sheet)
        return self.sources.setdefault(key, Source(len(self.sources) + 1, reference))

    def _finish(self, answer: Answer) -> None:
        self.answer = answer
        if not answer.available:
            self.sent += f"\n\n{answer.text}" if self.sent else answer.text
            return
        self._take(len(self._raw.rstrip()))
        self.sent += SOURCES + "\n".join(source.line() for source in self.sources.values())

    def _take(self, end: int) -> None:
        self.sent += self._raw[self._taken : end]
        self._taken = max(self._taken, end)

    def _insert(self, text: str) -> None:
        if text:
            self._inserted.append((self._taken, len(text)))
            self.sent += text


def name_of(uri: str) -> str:
    """The file's name in an address."""
    return " ".join(unquote(uri.rstrip("/").rpartition("/")[2]).split()) or uri


def unmarked(text: str) -> str:
    """An answer that was sent, without its marks and sources, as it is remembered in a conversation."""
    return _MARK.sub("", text.partition(SOURCES)[0]).strip()
