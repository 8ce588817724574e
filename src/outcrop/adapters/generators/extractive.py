"""Answers in the documents' own words, without a language model: the sentences that answer, or nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

from outcrop.adapters.generators import weights
from outcrop.adapters.generators.asked import asked
from outcrop.adapters.generators.decision import Ranked, Verdict, ranked, verdict
from outcrop.adapters.generators.evidence import Weighing
from outcrop.adapters.generators.reading import Sentence, read
from outcrop.adapters.generators.selection import select, spoken
from outcrop.core.answers import Delta, Prompt, Quote
from outcrop.core.errors import Invalid
from outcrop.core.protocols import Adapters, Embedder
from outcrop.core.settings import Settings

NAME = "extractive:sentences"
EMBEDDER = "local:all-MiniLM-L6-v2"  # whatever the knowledge base uses: the weights are calibrated for this model


def open_generator(name: str, settings: Settings, adapters: Adapters) -> ExtractiveGenerator:
    """The extractive answerer. Raises Invalid for a name other than extractive:sentences."""
    if name != NAME:
        raise Invalid(f"There is no model {name!r}. The extractive answerer is called {NAME}.")
    threshold = weights.THRESHOLD if settings.answer_threshold is None else settings.answer_threshold
    return ExtractiveGenerator(adapters.embedder(EMBEDDER), threshold)


class ExtractiveGenerator:
    """Quotes the sentences that answer a question; says nothing where the evidence is below the threshold."""

    model = NAME
    instructable = False

    def __init__(self, embedder: Embedder, threshold: float) -> None:
        self._embedder = embedder
        self._threshold = threshold

    async def generate(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Each sentence of the answer with its quotes; the last delta says how it was decided."""
        sentences = read(prompt.passages)
        evidence = await Weighing(asked(prompt.question), sentences).weigh(self._embedder)
        if not evidence:
            yield Delta(details={"evidence": 0.0, "against": "the passages hold no sentences"})
            return
        best = ranked(evidence)
        found = verdict(best)
        if found.probability >= self._threshold:
            chosen = select(best, sentences)
            for sentence, text in zip(chosen, spoken(chosen), strict=True):
                yield Delta(text=text, quotes=_quotes(sentence))
        yield Delta(details=self._explained(found, best))

    def _explained(self, found: Verdict, best: list[Ranked]) -> dict[str, str | float]:
        refused = found.probability < self._threshold
        return {
            "evidence": round(found.probability, 4),
            "threshold": self._threshold,
            **({"against": found.against} if refused else {}),
            "best": best[0].evidence.sentence.reading[:200],
            **{f"feature.{name}": round(found.features[name], 3) for name in weights.ANSWER},
        }


def _quotes(sentence: Sentence) -> tuple[Quote, ...]:
    """The sentence's own characters, then the header that names a row's columns."""
    own = Quote(passage=sentence.passage, start=sentence.start, end=sentence.end)
    if sentence.header is None:
        return (own,)
    return (own, Quote(passage=sentence.passage, start=sentence.header[0], end=sentence.header[1]))
