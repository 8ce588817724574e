"""Makes a follow-up question stand by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from outcrop.answer.prompts import rewriting
from outcrop.core.answers import Inference
from outcrop.core.protocols import Generator
from outcrop.core.records import Turn
from outcrop.core.terms import content_terms

MAX_QUESTION = 20_000  # characters
_FEW = 2  # content words: a question with no more leans on the one before it
_ASKS = re.compile(
    r"\b(?:who|whom|whose|what|which|when|where|why|how|wer|wen|wem|was|wann|wo|warum|wie|welche[rsmn]?|wieso|weshalb|"
    r"qui[eé]n(?:es)?|qu[eé]|cu[aá]l(?:es)?|cu[aá]ndo|d[oó]nde|c[oó]mo|cu[aá]nt[oa]s?|qui|quoi|quel(?:le)?s?|quand|"
    r"comment|combien|pourquoi)\b|[谁哪几何誰]|什么|多少|怎么|为什么|どこ|いつ|なぜ|どう|いくら",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"^\s*(?:and|or|but|also|then|what about|how about|und|oder|aber|auch|y|e|o|pero|et|ou|mais|"
    r"那么?|还有|では|また|それ)\b"
    r"|\b(?:it|its|they|them|their|this|that|these|those|he|him|his|she|her|there|then|same|one|ones|"
    r"er|sie|es|ihn|ihm|ihr|dessen|deren|das|dies(?:e[rsmn]?)?|dort|davon|dafür|dazu|damit|darin|"
    r"ella|ello|ellos|ellas|eso|esto|ese|esa|allí|ahí|il|elle|ils|elles|cela|ça|ce|celui|celle|y|en)\b|[它他她其此]|这|那",
    re.IGNORECASE,
)  # fmt: skip


async def standalone(generator: Generator, question: str, turns: Sequence[Turn]) -> tuple[str, str]:
    """The question that is searched for, and how it was had: `as asked`, `carried` or `rewritten`.

    A language model rewrites it. Without one, a follow-up that points back ("And for students?") takes over the
    content words of the question before it, or all of that question where it asks nothing itself.
    """
    if not turns:
        return question, "as asked"
    if generator.instructable:
        return await _rewritten(generator, question, turns)
    return _carried(question, turns[-1])


async def _rewritten(generator: Generator, question: str, turns: Sequence[Turn]) -> tuple[str, str]:
    text = ""
    async for delta in generator.generate(rewriting(question, turns, Inference(max_tokens=300))):
        text += delta.text
    lines = [line.strip().strip('"') for line in text.strip().splitlines() if line.strip()]
    if len(lines) != 1 or len(lines[0]) > MAX_QUESTION:
        return question, "as asked"
    return lines[0], "rewritten" if lines[0] != question else "as asked"


def _carried(question: str, before: Turn) -> tuple[str, str]:
    words = content_terms(question)
    if len(words) > _FEW and not _POINTS_BACK.search(question):
        return question, "as asked"
    earlier = before.standalone or before.question
    if not _ASKS.search(question):
        return f"{earlier} {question}"[-MAX_QUESTION:], "carried"
    known = {term.key for term in words}
    carried = [earlier[term.start : term.end] for term in content_terms(earlier) if term.key not in known]
    kept = list(dict.fromkeys(carried))
    return (f"{question} ({' '.join(kept)})"[:MAX_QUESTION], "carried") if kept else (question, "as asked")
