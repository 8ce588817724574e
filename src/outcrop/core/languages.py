"""The language of a text, as far as its script and function words tell it; silent where they do not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from outcrop.core.function_words import WORDS_BY_LANGUAGE
from outcrop.core.terms import fold

SAMPLE = 4000  # characters, of the beginning and of the middle
LEAST_WORDS = 5  # function words, for a language to be told from one alphabet's others
LEAST_LETTERS = 10
LEAD = 1.2  # the best language has so many times the function words of the next
CODES: Mapping[str, str] = {
    "english": "en",
    "german": "de",
    "spanish": "es",
    "french": "fr",
    "italian": "it",
    "portuguese": "pt",
    "dutch": "nl",
    "russian": "ru",
}
# What the lists for questions lack, and languages that they have not, a line each.
_MORE = """
it e di la che in un per con una a le i da del si al alla anche prima dopo
pt e de a o que se para com por um uma mesmo tempo cada antes depois foi sem sobre
nl de in van zonder door nog wel als over tot
sv och att det som en ett den av inte med har de till om var ett han hon men ska kan vid eller
da og at det som en et den af ikke med har de til om var er på men skal kan ved eller
pl i w na nie się że z do to jest o jak co po za od przez dla przed ale jego oraz lub być
cs a v na se že je to s z do o jak po za od pro před ale jeho nebo být jsou který
tr ve bir bu da de için ile o çok daha gibi kadar olan olarak değil ne mi her ya önce sonra
"""
_WORDS: Mapping[str, frozenset[str]] = {
    code: frozenset(fold(" ".join(known)).split())
    | next((WORDS_BY_LANGUAGE[name] for name, other in CODES.items() if other == code), frozenset())
    for code, known in (
        *((line.split()[0], line.split()[1:]) for line in _MORE.strip().splitlines()),
        *((code, ()) for name, code in CODES.items() if f"\n{code} " not in _MORE),
    )
}
# Scripts that are written in one language, or nearly so, and their characters.
SCRIPTS: Mapping[str, str] = {
    "ja": r"[\u3041-\u30ff]",
    "ko": r"[\uac00-\ud7a3\u1100-\u11ff]",
    "zh": r"[\u3400-\u9fff]",
    "el": r"[\u0370-\u03ff]",
    "he": r"[\u0590-\u05ff]",
    "ar": r"[\u0600-\u06ff]",
    "hi": r"[\u0900-\u097f]",
    "th": r"[\u0e00-\u0e7f]",
    "cyrillic": r"[\u0400-\u04ff]",
    "latin": r"[A-Za-z\u00c0-\u024f]",
}
_UKRAINIAN = re.compile("[іїєґ]", re.IGNORECASE)
_SCRIPTS = {name: re.compile(characters) for name, characters in SCRIPTS.items()}
_WORD = re.compile(r"[^\W\d_]+")
KANA_SHARE = 0.05  # of the characters of a Japanese text, at least, are kana


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language that a text is mostly in; None where that cannot be told."""
    middle = len(text) // 2
    sample = text if len(text) <= SAMPLE else text[: SAMPLE // 2] + text[middle : middle + SAMPLE // 2]
    counts = {name: len(pattern.findall(sample)) for name, pattern in _SCRIPTS.items()}
    if counts["ja"] > KANA_SHARE * (counts["ja"] + counts["zh"]):
        counts["ja"] += counts.pop("zh")
    script = max(counts, key=lambda name: counts[name])
    if counts[script] < LEAST_LETTERS:
        return None
    if script == "cyrillic" and _UKRAINIAN.search(sample):
        return "uk"
    return _by_words(sample) if script in ("cyrillic", "latin") else script


def _by_words(sample: str) -> str | None:
    """The language whose function words are most, where it leads clearly."""
    words = Counter(_WORD.findall(fold(sample)))
    found = sorted(((sum(words[word] for word in known), code) for code, known in _WORDS.items()), reverse=True)
    (most, best), (next_most, _) = found[0], found[1]
    return best if most >= max(LEAST_WORDS, LEAD * next_most) else None
