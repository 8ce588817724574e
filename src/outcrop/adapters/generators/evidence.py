"""How well each sentence answers a question, as features that a small calibrated model weighs."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np

from outcrop.adapters.generators.expectations import Expectation, expectation, provided
from outcrop.adapters.generators.reading import Sentence
from outcrop.core.function_words import FUNCTION_WORDS
from outcrop.core.protocols import Embedder
from outcrop.core.sentences import Span, sentence_spans
from outcrop.core.terms import Term, content_terms, fold, terms

CANDIDATES = 24  # sentences that are compared by meaning: each costs an embedding
_COMPOUND = 5  # letters: a word of a compound that is shorter says little
_FORM = 0.85  # what a part of a compound is worth, of a whole word
_ASIDE = 0.6  # what a word elsewhere in the passage is worth
_BESIDE_THE_POINT = 0.5  # the weight of words that do not stand in the sentence that asks
_NEARBY = 0.9  # what a word in the heading or lead is worth, of one in the sentence
ALIKE = 0.75  # soft match from which two words are taken for the same
_COLUMN = re.compile(r"(^|; )[^;:]*: ")
_MEASURE = re.compile(r"\s*(?:[%‰€$£°]|(?:eur|usd|euros?|dollars?|prozent|percent|kg|g|km|m|cm|mm)\b)", re.I)  # numbers that count nothing
_LATIN = re.compile(r"[a-zà-ÿ]", re.I)
# Words that fit any question about their subject.
_LIGHT = frozenset(
    fold(word)
    for word in (
        "get take make made need want use used give given go come happen happened find see look put keep mean work called "
        "call name type kind thing people person way much allowed allow exist located main following different considered "
        "known used include included possible permitted necessary required current maximum minimum highest lowest total early "
        "big high long usual normal own whole right correct proper must ask do matter happens there gibt hay tener poder "
        "goes went gone off came comes taken takes left leave sent send gave gives kept set run runs turn turned hold held "
        "become begin began start starts started end ends try tried bring brought leave say says mean means talk tell told "
        "help helps buy certain special several various general specific particular new old good best better bad able "
        "available actual time times thing things case cases example part parts kinds sort number amount"
    ).split()
)
# Words that only say what kind of thing is asked for: where there is one, they are answered.
_OF_KIND: dict[str, frozenset[str]] = {
    kind: frozenset(fold(word) for word in words.split())
    for kind, words in {
        "money": "cost costs price pay paid pays charge charged spend spent much money kostet kosten preis cuesta cuestan precio "
        "coute prix bezahlt zahlen pagar hoch",
        "duration": "long last lasts take takes time day days hour hours week weeks month months year years minute minutes "
        "soon fast quickly early late working dauert dauer dauern lang lange zeit tage stunden wochen monate jahre dura durar "
        "duracion tiempo dias horas dure duree temps jours heures mois ans run runs",
        "time": "time day date year month hour hours week century tag jahr monat uhr uhrzeit datum dia ano fecha hora mes jour annee "
        "heure mois welchem welchen",
        "count": "number many zahl anzahl numero nombre",
        "number": "number high big large old fast size much long long hoch gross alt schnell amount",
        "person": "name person",
        "place": "place located city country room location find found ort befindet encuentra lugar",
        "frequency": "often frequently oft",
        "temperature": "temperature hot cold warm temperatur temperatura",
        "weight": "weight heavy weigh weighs gewicht schwer pesa poids",
        "length": "tall wide deep thick high far long length width height breit tief dick hoch",
        "cause": "reason reasons cause caused grund razon motivo raison",
        "percent": "percent percentage per cent share prozent porcentaje pourcentage",
        "phone": "phone number telephone call extension telefon nummer telefono numero",
        "mail": "e mail email address",
        "web": "ip url address page site website web",
        "colour": "colour color farbe couleur",
    }.items()
}
_GERMAN = frozenset("der die das ist sind wie wer wo wann was welche welcher welches wird werden ich ein eine im am".split())


@dataclass(frozen=True, slots=True)
class Asked:
    """A question taken apart: its content words with their surface and weight, and what it expects."""

    text: str
    words: tuple[Term, ...]
    surfaces: tuple[str, ...]
    strict: tuple[bool, ...]  # a number, code or name: nothing else will do
    expects: Expectation | None
    point: Span  # the sentence that asks, where there are several


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence and its features."""

    sentence: Sentence
    features: dict[str, float]


def asked(question: str) -> Asked:
    """Take a question apart."""
    words = content_terms(question)
    surfaces = [question[word.start : word.end] for word in words]
    plain = set(fold(question).replace("?", " ").split()) & _GERMAN
    capitals = sum(surface[:1].isupper() for surface in surfaces)
    names_count = not plain and capitals < max(2, len(words))
    expects = expectation(question, words)
    strict = [_is_strict(word, names=names_count, numbers=expects is not None) for word in words]
    return Asked(question, tuple(words), tuple(fold(s) for s in surfaces), tuple(strict), expects, _point(question))


