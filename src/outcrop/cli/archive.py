"""`outcrop archive`: take the archive of embeddings out, and put vectors into it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outcrop.cli.console import DataOption, opened, say

app = typer.Typer(help="Export and import the archive of embeddings.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The knowledge base's name or id.")]


@app.command("export")
def export(
    name: Name,
    file: Annotated[Path, typer.Argument(help="The file to write: lines of JSON, compressed with gzip.")],
    data: DataOption = None,
) -> None:
    """Write the last vector of every chunk that was not deleted."""
    with opened(data) as outcrop:
        count = outcrop.export_archive(name, file)
    say(f"Wrote {count} vectors to {file}.")


@app.command("import")
def load(
    name: Name,
    file: Annotated[Path, typer.Argument(help="A gzip file with one JSON list of numbers a line.")],
    model: Annotated[str | None, typer.Option(help="What made them; the knowledge base's model if left out.")] = None,
    data: DataOption = None,
) -> None:
    """Put vectors that were made elsewhere into the archive."""
    with opened(data) as outcrop:
        count = outcrop.import_archive(name, file, model)
    say(f"Took {count} vectors into the archive.")
