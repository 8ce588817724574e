"""Writes docs/operations.md from the table of operations, whenever the documentation is built.

python docs/operations.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from outcrop.bedrock import ops, spec
from outcrop.bedrock.table import TABLE, Entry, refused

__all__ = ["ops"]  # importing it fills the table

PAGE = Path(__file__).parent / "operations.md"
INTRODUCTION = """\
# Every operation

Each operation of Amazon Bedrock's four services, as the service models of botocore name them, and whether this version
of Outcrop offers it. One that is not offered is answered with status 501 and its name, or with an error that says why.
Of one that is offered, every member is supported but those that are listed: a refused member is answered with
`ValidationException` and its name; a member without effect is accepted, for the reason that stands beside it.
Extensions are values that Outcrop allows beyond the service model. The page is made from the code.
"""


def page() -> str:
    """The page."""
    return "\n".join((INTRODUCTION, *(line for name in spec.SERVICES for line in _service(name)))) + "\n"


def _service(name: str) -> Iterator[str]:
    operations = spec.service(name).operations
    declared = {one: TABLE[name, one] for one in sorted(operations) if (name, one) in TABLE}
    entries = {one: entry for one, entry in declared.items() if not entry.explains}
    yield from (f"## {name}", "", f"{len(entries)} of {len(operations)} operations are offered.", "")
    yield from ("| Operation | Request | Offered |", "| --- | --- | --- |")
    for one, operation in sorted(operations.items()):
        answer = "**yes**" if one in entries else "no, and says why" if one in declared else "no"
        yield f"| {one} | `{operation.method} {operation.path}` | {answer} |"
    yield ""
    for entry in entries.values():
        yield from _members(entry)


def _members(entry: Entry) -> Iterator[str]:
    """What of an operation is refused, has no effect, or is an extension."""
    lists = {
        "Refused by name:": [f"- `{path}`" for path in refused(entry)],
        "Accepted without effect:": [f"- `{path}`: {reason}" for path, reason in sorted(entry.ignores.items())],
        "Extensions:": [f"- {shape}: {_values(more)}" for shape, more in sorted(entry.extends.items())],
    }
    yield from (f"### {entry.operation.name} ({entry.operation.service.name})", "")
    for title, lines in lists.items():
        if lines:
            yield from (title, "", *lines, "")
    if not any(lists.values()):
        yield from ("Every member is supported.", "")


def _values(more: tuple[str, ...]) -> str:
    return ", ".join(f"`{value}`" for value in more)


def write() -> None:
    """Write the page, if it is not already so: Sphinx reads again what was written again."""
    text = page()
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
