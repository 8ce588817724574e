"""`outcrop docs` and `outcrop chunks`: what became of each document."""

from __future__ import annotations

from typing import Annotated

import typer

from outcrop.cli.console import DataOption, JsonOption, opened, print_json, say, table
from outcrop.cli.places import place_of
from outcrop.core.parsed import Coverage


def docs(
    name: Annotated[str, typer.Argument(help="The knowledge base's name or id.")],
    status: Annotated[
        str | None, typer.Option(help="Only those: INDEXED, PARTIALLY_INDEXED, FAILED or IGNORED.")
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List the documents of a knowledge base: status, coverage, and the reason where one failed."""
    with opened(data) as outcrop:
        found = sorted(outcrop.documents(name, status), key=lambda document: document.name)
    if json:
        print_json(found)
    elif not found:
        say(f"There are no documents. Run: outcrop sync {name} DIR")
    else:
        rows = [(one.name, one.status, one.chunks, _coverage(one.coverage), one.reason or "") for one in found]
        table("", ("Document", "Status", "Chunks", "Coverage", "Reason"), rows)


def chunks(
    name: Annotated[str, typer.Argument(help="The knowledge base's name or id.")],
    document: Annotated[str, typer.Argument(help="The document's name, address or id.")],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show the chunks of a document: where each stands, its tokens, its context and its text."""
    with opened(data) as outcrop:
        found = outcrop.chunks(name, document)
    if json:
        print_json([point.chunk for point in found])
        return
    for point in found:
        chunk = point.chunk
        parent = "" if chunk.searchable else ", parent"
        typer.secho(f"[{chunk.ordinal}] {place_of(point)} · {chunk.tokens} tokens{parent}", bold=True)
        if chunk.context:
            typer.secho(chunk.context, dim=True)
        typer.echo(chunk.text + "\n")


def _coverage(coverage: Coverage | None) -> str:
    if coverage is None:
        return ""
    if not coverage.pages:
        return f"{coverage.characters:,} characters"
    ways = ((coverage.text_pages, "text"), (coverage.ocr_pages, "OCR"), (coverage.empty_pages, "empty"))
    doubtful = f"; {coverage.doubtful_lines} doubtful lines" if coverage.doubtful_lines else ""
    return f"{coverage.pages} pages: " + ", ".join(f"{count} {way}" for count, way in ways if count) + doubtful
