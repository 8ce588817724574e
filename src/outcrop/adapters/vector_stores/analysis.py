"""Terms of any script: what keyword search compares.

Words are folded (NFKC, case, accents), identifiers are split and kept joined ("E-4012" gives e, 4012 and e4012), and
scripts that put no spaces between words give pairs of characters (Unicode Standard Annex 29 leaves those to
dictionaries; pairs need none and match any). A long word also gives its beginning ("compu*"), which finds it in other
endings and compounds: measured better than stemming in every language, and it needs to know none.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

MAX_QUERY_CHARACTERS = 4000
MAX_QUERY_TERMS = 128
MAX_TERM = 64  # characters; longer words are cut, so that no document can fill the index with one
STEM = 5  # characters of a word's beginning
_CACHE = 1 << 16  # words whose terms are remembered, so that a common word is analysed once

# letters that look alike are what this file is about

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]+")
# Marks that writers leave out: accents, Hebrew points, Arabic vowel signs, the Devanagari nukta.
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u093c]+")
# Letters that do not decompose into a base letter and a mark, and spellings that Arabic writers mix.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ς": "σ",
     "ى": "ي", "ة": "ه", "ی": "ي", "ک": "ك", "ـ": None}
)  # fmt: skip
# Thai, Lao, Myanmar, Hangul, Khmer, kana, Han: written without spaces, or with endings glued to the word.
_PAIRED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(f"(?P<paired>[{_PAIRED}]+)|[^{_PAIRED}]+")
_DIGIT = re.compile("[0-9]")
_CAMEL = re.compile("(?<=[a-zß-öø-ÿ0-9])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])")
_JOINT = "._,·\\-‐‑@:/\\\\&+"
_JOINTS = re.compile(f"[{_JOINT}]")


def document_terms(text: str) -> list[str]:
    """The terms of a text as it is indexed, with repeats."""
    terms: list[str] = []
    for word in _words(text):
        known = _known.get(word)
        terms.extend(_remember(word, asked=False) if known is None else known)
    return terms


def query_terms(text: str) -> list[str]:
    """The distinct terms that a query asks for, in order: at most MAX_QUERY_TERMS."""
    terms: dict[str, None] = {}
    for word in _words(text[:MAX_QUERY_CHARACTERS]):
        known = _asked.get(word)
        terms.update(dict.fromkeys(_remember(word, asked=True) if known is None else known))
    return list(terms)[:MAX_QUERY_TERMS]


def _words(text: str) -> list[str]:
    return _pattern().findall(text if text.isascii() else _INVISIBLE.sub("", text))


@cache
def _pattern() -> re.Pattern[str]:
    r"""Runs of letters, digits and marks, joined by single characters such as the hyphen of "e-mail".

    Python's \w leaves out marks, without which words of India and Thailand fall apart. Above the basic plane
    everything but emoji counts as a letter.
    """
    ranges = ["\U00010000-\U0001efff\U00020000-\U0003ffff"]
    first: int | None = None
    for code in range(0x30, 0x10000):
        inside = chr(code).isalnum() or unicodedata.category(chr(code)).startswith("M")
        if inside and first is None:
            first = code
        elif not inside and first is not None:
            ranges.append(f"{chr(first)}-{chr(code - 1)}")
            first = None
    letters = f"[{''.join(ranges)}]+"
    return re.compile(f"{letters}(?:[{_JOINT}]{letters})*")


_known: dict[str, tuple[str, ...]] = {}
_asked: dict[str, tuple[str, ...]] = {}


def _remember(word: str, *, asked: bool) -> tuple[str, ...]:
    kept = _asked if asked else _known
    if len(kept) >= _CACHE:
        kept.clear()
    return kept.setdefault(word, tuple(_analyse(word, asked=asked)))


def _analyse(word: str, *, asked: bool) -> list[str]:
    """The terms of one word as it stands in the text: its parts and, where it has several, all of it joined."""
    parts = _JOINTS.split(unicodedata.normalize("NFKC", word))
    terms: list[str] = []
    pieces = 0
    for run in (run for part in parts for run in _RUN.finditer(part)):
        if run["paired"]:
            terms += _pairs(_fold(run[0]), asked=asked)
            continue
        folded = [_fold(piece)[:MAX_TERM] for piece in _CAMEL.split(run[0])]
        pieces += len(folded)
        terms += folded
        terms += [f"{piece[:STEM]}*" for piece in folded if len(piece) > STEM and not _DIGIT.search(piece)]
    if pieces > 1:
        terms.append(_fold("".join(parts))[:MAX_TERM])
    return [term for term in terms if term]


def _pairs(run: str, *, asked: bool) -> list[str]:
    """Pairs of neighbouring characters; a text has the single ones too, for queries of one character."""
    pairs = [run[i : i + 2] for i in range(len(run) - 1)]
    return pairs if asked and pairs else [*pairs, *run]


def _fold(text: str) -> str:
    folded = text.casefold()
    if folded.isascii():
        return folded
    bare = _MARKS.sub("", unicodedata.normalize("NFD", folded)).translate(_LETTERS)
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in bare)
    return unicodedata.normalize("NFC", digits)
