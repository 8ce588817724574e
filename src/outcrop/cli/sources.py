"""`outcrop sources`: add, list and delete the data sources of a knowledge base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outcrop.cli.console import DataOption, JsonOption, opened, print_json, say, table
from outcrop.core.errors import Invalid
from outcrop.core.records import DataSource

app = typer.Typer(help="Add, list and delete the data sources of a knowledge base.", no_args_is_help=True)
Base = Annotated[str, typer.Argument(help="The knowledge base's name or id.")]


@app.command()
def add(
    base: Base,
    folder: Annotated[Path | None, typer.Option(help="A folder of this machine.")] = None,
    s3: Annotated[str | None, typer.Option(help="A bucket, or BUCKET/PREFIX.")] = None,
    parser: Annotated[str, typer.Option(help="What reads its PDF files and pictures: local, textract, mathpix.")] = "",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Add a folder or a bucket; nothing is read before the next sync."""
    if (folder is None) == (s3 is None):
        raise Invalid("Name one place: --folder DIR or --s3 BUCKET.")
    with opened(data) as outcrop:
        if folder is not None:
            made = outcrop.add_folder(base, folder, parser=parser)
        else:
            bucket, _, prefix = str(s3).removeprefix("s3://").partition("/")
            given = {"bucket": bucket, "prefix": prefix} if prefix else {"bucket": bucket}
            made = outcrop.add_source(base, "s3", given, name=bucket, parser=parser)
    if json:
        print_json(made)
    else:
        say(f"Added {place_of_source(made)} ({made.id}). Next: outcrop sync {base}")


@app.command("list")
def listed(base: Base, data: DataOption = None, json: JsonOption = False) -> None:
    """List the data sources of a knowledge base."""
    with opened(data) as outcrop:
        found = outcrop.sources(base)
    if json:
        print_json(found)
    elif not found:
        say(f"It has no data source yet. Add one: outcrop sources add {base} --folder DIR")
    else:
        rows = [(one.name, one.id, place_of_source(one), one.status, one.created_at) for one in found]
        table("", ("Name", "Id", "Place", "Status", "Created"), rows)


@app.command()
def delete(
    base: Base,
    source: Annotated[str, typer.Argument(help="The data source's name or id.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: DataOption = None,
) -> None:
    """Delete a data source and what is indexed of it; its files stay where they are."""
    with opened(data) as outcrop:
        if not yes:
            typer.confirm(f"Delete the data source {source} of {base} and what is indexed of it?", abort=True)
        outcrop.delete_source(base, source)
    say(f"Deleted {source}.")


def place_of_source(source: DataSource) -> str:
    """Where a data source is."""
    given = source.configuration
    if source.kind == "s3":
        return f"s3://{given['bucket']}/{given.get('prefix', '')}"
    return str(given.get("path", source.kind))
