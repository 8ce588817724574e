"""Finds the functions, classes and other definitions of source code: Python exactly, languages with braces nearly so.

Runs in a guarded process: the code is hostile, and may be what no compiler takes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import accumulate

from outcrop.core.parsed import Definition

MOST = 100_000  # definitions of one file
LONGEST_HEADER = 2000  # characters before a brace
PYTHON = frozenset({"py", "pyi"})
QUOTED = frozenset({"js", "mjs", "cjs", "jsx", "ts", "tsx", "php", "dart", "groovy", "gradle", "vue", "svelte"})
BRACED = QUOTED | frozenset(
    {"java", "kt", "kts", "scala", "go", "rs", "c", "h", "cc", "cpp", "cxx", "hpp", "cs", "swift", "m", "mm", "zig"}
)
STRINGS = r'"(?:\\.|[^"\\\n])*"|`[^`]*(?:`|\Z)'
COMMENTS = r"//[^\n]*|/\*(?:.*?\*/|.*\Z)"
CHARACTER, TEXT = r"'(?:\\[^\n]{1,10}?|[^'\\\n])'", r"'(?:\\.|[^'\\\n])*'"
DIRECTIVES = r"^[ \t]*#[^\n\[][^\n]*"  # of a preprocessor, but not Rust's attributes
MASKED = {
    True: re.compile(f"{COMMENTS}|{STRINGS}|{TEXT}", re.DOTALL),
    False: re.compile(f"{COMMENTS}|{STRINGS}|{CHARACTER}|{DIRECTIVES}", re.DOTALL | re.MULTILINE),
}
KINDS = "class|interface|enum|trait|namespace|module|mod|record|object|protocol|extension|impl"
TYPES = re.compile(
    rf"\b(?:{KINDS})\b(?:\s*<[^<>]*>)?\s+(?:[\w$:<>&', ]+?\s+for\s+)?([\w$]+)"
    r"|\btype\s+(\w+)[^\n=]*\b(?:struct|interface)\b"
)
STRUCTURES = re.compile(r"\b(?:struct|union)\s+(\w+)[^()]*\Z")
NAMED = re.compile(
    r"\b(?:function\s*\*?|func|fn|fun)\s+(?:\([^()]*\)\s*)?([\w$]+)"
    r"|\b(?:const|let|var|val)\s+([\w$]+)[^=;]*=\s*(?:async\s*)?(?:function\b|\(|[\w$]+\s*=>)"
)
CALLED = re.compile(r"([\w$~]+(?:::[\w~]+)*)\s*\(([^{};]*)\)[^(){};=]*\Z")
CONTROL = frozenset(
    {"if", "for", "while", "switch", "catch", "return", "else", "do", "try", "with", "match", "when", "new", "using",
     "lock", "synchronized", "foreach", "unless", "until", "select", "defer", "guard", "loop", "sizeof", "function"}
)  # fmt: skip
ABOVE = re.compile(r"\s*(?://|/\*|\*|(?:#\[|@)[^{};]*\Z)")  # comments and attributes belong to what they stand above


def definitions(text: str, extension: str) -> tuple[Definition, ...]:
    """The definitions of a text, outer before inner, in order; none where the language is not known."""
    if extension in PYTHON:
        return tuple(_python(text))[:MOST]
    if extension in BRACED:
        return tuple(sorted(_braced(text, quoted=extension in QUOTED), key=lambda one: (one.start, -one.end)))[:MOST]
    return ()


def _python(text: str) -> Iterator[Definition]:
    """Functions and classes, not those within functions."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    yield from _members(tree, "", starts)


def _members(node: ast.Module | ast.ClassDef, above: str, starts: list[int]) -> Iterator[Definition]:
    for one in node.body:
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first = min([one.lineno, *(decorator.lineno for decorator in one.decorator_list)])
        name = f"{above}{one.name}"
        end = starts[one.end_lineno or one.lineno] - 1
        yield Definition(name=name, start=starts[first - 1], end=end)
        if isinstance(one, ast.ClassDef):
            yield from _members(one, f"{name}.", starts)


def _braced(text: str, *, quoted: bool) -> Iterator[Definition]:
    """What stands before braces that are not within a function."""
    masked = MASKED[quoted].sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    open_blocks: list[tuple[str | None, bool, int]] = []  # name, whether definitions are looked for in it, start
    since = 0
    for found in re.finditer("[{};]", masked):
        if found[0] == "{":
            inside = all(block[1] for block in open_blocks)
            open_blocks.append(_block(masked, since, found.start()) if inside else (None, False, 0))
        elif found[0] == "}" and open_blocks:
            name, _, start = open_blocks.pop()
            if name is not None:
                path = [*(block[0] for block in open_blocks if block[0]), name]
                yield Definition(name=".".join(path), start=_with_comments(text, start), end=found.end())
        since = found.end()


def _block(masked: str, since: int, brace: int) -> tuple[str | None, bool, int]:
    """What the text before a brace says that the block is."""
    begin = max(since, brace - LONGEST_HEADER)
    header = masked[begin:brace]
    types = list(TYPES.finditer(header)) or list(STRUCTURES.finditer(header))
    if types:
        return types[-1][1] or types[-1].group(types[-1].lastindex or 1), True, _line(masked, begin + types[-1].start())
    named = list(NAMED.finditer(header))
    if named:
        return named[-1].group(named[-1].lastindex or 1), False, _line(masked, begin + named[-1].start())
    called = CALLED.search(header.rstrip())
    if called is not None and called[1] not in CONTROL:
        return called[1], False, _line(masked, begin + called.start())
    return None, False, 0


def _line(text: str, position: int) -> int:
    """Where the line of a position begins."""
    return text.rfind("\n", 0, position) + 1


def _with_comments(text: str, start: int) -> int:
    """The beginning of the comments and attributes that stand directly above a definition."""
    while start > 0:
        above = _line(text, start - 1)
        if not ABOVE.match(text[above:start]):
            break
        start = above
    return start
