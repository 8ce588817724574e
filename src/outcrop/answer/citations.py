"""Turns what a generator says into cited text: each statement's citation is checked against the passage it names."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

from outcrop.answer.markers import MarkedStream
from outcrop.answer.references import reference
from outcrop.answer.support import SupportFinder
from outcrop.core.answers import AnswerPart, Citation, CitationPart, Delta, Prompt, Quote, Reference, TextPart, Usage
from outcrop.core.chunks import Hit
from outcrop.core.protocols import Embedder, Generator
from outcrop.core.sentences import Span, sentence_spans
from outcrop.core.steps import Detail
from outcrop.core.terms import content_terms


@dataclass(slots=True)
class Composed:
    """An answer as it grows: its text and citations, and how its statements fared."""

    text: str = ""
    citations: list[Citation] = field(default_factory=list)
    usage: Usage | None = None
    refused: bool = False
    statements: int = 0
    supported: int = 0
    moved: int = 0  # cited a passage that does not support them, and another does
    details: dict[str, Detail] = field(default_factory=dict)  # what the generator decided

    def take(self, delta: Delta) -> None:
        """What a delta says besides its text."""
        self.usage = delta.usage or self.usage
        self.details.update(delta.details)

    def noted(self) -> dict[str, Detail]:
        """What the trace says of the answer."""
        fared = {"statements": self.statements, "supported": self.supported, "moved": self.moved}
        return {"available": self.available, **fared, **self.details}

    @property
    def available(self) -> bool:
        """Whether anything was said that a passage supports."""
        return not self.refused and bool(self.citations)


def cited(
    generator: Generator, prompt: Prompt, embedder: Embedder, into: Composed, before: str = ""
) -> AsyncGenerator[AnswerPart]:
    """The parts of the answer to a prompt, its citations checked; `before` is put before its first word, if quoted."""
    deltas = generator.generate(prompt)
    if not generator.instructable:
        return quoted(_after(before, deltas), prompt.passages, into)
    finder = SupportFinder(prompt.question, prompt.passages, embedder)
    return Checked(MarkedStream(prompt.refusal), finder, prompt.passages, into).parts(deltas)


async def _after(before: str, deltas: AsyncIterator[Delta]) -> AsyncIterator[Delta]:
    async for delta in deltas:
        if delta.text and before:
            delta, before = replace(delta, text=before + delta.text), ""  # noqa: PLW2901 # the same words
        yield delta


async def quoted(deltas: AsyncIterator[Delta], passages: Sequence[Hit], into: Composed) -> AsyncGenerator[AnswerPart]:
    """The parts of an answer whose generator quotes: it knows where each piece is from. None is said twice."""
    async for delta in deltas:
        into.take(delta)
        references = _references(delta.quotes, passages)
        if references and any(before.references == references for before in into.citations):
            into.statements += 1
            into.supported += 1
            continue
        start = len(into.text)
        if delta.text:
            into.text += delta.text
            yield TextPart(text=delta.text)
        if delta.quotes:
            into.statements += 1
            into.supported += 1
            end = len(into.text.rstrip())
            start += len(delta.text) - len(delta.text.lstrip())
            citation = Citation(start=start, end=end, references=references)
            into.citations.append(citation)
            yield CitationPart(citation=citation)


def _references(quotes: Sequence[Quote], passages: Sequence[Hit]) -> tuple[Reference, ...]:
    return tuple(reference(passages[quote.passage], quote.start, quote.end) for quote in quotes)


class Checked:
    """The parts of an answer that a language model writes, as its sentences are finished and checked."""

    def __init__(self, stream: MarkedStream, finder: SupportFinder, passages: Sequence[Hit], into: Composed) -> None:
        self._stream = stream
        self._finder = finder
        self._passages = passages
        self._into = into
        self._done = 0  # characters of the text whose statements were checked

    async def parts(self, deltas: AsyncIterator[Delta]) -> AsyncGenerator[AnswerPart]:
        """Text as it comes, and citations as soon as a sentence is over."""
        async for delta in deltas:
            self._into.take(delta)
            for part in await self._advance(self._stream.feed(delta.text), final=False):
                yield part
        for part in await self._advance(self._stream.finish(), final=True):
            yield part
        self._into.refused = self._stream.refused

    async def _advance(self, text: str, *, final: bool) -> list[AnswerPart]:
        parts: list[AnswerPart] = [TextPart(text=text)] if text else []
        self._into.text = self._stream.text
        for start, end in self._finished(final=final):
            citation = await self._check(start, end)
            if citation is not None:
                self._into.citations.append(citation)
                parts.append(CitationPart(citation=citation))
        return parts

    def _finished(self, *, final: bool) -> list[Span]:
        """The sentences that are over: all but the last while more may come."""
        open_text = self._stream.text[self._done :]
        spans = [(self._done + start, self._done + end) for start, end in sentence_spans(open_text)]
        over = spans if final else spans[:-1]
        if over:
            self._done = over[-1][1]
        return over

    async def _check(self, start: int, end: int) -> Citation | None:
        statement = self._stream.text[start:end]
        if not content_terms(statement):
            return None
        cited = self._cited(start, end)
        self._into.statements += 1
        found = await self._finder.find(statement, cited)
        if not found:
            return None
        self._into.supported += 1
        self._into.moved += bool(cited) and found[0].passage not in cited
        references = tuple(reference(self._passages[one.passage], one.start, one.end) for one in found)
        return Citation(start=start, end=end, references=references)

    def _cited(self, start: int, end: int) -> list[int]:
        """The passages, from 0, that the marks of a sentence name; one without marks goes with the next mark."""
        marks = [mark for mark in self._stream.marks if start < mark.position <= end]
        if not marks:
            marks = [mark for mark in self._stream.marks if mark.position > end][:1]
        return [number - 1 for mark in marks for number in mark.numbers]
