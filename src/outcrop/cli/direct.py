"""`outcrop add` and `outcrop remove`: single documents, without a folder to sync."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated, Any

import typer

from outcrop.cli.console import DataOption, Exit, JsonOption, opened, print_json, say
from outcrop.core.errors import Invalid

Name = Annotated[str, typer.Argument(help="The knowledge base's name or id.")]


def add(
    name: Name,
    file: Annotated[Path, typer.Argument(help="The file.")],
    id: Annotated[str | None, typer.Option("--id", help="What it is called; the file's name when left out.")] = None,
    metadata: Annotated[str | None, typer.Option(help='Its metadata, as in {"team": "plant", "year": 2026}.')] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Add one file to a knowledge base, or replace the one that has its id."""
    with opened(data) as outcrop:
        document = outcrop.add(name, file, id=id, metadata=_attributes(metadata))
    if json:
        print_json(document)
    else:
        say(f"{document.name}: {document.status}, {document.chunks} chunks. {document.reason or ''}".strip())
    if document.status in ("FAILED", "IGNORED"):
        raise typer.Exit(Exit.FINDINGS)


def remove(
    name: Name,
    id: Annotated[str, typer.Argument(help="What the document is called.")],
    data: DataOption = None,
) -> None:
    """Remove a document that was added by itself."""
    with opened(data) as outcrop:
        outcrop.remove(name, id)
    say(f"Removed {id}.")


def _attributes(text: str | None) -> dict[str, Any]:
    """The metadata of an option. Raises Invalid where it is no JSON object."""
    try:
        given = jsons.loads(text) if text is not None else {}
    except (ValueError, RecursionError) as error:
        raise Invalid(f"--metadata is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise Invalid('--metadata must be a JSON object, as in {"team": "plant"}.')
    return given
