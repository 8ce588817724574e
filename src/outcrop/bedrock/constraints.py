"""The constraints of single values, as sentences that name the member and say what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from pydantic_core import SchemaError, SchemaValidator, core_schema

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
    type(None): "null",
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

    `more` are further values of the enum, or further patterns, that Outcrop allows; a value that ends in `*` allows
    whatever begins so.
    """
    if "enum" in shape.traits:
        return _enum(shape, more)
    return _pattern(shape, more) if "pattern" in shape.traits else None


def _enum(shape: Shape, more: Sequence[str]) -> Complain:
    values = frozenset((*shape.traits["enum"], *more))
    choices = ", ".join((*shape.traits["enum"], *more))
    beginnings = tuple(value.removesuffix("*") for value in more if value.endswith("*"))

    def complain(value: str, at: str, problems: list[str]) -> None:
        if value not in values and not (beginnings and value.startswith(beginnings)):
            shown = "" if shape.is_sensitive else f", not {value[:SHOWN]!r}"
            problems.append(f"{at} must be one of {choices}{shown}.")

    return complain


def _pattern(shape: Shape, more: Sequence[str]) -> Complain:
    sources = (shape.traits["pattern"], *more)
    matching = [matcher(source) for source in sources]

    def complain(value: str, at: str, problems: list[str]) -> None:
        if not any(matches(value) for matches in matching):
            problems.append(f"{at} must match the pattern {' or '.join(sources)}")

    return complain


@cache
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a text matches a pattern whole, in time that grows with its length alone.

    Some of AWS's patterns ((-*[a-z-])*) take `re` longer than the universe for a text of 63 characters, so it reads
    only those with look-around, which automata cannot.
    """
    schema = core_schema.str_schema(pattern=rf"\A(?:{pattern})\z", regex_engine="rust-regex")
    try:
        return SchemaValidator(schema).isinstance_python
    except SchemaError:
        compiled = re.compile(pattern)
        return lambda text: compiled.fullmatch(text) is not None
