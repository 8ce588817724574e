"""A question taken apart: its words, what they weigh on, and what kind of thing is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from outcrop.adapters.generators.expectations import Expectation, expectation
from outcrop.adapters.generators.synonyms import synonyms
from outcrop.adapters.generators.vocabulary import GERMAN
from outcrop.core.sentences import Span, sentence_spans
from outcrop.core.terms import Term, content_terms, fold

_COMPOUND = 5  # letters: a word of a compound that is shorter says little
_FORM = 0.85  # what a part of a compound is worth, of a whole word
_SYNONYM = 0.9  # what another word for the same is worth


@dataclass(frozen=True, slots=True)
class Asked:
    """A question taken apart: its content words with their surface and weight, and what it expects."""

    text: str
    words: tuple[Term, ...]
    surfaces: tuple[str, ...]
    strict: tuple[bool, ...]  # a number, code or name: nothing else will do
    expects: Expectation | None
    point: Span  # the sentence that asks, where there are several

    def to_the_point(self, word: Term) -> bool:
        """Whether a word stands in the sentence that asks."""
        return self.point[0] <= word.start < self.point[1]


def asked(question: str) -> Asked:
    """Take a question apart."""
    words = content_terms(question)
    surfaces = [question[word.start : word.end] for word in words]
    plain = set(fold(question).replace("?", " ").split()) & GERMAN
    capitals = sum(surface[:1].isupper() for surface in surfaces)
    names_count = not plain and capitals < max(2, len(words))
    expects = expectation(question, words)
    strict = [_is_strict(word, names=names_count, numbers=expects is not None) for word in words]
    return Asked(question, tuple(words), tuple(fold(s) for s in surfaces), tuple(strict), expects, _point(question))


def _point(question: str) -> Span:
    """The last sentence with a question mark; all of the question where none has one, or there is only one."""
    asking = [span for span in sentence_spans(question) if question[span[1] - 1] in "?？"]  # full width
    return asking[-1] if asking else (0, len(question))


def _is_strict(word: Term, *, names: bool, numbers: bool) -> bool:
    """Whether nothing else will do; the numbers of a yes-or-no question may be measured against others."""
    return word.kind == "code" or (word.kind == "name" and names) or (word.kind == "number" and numbers)


def matched(word: Term, keys: frozenset[str]) -> float:
    """How far a word is among these: 1 as itself, less as a part of a compound."""
    if word.key in keys:
        return 1.0
    if word.kind == "word" and not keys.isdisjoint(synonyms(word.key)):
        return _SYNONYM
    if word.kind in ("word", "name") and len(word.key) >= _COMPOUND:
        for key in keys:
            if len(key) >= _COMPOUND and (
                word.key.startswith(key) or word.key.endswith(key) or key.startswith(word.key) or key.endswith(word.key)
            ):
                return _FORM
    return 0.0
