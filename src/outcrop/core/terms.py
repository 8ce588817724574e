"""The words of a text in any script, and when two of them are the same word: for citations and evidence."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from outcrop.core.function_words import FUNCTION_PHRASES, function_words

Kind = Literal["word", "name", "number", "code", "pair"]

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PAIRED = f"{_HAN}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Han; Thai, Lao, Myanmar, Khmer
_KANA = "\u3041-\u309f"
_KATAKANA = "\u30a0-\u30ff\uff66-\uff9f"
_LETTER = f"[^\\W_{_PAIRED}{_KANA}{_KATAKANA}]"
_JOINT = "[.,:/_\\-‐‑–'’+]"  # what joins the parts of a word
_WORD = re.compile(
    f"(?P<pairs>[{_PAIRED}]+)|(?P<kana>[{_KANA}]+)|(?P<katakana>[{_KATAKANA}]+)"
    f"|(?P<word>(?:{_LETTER}[\u0300-\u036f\u0900-\u0dff]*)+(?:{_JOINT}(?:{_LETTER}[\u0300-\u036f]*)+)*+)"
)
_NUMBER = re.compile(r"\d[\d.,'’]*")  # the Swiss thousands mark
_PHRASES = re.compile("|".join(map(re.escape, FUNCTION_PHRASES)))
_MIN_STEM = 4
# Endings of English, German, Dutch and Romance words; a word may lose two, longest first.
_ENDING_WORDS = """
s es e ee ees ed ing ings er ers or ors ion ions ement ments ment al als ally ly ity ities y ies ied at ive
ives able ible ance ances ence ences ant ants ent ents ic ical ness ful
en em n et te ten ter ung ungen lich liche lichen licher isch ische ischen keit heit heiten end ende enden
ierung ierungen iert ierte
o a os as ar ir ad ado ada ados adas id ido ida idos idas ando iendo cion ciones mente idad ez euse eur eurs
aux ais ait aient i are ere ire ato ata ati zione zioni ao oes cao coes
"""
_ENDINGS: tuple[str, ...] = tuple(sorted(set(_ENDING_WORDS.split()), key=len, reverse=True))

# Number words from zero on that are no articles, as numbers: "six" and 6 are one.
_NUMBER_WORDS = """
zero - two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
null - zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn
cero - dos tres cuatro cinco seis siete ocho nueve diez - doce trece catorce quince
- - deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze
"""
_NUMERALS: dict[str, str] = {
    word: str(value) for line in _NUMBER_WORDS.split("\n") for value, word in enumerate(line.split()) if word != "-"
}


@dataclass(frozen=True, slots=True)
class Term:
    """A word [start, end) of a text: `key` is its stem, equal for the forms of one word.

    A `pair` is two neighbouring characters of a script without spaces; a `code` mixes letters and digits (X-200) or is
    all capitals; a `name` begins with a capital letter inside a sentence.
    """

    key: str
    kind: Kind
    start: int
    end: int


def fold(text: str) -> str:
    """Small letters without accents, in compatible forms: what is compared."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    bare = unicodedata.normalize("NFKD", folded)
    return unicodedata.normalize("NFC", "".join(c for c in bare if not "\u0300" <= c <= "\u036f"))


@lru_cache(maxsize=1 << 15)
def stem(word: str) -> str:
    """A folded word without its endings; at least three letters stay, four of longer words."""
    if not word.isalpha():
        return word
    if len(word) == _MIN_STEM and word[-1] == "s" and word[-2] not in "aius":
        return word[:-1]
    once = _shortened(word, _MIN_STEM)
    twice = _shortened(once, _MIN_STEM + 1) if once != word else once
    if twice != word and len(twice) > 3 and twice[-1] == twice[-2] and twice[-1] not in "aeiou":  # noqa: PLR2004 # run, stop, travel
        return twice[:-1]
    return twice


def _shortened(word: str, least: int) -> str:
    """A word without its longest ending, of which at least `least` letters stay, one fewer after a long ending."""
    for ending in _ENDINGS:
        if len(word) - len(ending) >= least - (len(ending) >= 4) and word.endswith(ending):  # noqa: PLR2004
            return word[: -len(ending)]
    return word


def number(text: str) -> str:
    """A number in one form, whatever marks its thousands and decimals: 1,090.00 and 1.090 and 1090 are one."""
    digits = text.strip(".,'’").replace("'", "").replace("’", "")  # as above
    digits = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", digits).replace(",", ".")
    whole, _, fraction = digits.rpartition(".") if "." in digits else (digits, "", "")
    fraction = fraction.rstrip("0")
    whole = whole.replace(".", "").lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole


def terms(text: str) -> list[Term]:
    """Every word of a text, in order."""
    found: list[Term] = []
    for match in _WORD.finditer(text):
        if match["pairs"]:
            found.extend(_pairs(match[0], match.start()))
        elif match["word"]:
            found.extend(_word_terms(text, match))
        else:
            found.append(Term(fold(match[0]), "word" if match["katakana"] else "pair", *match.span()))
    return found


def content_terms(question: str) -> list[Term]:
    """The words of a question that carry its matter; each only once."""
    blanked = _PHRASES.sub(lambda match: " " * len(match[0]), question)
    found = terms(blanked)
    surfaces = [fold(question[term.start : term.end]) for term in found]
    empty = function_words(surfaces)
    kept: dict[str, Term] = {}
    for term, surface in zip(found, surfaces, strict=True):
        hiragana = term.kind == "pair" and "\u3041" <= term.key[0] <= "\u309f"
        if not hiragana and surface not in empty:
            kept.setdefault(term.key, term)
    return list(kept.values())


def _pairs(run: str, start: int) -> list[Term]:
    if len(run) == 1:
        return [Term(run, "pair", start, start + 1)]
    return [Term(run[i : i + 2], "pair", start + i, start + i + 2) for i in range(len(run) - 1)]


def _word_terms(text: str, match: re.Match[str]) -> list[Term]:
    """The terms of a word that may be joined of several: X-200 is one code, well-known two words, 3.5 a number."""
    word, start = match[0], match.start()
    if _NUMBER.fullmatch(word):
        return [Term(number(word), "number", start, match.end())]
    if _is_code(word):
        return [Term(re.sub(r"[\W_]", "", fold(word)), "code", start, match.end())]
    found = []
    for part in re.finditer(_JOINT.replace("[", "[^", 1) + "+", word):
        first, last = start + part.start(), start + part.end()
        folded = fold(part[0])
        if part[0][0].isdigit() and _NUMBER.fullmatch(part[0]):
            found.append(Term(number(part[0]), "number", first, last))
        elif folded in _NUMERALS:
            found.append(Term(_NUMERALS[folded], "number", first, last))
        else:
            name = part[0][0].isupper() and _inside_sentence(text, first)
            found.append(Term(stem(folded), "name" if name else "word", first, last))
    return found


def _is_code(word: str) -> bool:
    letters, digits = any(c.isalpha() for c in word), any(c.isdigit() for c in word)
    return (letters and digits) or (len(word) > 1 and word.isupper() and word.isascii())


def _inside_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - 3) : start].rstrip(" \"'“„«([")
    return bool(before) and before[-1] not in ".!?:|\n#*-•。！？¿¡"
