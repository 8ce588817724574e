"""How well each sentence answers a question, as features that a small calibrated model weighs."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np

from outcrop.adapters.generators.asked import Asked, matched
from outcrop.adapters.generators.kinds import provided
from outcrop.adapters.generators.reading import Sentence
from outcrop.adapters.generators.vocabulary import LIGHT, OF_KIND
from outcrop.core.chunks import Vector
from outcrop.core.function_words import FUNCTION_WORDS
from outcrop.core.protocols import Embedder
from outcrop.core.terms import Term, content_terms, fold, terms

CANDIDATES = 24  # sentences that are compared by meaning: each costs an embedding
MOST_WORDS = 10  # of a question that are left out in turn
_COHERING = 0.75  # what a word of the sentence before is worth where both speak of the same thing
_ASIDE = 0.6  # what a word elsewhere in the passage is worth
_LIGHTLY = 0.4  # the weight of words that fit any question
_HALVES = 0.6  # the weight of pairs of characters, of which a word has several
_RANK = 0.05  # what a sentence of the next passage must have more to be looked at
_UNLIKE, _SPREAD = 0.3, 0.5  # cosines of single words: chance is below the first, sameness at the sum
_BESIDE_THE_POINT = 0.5  # the weight of words that do not stand in the sentence that asks
_NEARBY = 0.9  # what a word in the heading or lead is worth, of one in the sentence
ALIKE = 0.75  # soft match from which two words are taken for the same
_ROW_PLACE = 0.6  # a cell may name a place without a word for where
_COLUMN = re.compile(r"(^|; )[^;:]*: ")
# Behind a number that counts nothing.
_MEASURE = re.compile(r"\s*(?:[%‰€$£°]|(?:eur|usd|euros?|dollars?|prozent|percent|kg|g|km|m|cm|mm)\b)", re.IGNORECASE)
_LATIN = re.compile(r"[a-zà-ÿ]", re.IGNORECASE)
_HARDLY = 0.3  # a sentence that has what is asked for to a lesser degree lacks it


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence and its features."""

    sentence: Sentence
    features: dict[str, float]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence, how far it has each word of the question, and how far it or its surroundings have."""

    sentence: Sentence
    own: Vector
    near: Vector


class Weighing:
    """The features of every sentence of some passages for one question."""

    def __init__(self, question: Asked, sentences: Sequence[Sentence]) -> None:
        self._asked = question
        self._sentences = sentences
        self._passages: dict[int, frozenset[str]] = {}
        self._prose: dict[int, frozenset[str]] = {}  # without table rows: what they say is of themselves alone
        self._documents: dict[str, frozenset[str]] = {}
        for sentence in sentences:
            words, at, document = sentence.keys | sentence.around, sentence.passage, sentence.document
            self._passages[at] = self._passages.get(at, frozenset()) | words
            self._prose[at] = self._prose.get(at, frozenset()) | (sentence.around if sentence.row else words)
            self._documents[document] = (self._documents.get(document) or _named(document)) | words
        weights = self._rarity()
        self._shares = weights / max(float(weights.sum()), 1e-9)
        kinds = [word.kind == "pair" for word in question.words]
        self._pairs = sum(kinds) / len(kinds) if kinds else 0.0

    def _rarity(self) -> Vector:
        """The weight of each word: more where fewer passages have it, less where it fits any question."""
        count = len(self._passages)
        weights = []
        for word, surface in zip(self._asked.words, self._asked.surfaces, strict=True):
            having = sum(word.key in keys for keys in self._passages.values())
            weight = math.log(1 + (count + 1) / (having + 0.5))
            weight *= _LIGHTLY if surface in LIGHT else _HALVES if word.kind == "pair" else 1.0
            weights.append(weight * (1.0 if self._asked.to_the_point(word) else _BESIDE_THE_POINT))
        return np.array(weights, dtype=np.float32)

    def candidates(self) -> list[Candidate]:
        """The sentences with most of the question's words, and some that lead their passages."""
        found = []
        for sentence in self._sentences:
            if sentence.title:
                continue
            own = self._matched(_own(sentence))
            if sentence.coheres:
                own = np.maximum(own, self._matched(sentence.around, _COHERING))
            near = self._matched(sentence.around, _NEARBY)
            aside = self._matched(self._prose[sentence.passage], _ASIDE)
            both = np.maximum.reduce([own, near, aside])
            worth = float(self._shares @ own + self._shares @ both) - _RANK * sentence.passage
            found.append((worth, Candidate(sentence, own, both)))
        found.sort(key=lambda one: -one[0])
        chosen = found[: CANDIDATES * 2 // 3]
        # The rest in order of the passages: an answer may share no word with its question.
        rest = sorted(found[len(chosen) :], key=lambda one: (one[1].sentence.passage, -one[0]))
        return [one for _, one in (*chosen, *rest[: CANDIDATES - len(chosen)])]

    async def weigh(self, embedder: Embedder) -> list[Evidence]:
        """The candidates with their features."""
        candidates = self.candidates()
        if not candidates:
            return []
        variants = [self._without(word) for word in self._asked.words[:MOST_WORDS]]
        texts = [self._asked.text, *variants, *(self._compared(one.sentence) for one in candidates)]
        vectors = await embedder.embed(texts, "query")
        near = vectors[1 + len(variants) :] @ vectors[: 1 + len(variants)].T
        losses = near[:, :1] - near[:, 1:]  # of likeness, where a word is left out: less than 0 where it does not fit
        alike = await self._alike(embedder, candidates)
        return [
            Evidence(one.sentence, self._features(one, soft, float(row[0]), loss))
            for one, soft, row, loss in zip(candidates, alike, near, losses, strict=True)
        ]

    def _compared(self, sentence: Sentence) -> str:
        """A sentence with its heading and what it leans on; of a row the cells that the question is about."""
        text = self._digest(sentence) if sentence.row else sentence.whole
        return f"{sentence.heading}: {text}" if sentence.heading else text

    def _digest(self, sentence: Sentence) -> str:
        """The first cell of a row, those with words of the question, and those with a thing of the kind it asks for."""
        cells = sentence.reading.split("; ")
        keys = {word.key for word in self._asked.words}
        expects = self._asked.expects
        kept = [
            cell
            for i, cell in enumerate(cells)
            if i == 0
            or not keys.isdisjoint(term.key for term in terms(cell))
            or (expects is not None and provided(expects, cell, []) >= 1)
        ]
        return "; ".join(kept if len(kept) > 1 else cells)

    def _without(self, word: Term) -> str:
        """The question without one of its words."""
        return f"{self._asked.text[: word.start]} {self._asked.text[word.end :]}"

    async def _alike(self, embedder: Embedder, candidates: Sequence[Candidate]) -> list[Vector]:
        """For each candidate, how far each word of the question is matched by one that means nearly the same."""
        asked_for = {
            surface: i
            for i, (word, surface) in enumerate(zip(self._asked.words, self._asked.surfaces, strict=True))
            if word.kind in ("word", "name") and not self._asked.strict[i] and _LATIN.search(surface)
        }
        there = [_surfaces(one.sentence) for one in candidates]
        vocabulary = sorted({*asked_for}.union(*there)) if asked_for else []
        if not vocabulary:
            return [one.near for one in candidates]
        vectors = await embedder.embed(vocabulary, "query")
        at = {word: i for i, word in enumerate(vocabulary)}
        likeness = vectors @ vectors[[at[surface] for surface in asked_for]].T
        found = []
        for one, words in zip(candidates, there, strict=True):
            soft = one.near.copy()
            if words:
                best = likeness[[at[word] for word in words]].max(axis=0)
                places = list(asked_for.values())
                soft[places] = np.maximum(soft[places], ((best - _UNLIKE) / _SPREAD).clip(0, 1))
            found.append(soft)
        return found

    def _features(self, found: Candidate, soft: Vector, cosine: float, losses: Vector) -> dict[str, float]:
        """Every feature of a sentence; those that are shares weigh the words of the question."""
        sentence, expects, given = found.sentence, self._asked.expects, self._provided(found.sentence)
        if expects is not None and given:
            kind = OF_KIND[expects.kind]
            soft = np.maximum(soft, [given if surface in kind else 0.0 for surface in self._asked.surfaces])
        passage = self._matched(self._passages[sentence.passage])
        return {
            "own": float(self._shares @ found.own),
            "passage": float(self._shares @ passage),
            "soft": float(self._shares @ soft),
            "worst": float(soft.min(initial=1.0)),
            "cosine": cosine,
            "foreign": float((losses * (soft[: len(losses)] < ALIKE)).min(initial=0.0)),
            **self._strictness(found, passage),
            "rival": self._rival(sentence),
            "other": self._other(sentence, soft),
            "lacking": 0.0 if expects is None else 1.0 - given,
            "without": float(expects is not None and given < _HARDLY),
            "open": float(expects is None),
            "pairs": self._pairs,
            "rank": 1.0 / (1 + sentence.passage),
            "row": float(sentence.row),
        }

    def _strictness(self, found: Candidate, passage: Vector) -> dict[str, float]:
        """Whether numbers, codes and names of the question are absent from the document, or far from the sentence."""
        strict = np.array(self._asked.strict, dtype=np.float32)
        named = strict * [word.kind != "number" for word in self._asked.words]  # a table may give numbers as ranges
        document = self._matched(self._documents[found.sentence.document])
        # A row speaks of itself alone, prose of what stands around it; what all the document is about is half near.
        far = 1.0 if found.sentence.row else np.where(document > 0, 0.5, 1.0) * (1 - passage)
        return {
            "absent": float(min(1.0, (strict * (1 - document)).sum())),
            "astray": float(min(1.0, (strict * (found.near < _NEARBY) * far).sum())),
            "unlisted": float(found.sentence.row and bool((named * (found.near < _NEARBY) * (document == 0)).any())),
        }

    def _matched(self, keys: frozenset[str], worth: float = 1.0) -> Vector:
        """How far each word of the question is among these, times `worth`."""
        return np.array([worth * matched(word, keys) for word in self._asked.words], dtype=np.float32)

    def _rival(self, sentence: Sentence) -> float:
        """Whether the sentence has another code of the same make in place of one that is asked for: X-100 for X-200."""
        wanted = [
            word.key
            for word in self._asked.words
            if word.kind == "code" and word.key not in sentence.keys | sentence.around
        ]
        makes = {re.sub(r"\d+", "#", key) for key in wanted}
        return float(any(term.kind == "code" and re.sub(r"\d+", "#", term.key) in makes for term in sentence.terms))

    def _other(self, sentence: Sentence, soft: np.ndarray) -> float:
        """Whether a word stands beside another one here than in the question: a red light for a blue light."""
        words, known = self._asked.words, {word.key for word in self._asked.words}
        for i, word in enumerate(words[:-1]):
            if self._asked.text[word.end : words[i + 1].start].strip(" -'’s"):  # an apostrophe
                continue
            for missing, there, step in ((i, i + 1, -1), (i + 1, i, 1)):
                if soft[missing] < ALIKE and words[there].key in sentence.keys:
                    beside = _beside(sentence, words[there].key, step)
                    if beside and not beside & known:
                        return 1.0
        return 0.0

    def _provided(self, sentence: Sentence) -> float:
        expects = self._asked.expects
        if expects is None:
            return 0.5
        keys = {word.key for word in self._asked.words}
        # Columns name what a row has; they are not had.
        text = (
            _COLUMN.sub(r"\1= ", sentence.reading)
            if sentence.row and expects.kind in ("person", "place")
            else sentence.reading
        )
        words = terms(text) if text is not sentence.reading else sentence.terms
        given = provided(expects, text, [(term.start, term.end) for term in words if term.key in keys])
        if expects.kind == "place" and sentence.row:
            return max(given, _ROW_PLACE)
        if expects.kind == "count" and given and expects.counted:
            return _counted(sentence, expects.counted)
        return given


def _named(uri: str) -> frozenset[str]:
    """The stems of the words of a document's file name."""
    return frozenset(term.key for term in terms(unquote(uri.rsplit("/", 1)[-1])))


def _own(sentence: Sentence) -> frozenset[str]:
    """The stems of a sentence, with those that its pronoun stands for."""
    return sentence.keys | sentence.around if sentence.leans else sentence.keys


def _counted(sentence: Sentence, counted: Sequence[str]) -> float:
    """Whether a number stands by what is counted."""
    numbers = [
        i
        for i, term in enumerate(sentence.terms)
        if term.kind == "number" and not _MEASURE.match(sentence.reading, term.end)
    ]
    nouns = [i for i, term in enumerate(sentence.terms) if term.key in counted]
    if any(-6 <= noun - number <= 5 for number in numbers for noun in nouns):  # noqa: PLR2004 # words between
        return 1.0
    if numbers and sentence.row:
        return 0.8
    return 0.5 if numbers or not sentence.reading.isascii() else 0.4


def _beside(sentence: Sentence, key: str, step: int) -> set[str]:
    """The content words that stand directly before (or after) a word; in a row those of the named cell too."""
    found = set()
    for i, term in enumerate(sentence.terms):
        if term.key != key:
            continue
        for at in {i + step, i + 1 if sentence.row else i + step}:
            if not 0 <= at < len(sentence.terms):
                continue
            other = sentence.terms[at]
            gap = sentence.reading[min(term.end, other.end) : max(term.start, other.start)]
            surface = fold(sentence.reading[other.start : other.end])
            if len(gap) <= 2 and ";" not in gap and surface not in FUNCTION_WORDS:  # noqa: PLR2004 # a space, a colon
                found.add(other.key)
    return found


def _surfaces(sentence: Sentence) -> set[str]:
    """The words of a sentence and its surroundings that may mean the same as one that is asked for."""
    text = f"{sentence.heading} {sentence.lead} {sentence.reading}"
    return {
        fold(text[term.start : term.end])
        for term in content_terms(text)
        if term.kind in ("word", "name") and _LATIN.search(term.key)
    }
