"""What every command shares: its options, its output as tables or JSON, and its exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from outcrop.app.local import Outcrop

DataOption = Annotated[
    Path | None, typer.Option("--data", envvar="OUTCROP_DATA", help="The directory that holds Outcrop's state.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


class Exit(IntEnum):
    """What a command's exit code means."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    FINDINGS = 3  # it ran, but some documents failed, or verify found problems


@contextmanager
def opened(data: Path | None, **settings: Any) -> Iterator[Outcrop]:
    """The data directory, opened for one command."""
    from outcrop.app.local import Outcrop

    given = {name: value for name, value in settings.items() if value is not None}
    with Outcrop(data=data, **given) as outcrop:
        yield outcrop


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def plain(value: Any) -> Any:
    """A record as JSON types: names in camelCase, times in ISO 8601, arrays left out."""
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {_camel(name): plain(one) for name, one in pairs if not _is_array(one)}
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def _is_array(value: Any) -> bool:
    return hasattr(value, "dtype") or type(value).__name__ == "Boxes"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on standard output; tab-separated where that is not a terminal."""
    if not sys.stdout.isatty():
        for row in rows:
            sys.stdout.write("\t".join(_cell(one).replace("\t", " ").replace("\n", " ") for one in row) + "\n")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*columns, title=title or None, title_justify="left", header_style="bold", border_style="dim")
    for row in rows:
        shown.add_row(*(Text(_cell(one)) for one in row))
    Console().print(shown)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def say(text: str = "") -> None:
    """A line for the person, on standard error, so that output can be piped."""
    typer.echo(text, err=True)