def _point(question: str) -> Span:
    """The last sentence with a question mark; all of the question where none has one, or there is only one."""
    asking = [span for span in sentence_spans(question) if question[span[1] - 1] in "?？"]  # noqa: RUF001 # full width
    return asking[-1] if asking else (0, len(question))


def _named(uri: str) -> frozenset[str]:
    """The stems of the words of a document's file name."""
    return frozenset(term.key for term in terms(unquote(uri.rsplit("/", 1)[-1])))


def _own(sentence: Sentence) -> frozenset[str]:
    """The stems of a sentence, with those that its pronoun stands for."""
    return sentence.keys | sentence.around if sentence.leans else sentence.keys


def _is_strict(word: Term, *, names: bool, numbers: bool) -> bool:
    """Whether nothing else will do; the numbers of a yes-or-no question may be measured against others."""
    return word.kind == "code" or (word.kind == "name" and names) or (word.kind == "number" and numbers)


def matched(word: Term, keys: frozenset[str]) -> float:
    """How far a word is among these: 1 as itself, less as a part of a compound."""
    if word.key in keys:
        return 1.0
    if word.kind in ("word", "name") and len(word.key) >= _COMPOUND:
        for key in keys:
            if len(key) >= _COMPOUND and (
                word.key.startswith(key) or word.key.endswith(key) or key.startswith(word.key) or key.endswith(word.key)
            ):
                return _FORM
    return 0.0


