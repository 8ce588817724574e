"""`outcrop sources`: add, list and delete the data sources of a knowledge base."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from outcrop.cli.console import DataOption, JsonOption, opened, print_json, say, table
from outcrop.core.errors import Invalid
from outcrop.core.records import DataSource

app = typer.Typer(help="Add, list and delete the data sources of a knowledge base.", no_args_is_help=True)
Base = Annotated[str, typer.Argument(help="The knowledge base's name or id.")]


Urls = Annotated[list[str] | None, typer.Option(help="An address of a website; may be given again.")]
Patterns = Annotated[list[str] | None, typer.Option(help="A pattern, such as '*.pdf'; may be given again.")]


@app.command()
def add(
    base: Base,
    folder: Annotated[Path | None, typer.Option(help="A folder of this machine.")] = None,
    s3: Annotated[str | None, typer.Option(help="A bucket, or BUCKET/PREFIX.")] = None,
    web: Urls = None,
    git: Annotated[str | None, typer.Option(help="A repository: its address, or its path on this machine.")] = None,
    openapi: Annotated[str | None, typer.Option(help="An OpenAPI document: a file, or its address.")] = None,
    queue: Annotated[str | None, typer.Option(help="--s3: the address of the SQS queue of its notifications.")] = None,
    sitemap: Annotated[list[str] | None, typer.Option(help="--web: a sitemap; may be given again.")] = None,
    scope: Annotated[str | None, typer.Option(help="--web: prefix (as given), host, or subdomains.")] = None,
    depth: Annotated[int | None, typer.Option(help="--web: how many links deep; 0 for the addresses alone.")] = None,
    max_pages: Annotated[int | None, typer.Option(help="--web: how many pages at most; 1000 if left out.")] = None,
    branch: Annotated[str | None, typer.Option(help="--git: a branch; the default one if left out.")] = None,
    subfolder: Annotated[str | None, typer.Option(help="--git: a folder of the repository alone.")] = None,
    include: Patterns = None,
    exclude: Patterns = None,
    credential: Annotated[
        str | None, typer.Option(help="--web, --git, --openapi: [USER:]VARIABLE that holds the secret.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    parser: Annotated[str, typer.Option(help="What reads its PDF files and pictures: local, textract, mathpix.")] = "",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Add a folder, bucket, website, repository or API; nothing is read before the next sync."""
    given: dict[str, Any] = {"queue": queue, "sitemaps": sitemap, "scope": scope, "depth": depth}
    given |= {"max_pages": max_pages, "branch": branch, "subfolder": subfolder, "include": include, "exclude": exclude}
    given["credential"] = _credential(credential)
    more = {key: value for key, value in given.items() if value not in (None, [])}
    kind, place = _place({"folder": folder, "s3": s3, "web": web, "git": git, "openapi": openapi}, sitemap)
    configuration = {**place, **more}
    with opened(data) as outcrop:
        if kind == "folder" and not more:
            made = outcrop.add_folder(base, configuration["path"], parser=parser)
        else:
            called = name or _name(kind, configuration)
            made = outcrop.add_source(base, kind, configuration, name=called, parser=parser)
    if json:
        print_json(made)
    else:
        say(f"Added {place_of_source(made)} ({made.id}). Next: outcrop sync {base}")


def _place(given: Mapping[str, Any], sitemaps: list[str] | None) -> tuple[str, dict[str, Any]]:
    """The kind of data source that is asked for, and its place. Raises Invalid unless it is one."""
    named = [kind for kind, value in given.items() if value]
    if not named and sitemaps:
        return "web", {}
    if len(named) != 1:
        places = "--folder DIR, --s3 BUCKET, --web URL, --git URL or --openapi FILE"
        raise Invalid(f"Name one place: {places}.")
    (kind,) = named
    value = given[kind]
    if kind == "folder":
        return kind, {"path": str(value.expanduser().resolve())}
    if kind == "s3":
        bucket, _, prefix = value.removeprefix("s3://").partition("/")
        return kind, {"bucket": bucket, "prefix": prefix} if prefix else {"bucket": bucket}
    if kind == "web":
        return kind, {"urls": value}
    return kind, _located(value, "path" if kind == "git" else "file")


def _located(value: str, member: str) -> dict[str, str]:
    """Something that is on the web, or on this machine."""
    if "://" in value:
        return {"url": value}
    return {member: str(Path(value).expanduser().resolve())}


def _credential(given: str | None) -> dict[str, str] | None:
    if given is None:
        return None
    username, colon, variable = given.rpartition(":")
    return {"variable": variable, **({"username": username} if colon else {})}


def _name(kind: str, configuration: Mapping[str, Any]) -> str:
    """What a data source is called that was given no name."""
    if kind == "s3":
        return str(configuration["bucket"])
    places = (configuration.get("urls") or configuration.get("sitemaps") or [""])[0]
    place = str(configuration.get("path") or configuration.get("file") or configuration.get("url") or places)
    last = place.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return (urlsplit(place).netloc if kind == "web" else last)[:100] or kind


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
    if source.kind == "web":
        return ", ".join([*given.get("urls", ()), *given.get("sitemaps", ())])
    return str(given.get("path") or given.get("file") or given.get("url") or source.kind)
