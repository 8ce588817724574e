"""The constraints of single values, as sentences that name the member and say what would be right."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from outcrop.bedrock.spec import Shape

Complain = Callable[[Any, str, list[str]], None]
SHOWN = 60  # characters of a wrong value that a message repeats
KINDS = {
    bool: "true or false",
    str: "a string",
    int: "a whole number",
    float: "a number",
    dict: "an object",
    list: "a list",
}


def wrong_type(at: str, wanted: str, value: Any) -> str:
    """The sentence for a value of a wrong type."""
    return f"{at} must be {wanted}, not {KINDS.get(type(value), type(value).__name__)}."


def bounds(shape: Shape, unit: str = "") -> Complain | None:
    """Complains where a size (of a string, list, map or blob) or a number is out of its bounds; None without bounds."""
    least, most = shape.traits.get("min"), shape.traits.get("max")
    if least is None and most is None:
        return None
    verb = "have" if unit else "be"

    def complain(size: Any, at: str, problems: list[str]) -> None:
        if least is not None and size < least:
            problems.append(f"{at} must {verb} at least {least}{unit}, not {size}.")
        elif most is not None and size > most:
            problems.append(f"{at} must {verb} at most {most}{unit}, not {size}.")

    return complain


def wording(shape: Shape, more: Sequence[str] = ()) -> Complain | None:
    """Complains where a string is not one of its enum or does not match its pattern; None without either.

    `more` are further values of the enum, or further patterns, that Outcrop allows.
    """
    if "enum" in shape.traits:
        return _enum(shape, more)
    return _pattern(shape, more) if "pattern" in shape.traits else None


def _enum(shape: Shape, more: Sequence[str]) -> Complain:
    values = frozenset((*shape.traits["enum"], *more))
    choices = ", ".join((*shape.traits["enum"], *more))

    def complain(value: str, at: str, problems: list[str]) -> None:
        if value not in values:
            shown = "" if shape.is_sensitive else f", not {value[:SHOWN]!r}"
            problems.append(f"{at} must be one of {choices}{shown}.")

    return complain


def _pattern(shape: Shape, more: Sequence[str]) -> Complain:
    sources = (shape.traits["pattern"], *more)
    patterns = [re.compile(portable(source)) for source in sources]

    def complain(value: str, at: str, problems: list[str]) -> None:
        if not any(pattern.fullmatch(value) for pattern in patterns):
            problems.append(f"{at} must match the pattern {' or '.join(sources)}")

    return complain


def portable(pattern: str) -> str:
    r"""A pattern with its Unicode categories (`\p{L}`, `\P{C}`), which `re` does not know, written as ranges."""
    depth_of_class = False
    pieces: list[str] = []
    position = 0
    while position < len(pattern):
        found = _CATEGORY.match(pattern, position)
        if found:
            ranges = _ranges(found["name"], negated=found["sign"] == "P")
            pieces.append(ranges if depth_of_class else f"[{ranges}]")
            position = found.end()
            continue
        width = 2 if pattern[position] == "\\" else 1
        piece = pattern[position : position + width]
        depth_of_class = piece == "[" or (depth_of_class and piece != "]")
        pieces.append(piece)
        position += width
    return "".join(pieces)


_CATEGORY = re.compile(r"\\(?P<sign>[pP])\{(?P<name>[A-Z][a-z]?)\}")


@cache
def _ranges(name: str, *, negated: bool) -> str:
    """The characters of a Unicode category as the inside of a character class."""
    pieces, start = [], None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and unicodedata.category(chr(code)).startswith(name) != negated
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            pieces.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = None
    return "".join(pieces)