class Weighing:
    """The features of every sentence of some passages for one question."""

    def __init__(self, question: Asked, sentences: Sequence[Sentence]) -> None:
        self._asked = question
        self._sentences = sentences
        self._passages: dict[int, frozenset[str]] = {}
        self._prose: dict[int, frozenset[str]] = {}  # without table rows: what they say is of themselves alone
        self._documents: dict[str, frozenset[str]] = {}
        for sentence in sentences:
            known = self._documents.get(sentence.document) or _named(sentence.document)
            self._documents[sentence.document] = known | sentence.keys | sentence.around
            words, at = sentence.keys | sentence.around, sentence.passage
            self._passages[at] = self._passages.get(at, frozenset()) | words
            self._prose[at] = self._prose.get(at, frozenset()) | (sentence.around if sentence.row else words)
        self._weights = self._rarity()
        whole = float(self._weights.sum())
        self._shares = self._weights / whole if whole else self._weights

    def _rarity(self) -> np.ndarray:
        """The weight of each word: more where fewer passages have it, less where it fits any question."""
        count = len(self._passages)
        weights = []
        for word, surface in zip(self._asked.words, self._asked.surfaces, strict=True):
            having = sum(word.key in keys for keys in self._passages.values())
            weight = math.log(1 + (count + 1) / (having + 0.5))
            weight *= 0.4 if surface in _LIGHT else 0.6 if word.kind == "pair" else 1.0
            weights.append(weight * (1.0 if self._asked.point[0] <= word.start < self._asked.point[1] else _BESIDE_THE_POINT))
        return np.array(weights)

    def candidates(self) -> list[tuple[Sentence, np.ndarray, np.ndarray]]:
        """The sentences with most of the question's words, each with how far it and its surroundings match them."""
        found = []
        for sentence in self._sentences:
            if sentence.title:
                continue
            own = np.array([matched(word, _own(sentence)) for word in self._asked.words])
            near = np.array([_NEARBY * matched(word, sentence.around) for word in self._asked.words])
            aside = np.array([_ASIDE * matched(word, self._prose[sentence.passage]) for word in self._asked.words])
            both = np.maximum.reduce([own, near, aside])
            worth = float(self._shares @ own + self._shares @ both) if len(own) else 0.0
            found.append((worth - 0.05 * sentence.passage, sentence, own, both))
        found.sort(key=lambda one: -one[0])
        chosen = found[: CANDIDATES * 2 // 3]
        # The rest in order of the passages: an answer may share no word with its question.
        chosen += sorted(found[len(chosen) :], key=lambda one: (one[1].passage, -one[0]))[: CANDIDATES - len(chosen)]
        return [(sentence, own, both) for _, sentence, own, both in chosen]

    async def weigh(self, embedder: Embedder) -> list[Evidence]:
        """The candidates with their features."""
        candidates = self.candidates()
        if not candidates:
            return []
        texts = [self._asked.text, *(_in_context(sentence) for sentence, _, _ in candidates)]
        vectors = await embedder.embed(texts, "query")
        cosines = np.asarray(vectors[1:] @ vectors[0])
        alike = await self._alike(embedder, candidates)
        found = []
        for (sentence, own, both), cosine, soft in zip(candidates, cosines, alike, strict=True):
            features = self._features(sentence, own, both, soft)
            features["cosine"] = float(cosine)
            found.append(Evidence(sentence, features))
        return found

    async def _alike(self, embedder: Embedder, candidates: Sequence[tuple[Sentence, np.ndarray, np.ndarray]]) -> list[np.ndarray]:
        """How near in meaning each word that is missing from a sentence is to a word that it has."""
        asked_for = {
            surface
            for surface, word, strict in zip(self._asked.surfaces, self._asked.words, self._asked.strict, strict=True)
            if word.kind in ("word", "name") and not strict and _LATIN.search(surface)
        }
        if not asked_for:
            return [both.copy() for _, _, both in candidates]
        near = {id(sentence): _surfaces(sentence) for sentence, _, _ in candidates}
        vocabulary = sorted(asked_for.union(*near.values()))
        vectors = await embedder.embed(vocabulary, "query")
        at = {word: i for i, word in enumerate(vocabulary)}
        found = []
        for sentence, _, both in candidates:
            soft = both.copy()
            there = [at[word] for word in near[id(sentence)]]
            for i, surface in enumerate(self._asked.surfaces):
                if there and surface in asked_for and soft[i] < 1:
                    best = float((vectors[there] @ vectors[at[surface]]).max())
                    soft[i] = max(soft[i], min(1.0, max(0.0, (best - 0.3) / 0.5)))
            found.append(soft)
        return found

    def _features(self, sentence: Sentence, own: np.ndarray, both: np.ndarray, soft: np.ndarray) -> dict[str, float]:
        expects = self._asked.expects
        given = self._provided(sentence)
        if expects is not None and given:
            answered = np.array([given if surface in _OF_KIND[expects.kind] else 0.0 for surface in self._asked.surfaces])
            soft = np.maximum(soft, answered)
        passage = np.array([matched(word, self._passages[sentence.passage]) for word in self._asked.words])
        strict = np.array(self._asked.strict, dtype=float)
        shares = self._shares if len(own) else np.zeros(0)
        document = np.array([matched(word, self._documents[sentence.document]) for word in self._asked.words])
        absent = strict * (1 - document)
        astray = strict * (both < _NEARBY)
        return {
            "own": float(shares @ own),
            "near": float(shares @ both),
            "passage": float(shares @ passage),
            "soft": float(shares @ soft),
            "worst": float(soft.min()) if len(soft) else 0.0,
            "heaviest": float((self._weights * (1 - soft)).max()) if len(soft) else 0.0,
            "first": float(soft[0]) if len(soft) else 0.0,
            "last": float(soft[-1]) if len(soft) else 0.0,
            "absent": float(min(1.0, absent.sum())),
            "astray": float(min(1.0, astray.sum())),
            "rival": self._rival(sentence),
            "other": self._other(sentence, soft),
            "lacking": 0.0 if expects is None else 1.0 - given,
            "without": float(expects is not None and given < 0.3),
            "pairs": float(np.mean([word.kind == "pair" for word in self._asked.words])) if len(own) else 0.0,
            "open": float(expects is None),
            "rank": 1.0 / (1 + sentence.passage),
            "row": float(sentence.row),
            "words": min(len(own), 8) / 8,
        }

    def _rival(self, sentence: Sentence) -> float:
        """Whether the sentence has another code of the same make as one that is asked for and it lacks: X-100 for X-200."""
        wanted = [word.key for word in self._asked.words if word.kind == "code" and word.key not in sentence.keys | sentence.around]
        makes = {re.sub(r"\d+", "#", key) for key in wanted}
        return float(any(term.kind == "code" and re.sub(r"\d+", "#", term.key) in makes for term in sentence.terms))

    def _other(self, sentence: Sentence, soft: np.ndarray) -> float:
        """Whether a word stands beside another one here than in the question: a red light for a blue light."""
        words, known = self._asked.words, {word.key for word in self._asked.words}
        for i, word in enumerate(words[:-1]):
            if self._asked.text[word.end : words[i + 1].start].strip(" -'’s"):  # noqa: RUF001 # an apostrophe
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
        text = _COLUMN.sub(r"\1= ", sentence.reading) if sentence.row and expects.kind in ("person", "place") else sentence.reading
        words = terms(text) if text is not sentence.reading else sentence.terms
        given = provided(expects, text, [(term.start, term.end) for term in words if term.key in keys])
        if expects.kind == "count" and given and expects.counted:
            return _counted(sentence, expects.counted)
        return given


def _counted(sentence: Sentence, counted: Sequence[str]) -> float:
    """Whether a number stands by what is counted."""
    numbers = [
        i for i, term in enumerate(sentence.terms) if term.kind == "number" and not _MEASURE.match(sentence.reading, term.end)
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
    return {fold(text[term.start : term.end]) for term in content_terms(text) if term.kind in ("word", "name") and _LATIN.search(term.key)}


def _in_context(sentence: Sentence) -> str:
    """A sentence with its heading and what it leans on, as it is compared."""
    return f"{sentence.heading}: {sentence.whole}" if sentence.heading else sentence.whole
