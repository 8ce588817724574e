"""Formulas in a text: no chunk, and no sentence, ends within one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from outcrop.adapters.parsers.formats import MARKDOWN, MATHPIX, TEX
from outcrop.core.parsed import ParsedDocument

Span = tuple[int, int]
LONGEST = 20_000  # characters of a formula; a mark that is not closed within is none
INLINE = 400  # characters of a formula in a line of text
OPENING = re.compile(
    r"\\begin\{(equation|align|alignat|gather|multline|eqnarray|displaymath|math|split|cases|array|[bpvBV]?matrix"
    r"|tabular[x*]?|longtable)(\*?)\}|\$\$|\\\[|\\\(|(?<![\\$\w])\$(?=[^\s$\d])"
)
CLOSING = {"$$": "$$", "\\[": "\\]", "\\(": "\\)", "$": "$"}


def formula_spans(document: ParsedDocument) -> list[Span]:
    """Formulas [start, end) of LaTeX and Markdown, in order and apart; none in other formats, where a `$` is money."""
    if document.media_type not in {TEX, MARKDOWN, MATHPIX}:
        return []
    return list(_spans(document.text))


def _spans(text: str) -> Iterator[Span]:
    position = 0
    while (found := OPENING.search(text, position)) is not None:
        closing = CLOSING.get(found[0]) or f"\\end{{{found[1]}{found[2]}}}"
        reach = INLINE if found[0] in {"$", "\\("} else LONGEST
        end = text.find(closing, found.end(), found.end() + reach)
        if end < 0 or (found[0] == "$" and "\n\n" in text[found.end() : end]):
            position = found.end()
            continue
        position = end + len(closing)
        yield found.start(), position
