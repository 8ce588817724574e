"""Patterns of the service models as Python's own `re` reads them."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache


def portable(pattern):
    r"""A pattern with its Unicode categories (`\p{L}`, `\P{C}`), which `re` does not know, written as ranges."""
    depth_of_class = False
    pieces = []
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
def _ranges(name, *, negated):
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
