"""Whether a passage supports a statement, and where: numbers and names must agree, and the words or the meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from outcrop.core.chunks import Hit
from outcrop.core.protocols import Embedder
from outcrop.core.sentences import Span, sentence_spans
from outcrop.core.terms import Term, content_terms, terms

# Chosen on SciFact's claims (docs/adr/0004): words alone from ENOUGH on, words with meaning between.
ENOUGH = 0.6  # share of the statement's words that a window of the passage has
SOME = 0.3  # with a cosine of CLOSE
CLOSE = 0.7
VERY_CLOSE = 0.8  # whatever the words: another language, or other words for all
_WINDOW = 3  # sentences that may support a statement together
_COMPARED = 4  # windows whose meaning is compared


@dataclass(frozen=True, slots=True)
class Support:
    """The characters [start, end) of passage number `passage` (from 0) that support a statement."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Window:
    passage: int
    start: int
    end: int
    coverage: float
    keys: frozenset[str]


class _Passage:
    """A passage with the words of its sentences."""

    def __init__(self, hit: Hit) -> None:
        self.text = hit.chunk.text
        self.spans: list[Span] = sentence_spans(self.text)
        self.keys = [frozenset(term.key for term in terms(self.text[start:end])) for start, end in self.spans]
        self.context = frozenset(term.key for term in terms(hit.chunk.context))
        self.all = self.context.union(*self.keys)
        self.names = {term.key for term in terms(self.text) if term.kind == "name"}


class SupportFinder:
    """Finds support for statements in one set of passages."""

    def __init__(self, question: str, passages: Sequence[Hit], embedder: Embedder) -> None:
        self._asked = frozenset(term.key for term in terms(question))
        self._passages = [_Passage(hit) for hit in passages]
        self._names = frozenset().union(*(passage.names for passage in self._passages))
        self._embedder = embedder

    async def find(self, statement: str, cited: Sequence[int]) -> tuple[Support, ...]:
        """The support of a statement: in the passages that it cites, else in any other; empty where there is none."""
        wanted = content_terms(statement)
        if not wanted:
            return ()
        cited = [number for number in dict.fromkeys(cited) if 0 <= number < len(self._passages)]
        found = await self._within(statement, wanted, cited)
        if not found and len(cited) > 1:
            found = self._together(wanted, cited)
        if not found:
            others = [number for number in range(len(self._passages)) if number not in cited]
            found = sorted(await self._within(statement, wanted, others), key=lambda window: -window.coverage)[:1]
        return tuple(Support(window.passage, window.start, window.end) for window in found)

    async def _within(self, statement: str, wanted: Sequence[Term], numbers: Sequence[int]) -> list[_Window]:
        """The best supporting window of each of these passages that has one, in the order of the passages."""
        windows = [window for number in numbers for window in self._windows(number, wanted)]
        windows.sort(key=lambda window: (-window.coverage, window.end - window.start))
        best: dict[int, _Window] = {}
        for window in windows:
            if window.coverage >= ENOUGH:
                best.setdefault(window.passage, window)
        if best or not windows:
            return sorted(best.values(), key=lambda window: numbers.index(window.passage))
        return await self._by_meaning(statement, windows[:_COMPARED])

    async def _by_meaning(self, statement: str, windows: Sequence[_Window]) -> list[_Window]:
        texts = [self._passages[window.passage].text[window.start : window.end] for window in windows]
        vectors = await self._embedder.embed([statement, *texts], "document")
        cosines = np.asarray(vectors[1:] @ vectors[0])
        at = int(cosines.argmax())
        needed = CLOSE if windows[at].coverage >= SOME else VERY_CLOSE
        return [windows[at]] if cosines[at] >= needed else []

    def _together(self, wanted: Sequence[Term], numbers: Sequence[int]) -> list[_Window]:
        """One window of each cited passage, where they support the statement only together."""
        bests = [max(self._windows(number, wanted, strict=False), key=lambda w: w.coverage) for number in numbers]
        keys = frozenset().union(*(window.keys for window in bests))
        covered = sum(term.key in keys for term in wanted) / len(wanted)
        return bests if covered >= ENOUGH and self._agrees(wanted, keys, keys) else []

    def _windows(self, number: int, wanted: Sequence[Term], *, strict: bool = True) -> list[_Window]:
        """Every run of up to three sentences, with the share of the wanted words that it has."""
        passage = self._passages[number]
        found = []
        for first in range(len(passage.spans)):
            keys: frozenset[str] = passage.context
            for last in range(first, min(first + _WINDOW, len(passage.spans))):
                keys = keys | passage.keys[last]
                if strict and not self._agrees(wanted, keys, passage.all):
                    continue
                share = sum(term.key in keys for term in wanted) / len(wanted)
                span = passage.spans[first][0], passage.spans[last][1]
                found.append(_Window(number, *span, share - 0.02 * (last - first), keys))
        return found

    def _agrees(self, wanted: Sequence[Term], keys: frozenset[str], passage: frozenset[str]) -> bool:
        """Numbers and codes stand in the window, names in the passage; what the question itself says is given."""
        for term in wanted:
            if term.kind in ("number", "code") and term.key not in keys | self._asked:
                return False
            # A sentence may begin with a name: it is one if a passage uses it as one.
            if (term.kind == "name" or term.key in self._names) and term.key not in passage | self._asked:
                return False
        return True
