"""Which sentences make up an answer, and in which order they are said."""

from __future__ import annotations

from collections.abc import Sequence

from outcrop.adapters.generators.decision import Ranked
from outcrop.adapters.generators.reading import Sentence

MOST = 4  # sentences of an answer
NEAR = 1.0  # log odds: a sentence that is as good as the best, almost
BESIDE = 2.5  # the same of one in the same passage: what belongs together stands together
MOST_ITEMS = 8  # of a list that a chosen sentence introduces


def select(best: Sequence[Ranked], sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences of the answer: the best, those nearly as good, and what they lean on, best source first."""
    at = {(sentence.passage, sentence.start): i for i, sentence in enumerate(sentences)}
    chosen: dict[int, Sentence] = {}
    said: list[frozenset[str]] = []
    for one in best:
        sentence = one.evidence.sentence
        beside = sentence.passage == best[0].evidence.sentence.passage and not sentence.row
        if len(said) == MOST:
            break
        # What stands beside the answer may tell the other half of it.
        if (one.promise < best[0].score - BESIDE) if beside else (one.score < best[0].score - NEAR):
            continue
        if any(_repeats(sentence, before) for before in said):
            continue
        said.append(sentence.keys)
        for index in _with_support(at[sentence.passage, sentence.start], sentences):
            chosen.setdefault(index, sentences[index])
    passages = list(dict.fromkeys(one.evidence.sentence.passage for one in best))
    return [chosen[index] for index in sorted(chosen, key=lambda i: (passages.index(sentences[i].passage), i))]


def _repeats(sentence: Sentence, before: frozenset[str]) -> bool:
    """Whether nearly all that a sentence says was said before."""
    return len(sentence.keys - before) <= len(sentence.keys) // 8


def _with_support(index: int, sentences: Sequence[Sentence]) -> list[int]:
    """A sentence with the one before it, where it begins with a pronoun, and with the items that it introduces."""
    sentence = sentences[index]
    found = [index]
    before = sentences[index - 1] if index else None
    alone = before is None or before.passage != sentence.passage or before.title or before.row
    if not alone and sentence.leans and not sentence.item:
        found.insert(0, index - 1)
    if sentence.reading.endswith((":", "：")):  # full width
        for after in range(index + 1, min(index + 1 + MOST_ITEMS, len(sentences))):
            if sentences[after].passage != sentence.passage or not (sentences[after].item or sentences[after].row):
                break
            found.append(after)
    return found


def spoken(sentences: Sequence[Sentence]) -> list[str]:
    """Each sentence as it stands in the answer, with what sets it off from the one before."""
    pieces = []
    for i, sentence in enumerate(sentences):
        text = f"- {sentence.reading}" if sentence.item else sentence.reading
        pieces.append((_between(sentences[i - 1], sentence) if i else "") + text)
    return pieces


def _between(before: Sentence, after: Sentence) -> str:
    if after.item or after.row or before.item or before.row:
        return "\n"
    return " " if before.passage == after.passage else "\n\n"
