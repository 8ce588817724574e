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
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Add a folder or a bucket; nothing is read before the next sync."""
    if (folder is None) == (s3 is None):
        raise Invalid("Name one place: --folder DIR or --s3 BUCKET.")
    with opened(data) as outcrop:
        if folder is not None:
            made = outcrop.add_folder(base, folder)
        else:
            bucket, _, prefix = str(s3).removeprefix("s3://").partition("/")
            given = {"bucket": bucket, "prefix": prefix} if prefix else {"bucket": bucket}
            made = outcrop.add_source(base, "s3", given, name=bucket)
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
        rows = [(one.name, one.id, place_of_source(one), one.status, one.schedule, one.created_at) for one in found]
        table("", ("Name", "Id", "Place", "Status", "Schedule", "Created"), rows)


@app.command()
def change(
    base: Base,
    source: Annotated[str, typer.Argument(help="The data source's name or id.")],
    schedule: Annotated[
        str | None, typer.Option(help="never, every 15m, every 1h, every 1d, or cron's five fields in UTC.")
    ] = None,
    deletion_limit: Annotated[
        int | None, typer.Option(min=-1, max=100, help="Per cent that a sync may delete without asking; -1 for all.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Change when a data source is synced by itself, and how much of it a sync may delete."""
    changes: dict[str, str | int | None] = {"schedule": schedule} if schedule is not None else {}
    if deletion_limit is not None:
        changes["deletion_limit"] = deletion_limit if deletion_limit >= 0 else None
    if not changes:
        raise Invalid("Name what to change: --schedule or --deletion-limit.")
    with opened(data) as outcrop:
        changed = outcrop.change_source(base, source, **changes)
    limit = f"{changed.deletion_limit} %" if changed.deletion_limit is not None else "none"
    say(f"{changed.name}: schedule {changed.schedule}, deletion limit {limit}.")


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
