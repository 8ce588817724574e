"""Makes the questions that are searched for: a follow-up stands by itself, a long question is split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from outcrop.answer.prompts import MAX_PARTS, rewriting, splitting
from outcrop.core.answers import Orchestration, Prompt
from outcrop.core.errors import Unsupported
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
_STANDS_FOR = re.compile(
    r"\b(?:it|its|they|them|their|these|those|he|him|his|she|her|er|sie|es|ihn|ihm|ihr|dessen|deren|davon|dafür|dazu|"
    r"damit|darin|ella|ello|ellos|ellas|eso|esto|ese|esa|il|elle|ils|elles|cela|ça|celui|celle)\b|[它他她其此]",
    re.IGNORECASE,
)
# Words that begin a follow-up, and those that may also be articles.
_LEANS_BACK = re.compile(
    r"^\s*(?:and|or|but|also|then|what about|how about|und|oder|aber|auch|y|e|o|pero|et|ou|mais|"
    r"那么?|还有|では|また|それ)\b"
    r"|\b(?:this|that|there|then|same|one|ones|das|dies(?:e[rsmn]?)?|dort|allí|ahí|ce|y|en)\b|那|这",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.):])\s+")
_TAG = re.compile(r"</?[A-Za-z_]{1,40}>")


async def standalone(
    generator: Generator, question: str, turns: Sequence[Turn], orchestration: Orchestration, moment: datetime
) -> tuple[str, str]:
    """The question that is searched for, and how it was had: `as asked`, `carried` or `rewritten`.

    A language model rewrites it. Without one, a follow-up that points back ("And for students?") takes over the
    content words of the question before it, or all of that question where it asks nothing itself.
    """
    if generator.instructable and (turns or orchestration.prompt_template is not None):
        lines = await _lines(generator, rewriting(question, turns, orchestration, moment))
        return (lines[0], "rewritten") if len(lines) == 1 and lines[0] != question else (question, "as asked")
    return carried(question, turns[-1]) if turns else (question, "as asked")


async def split(generator: Generator, question: str, orchestration: Orchestration, moment: datetime) -> tuple[str, ...]:
    """The questions that a question is made of; itself where it asks for one thing. Raises Unsupported."""
    if not generator.instructable:
        raise Unsupported(f"{generator.model} cannot split a question: choose a language model, or leave it whole.")
    lines = await _lines(generator, splitting(question, orchestration, moment))
    return tuple(dict.fromkeys(lines[:MAX_PARTS])) or (question,)


async def _lines(generator: Generator, prompt: Prompt) -> list[str]:
    """What a model wrote, line by line, without the marks of a list; nothing where a line is too long."""
    text = ""
    async for delta in generator.generate(prompt):
        text += delta.text
    plain = (_BULLET.sub("", _TAG.sub("", line)).strip().strip('"') for line in text.splitlines())
    lines = [line for line in plain if line]
    return lines if all(len(line) <= MAX_QUESTION for line in lines) else []


def asks(text: str) -> bool:
    """Whether a text asks for something: it has a question mark or a question word."""
    return "?" in text or "？" in text or bool(_ASKS.search(text))


def points_back(text: str) -> bool:
    """Whether a text has a pronoun, which stands for something said before."""
    return bool(_STANDS_FOR.search(text))


def carried(question: str, before: Turn) -> tuple[str, str]:
    """A follow-up with the words that it leaves out, and `carried`; itself and `as asked` where it leaves out none."""
    words = content_terms(question)
    if len(words) > _FEW and not (points_back(question) or _LEANS_BACK.search(question)):
        return question, "as asked"
    earlier = before.standalone or before.question
    if not _ASKS.search(question):
        return f"{earlier} {question}"[-MAX_QUESTION:], "carried"
    known = {term.key for term in words}
    carried = [earlier[term.start : term.end] for term in content_terms(earlier) if term.key not in known]
    kept = list(dict.fromkeys(carried))
    return (f"{question} ({' '.join(kept)})"[:MAX_QUESTION], "carried") if kept else (question, "as asked")
