"""Text as PostgreSQL can hold it: without U+0000 and halves of surrogate pairs, in the same order, and back.

Both are written as two characters. The code is made letter by letter, so that a text begins with another exactly where
its coded form does; and coded forms compare by code point as the texts do.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outcrop.core.filters import kind

_LOW, _HIGH = "\x01", "\ue000"  # what begins a pair: they sort where the letters do that they stand for
_FIRST = 0xD800
_CODED = re.compile("[\x00\x01\ud800-\udfff\ue000]")
_PAIR = re.compile("\x01([\x01\x02])|\ue000([\ue001-\ue801])")
_OWN = "\ue801"  # after _HIGH: that character itself, after all 2,048 halves
_BEYOND = "1" + "0" * 400  # stands for infinity: more than any finite float


def coded(text: str) -> str:
    """The form in which a text is kept."""
    return text if text.isascii() and "\x00" not in text and _LOW not in text else _CODED.sub(_pair, text)


def decoded(text: str) -> str:
    """The text that `coded` wrote."""
    return _PAIR.sub(_single, text)


def may_be_inside(text: str) -> bool:
    """Whether a coded form might be found in the middle of a pair, where the text is not."""
    return text[:1] in ("\x01", "\x02") or "\ue001" <= text[:1] <= _OWN


def _pair(found: re.Match[str]) -> str:
    letter = found[0]
    if letter in ("\x00", _LOW):
        return _LOW + ("\x01" if letter == "\x00" else "\x02")
    return _HIGH + (_OWN if letter == _HIGH else chr(0xE001 + ord(letter) - _FIRST))


def _single(found: re.Match[str]) -> str:
    if found[1]:
        return "\x00" if found[1] == "\x01" else _LOW
    return _HIGH if found[2] == _OWN else chr(ord(found[2]) - 0xE001 + _FIRST)


def number_text(value: float) -> str | None:
    """A number in decimal, exactly as it is; None where it is not a number, which equals nothing, itself included."""
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return None
    if math.isinf(value):
        return _BEYOND if value > 0 else f"-{_BEYOND}"
    return format(Decimal(value), "f")


def value_json(value: Any) -> str | None:
    """A field's value as JSON; None where there is none to compare with."""
    name = kind(value)
    if name == "list":
        members = [member for member in map(value_json, value) if member is not None]
        return f"[{','.join(members)}]"
    if name == "text":
        return json.dumps(coded(value), ensure_ascii=False)
    if name == "number":
        return number_text(value)
    return ("true" if value else "false") if name == "truth" else None


def fields_json(fields: Mapping[str, Any]) -> str:
    """Fields as a JSON object that filters are answered from."""
    members = ((json.dumps(coded(key), ensure_ascii=False), value_json(value)) for key, value in fields.items())
    return "{" + ",".join(f"{key}:{value}" for key, value in members if value is not None) + "}"
