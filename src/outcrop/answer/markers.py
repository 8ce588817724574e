"""Reads what a model streams: takes out the [n] marks and the word for "no answer", and lets all other text through."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_ANSWER = 100_000  # characters: what comes after them is dropped
_OPEN, _CLOSE = "\\[【［", "\\]】］"
_INSIDE = r"[\s\d,，、;&^†:a-zA-Z–-]"
_MARK = re.compile(
    rf"[ \t\u3000]*[{_OPEN}]\s*(?:passages?|quelle|source)?\s*\^?"
    rf"(?P<numbers>\d{{1,3}}(?:\s*(?:[,，、;&–-]|and)\s*\d{{1,3}}){{0,20}})\s*(?:†[^\]】］]{{0,20}})?[{_CLOSE}]",
    re.IGNORECASE,
)
_MAYBE_MARK = re.compile(rf"[ \t\u3000]*(?:[{_OPEN}]{_INSIDE}{{0,60}})?$")
_RANGE = re.compile(r"(\d{1,3})\s*[–-]\s*(\d{1,3})")


@dataclass(frozen=True, slots=True)
class Mark:
    """Passages, counted from 1, that were cited at a position of the clean text."""

    position: int
    numbers: tuple[int, ...]


@dataclass(slots=True)
class MarkedStream:
    """The clean text so far, its marks, and whether the sentinel came."""

    sentinel: str
    text: str = ""
    marks: list[Mark] = field(default_factory=list)
    refused: bool = False
    _held: str = ""

    def feed(self, piece: str) -> str:
        """The text that is certain now that this piece has come."""
        self._held += piece
        return self._release(final=False)

    def finish(self) -> str:
        """The rest of the text."""
        return self._release(final=True)

    def _release(self, *, final: bool) -> str:
        before = len(self.text)
        position = 0
        for match in re.compile(f"{re.escape(self.sentinel)}|{_MARK.pattern}", re.IGNORECASE).finditer(self._held):
            self._append(self._held[position : match.start()])
            if match["numbers"] is None:
                self.refused = True
            else:
                self.marks.append(Mark(len(self.text), _numbers(match["numbers"])))
            position = match.end()
        rest = self._held[position:]
        keep = 0 if final else self._uncertain(rest)
        self._append(rest[: len(rest) - keep])
        self._held = rest[len(rest) - keep :]
        return self.text[before:]

    def _append(self, piece: str) -> None:
        if not self.text:
            piece = piece.lstrip()
        self.text += piece[: MAX_ANSWER - len(self.text)]

    def _uncertain(self, rest: str) -> int:
        """How many characters at the end may yet turn out to be a mark or the sentinel."""
        maybe = _MAYBE_MARK.search(rest, max(0, len(rest) - 100))
        longest = len(rest) - maybe.start() if maybe else 0
        for size in range(min(len(self.sentinel) - 1, len(rest)), longest, -1):
            if self.sentinel.startswith(rest[-size:]):
                return size
        return longest


def _numbers(inside: str) -> tuple[int, ...]:
    """The numbers of a mark, ranges written out, each once, in order."""
    ranges = {
        int(n) for low, high in _RANGE.findall(inside) for n in range(int(low), min(int(high), int(low) + 20) + 1)
    }
    return tuple(dict.fromkeys([*(int(n) for n in re.findall(r"\d+", inside)), *sorted(ranges)]))
