"""Results as Markdown: tables, and goals with what was measured."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

RESULTS = Path(__file__).parent / "results.md"


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that Outcrop should reach, and what it did."""

    what: str
    wanted: str
    measured: str
    met: bool


@dataclass(slots=True)
class Section:
    """The outcome of one benchmark."""

    title: str
    blocks: list[str] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Add a paragraph."""
        self.blocks.append(sentence)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add a table; all columns but the first are numbers."""
        self.blocks.append(table(header, rows))

    def at_least(self, what: str, wanted: float, measured: float, digits: int = 3) -> None:
        """A goal that is met from a number upwards."""
        self.goals.append(Goal(what, f"at least {wanted:g}", f"{measured:.{digits}f}", measured >= wanted))

    def at_most(self, what: str, wanted: float, measured: float, digits: int = 2) -> None:
        """A goal that is met up to a number."""
        self.goals.append(Goal(what, f"at most {wanted:g}", f"{measured:.{digits}f}", measured <= wanted))

    def within(self, what: str, wanted: float, tolerance: float, measured: float) -> None:
        """A goal that is met near a number."""
        near = abs(measured - wanted) <= tolerance
        self.goals.append(Goal(what, f"{wanted:g} ± {tolerance:g}", f"{measured:.4f}", near))

    def markdown(self) -> str:
        """The section as it is written."""
        goals = [[goal.what, goal.wanted, goal.measured, "yes" if goal.met else "**no**"] for goal in self.goals]
        shown = [table(["Goal", "wanted", "measured", "met"], goals)] if goals else []
        return "\n\n".join([f"## {self.title}", *self.blocks, *shown]) + "\n"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; floats are shown with three significant digits."""
    lines = [list(header), ["---", *["---:"] * (len(header) - 1)], *[[_shown(cell) for cell in row] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def save(sections: Sequence[Section], path: Path = RESULTS) -> None:
    """Write sections into the results, in place of older ones with the same title."""
    kept = _sections(path.read_text(encoding="utf-8")) if path.is_file() else {}
    kept |= {section.title: section.markdown() for section in sections}
    path.write_text("\n".join([f"# Results\n\n{_machine()}\n", *kept.values()]), encoding="utf-8")


def _sections(text: str) -> dict[str, str]:
    parts = re.split(r"(?m)^## (.+)\n", text)[1:]
    return {title: f"## {title}\n{body.rstrip()}\n" for title, body in zip(parts[::2], parts[1::2], strict=True)}


def _machine() -> str:
    return (
        f"Measured on {os.cpu_count()} cores ({platform.machine()}, {platform.system()}), "
        f"Python {platform.python_version()}, by `make bench`."
    )


def _shown(cell: object) -> str:
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
