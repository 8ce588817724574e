"""Writes the tables of docs/bedrock.md from the table of operations, so that they stay true.

python docs/operations.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from outcrop.bedrock import ops, spec
from outcrop.bedrock.table import TABLE, Entry, refused

__all__ = ["ops"]  # importing it fills the table

PAGE = Path(__file__).parent / "bedrock.md"
BEGIN, END = "<!-- operations: begin -->\n", "<!-- operations: end -->\n"


def tables() -> str:
    """The offered operations, and for each what it refuses and what it ignores."""
    return "\n".join(_lines()) + "\n"


def written(page: str) -> str:
    """The page with its tables renewed."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


def _lines() -> Iterator[str]:
    yield from ("| Service | Operation | Request |", "| --- | --- | --- |")
    for (service, name), entry in sorted(TABLE.items()):
        yield f"| `{service}` | {name} | `{entry.operation.method} {entry.operation.path}` |"
    yield ""
    for name in spec.SERVICES:
        offered = sum(service == name for service, _ in TABLE)
        yield f"- `{name}`: {offered} of {len(spec.service(name).operations)} operations are offered."
    for (_, name), entry in sorted(TABLE.items()):
        yield from _members(name, entry)


def _members(name: str, entry: Entry) -> Iterator[str]:
    yield from ("", f"### {name}", "", "Refused by name:", "")
    yield from (f"- `{path}`" for path in refused(entry))
    if entry.ignores:
        yield from ("", "Accepted without effect:", "")
        yield from (f"- `{path}`: {reason}" for path, reason in sorted(entry.ignores.items()))


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
