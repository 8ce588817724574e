"""`outcrop kb`: make, list, show and delete knowledge bases."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from outcrop.cli.console import DataOption, JsonOption, opened, print_json, say, table
from outcrop.cli.sources import place_of_source

app = typer.Typer(help="Make, list, show and delete knowledge bases.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The knowledge base's name or id.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="A name for it.")],
    description: Annotated[str | None, typer.Option(help="What it holds.")] = None,
    embedding_model: Annotated[str | None, typer.Option(help="provider:name; the setting's when left out.")] = None,
    store: Annotated[str | None, typer.Option(help="A vector store by name; the setting's when left out.")] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Make an empty knowledge base."""
    with opened(data) as outcrop:
        made = outcrop.create(name, description=description, embedding_model=embedding_model, vector_store=store)
    if json:
        print_json(made)
    else:
        say(f"Made the knowledge base {made.name} ({made.id}). Next: outcrop sync {made.name} DIR")


@app.command("list")
def listed(data: DataOption = None, json: JsonOption = False) -> None:
    """List the knowledge bases."""
    with opened(data) as outcrop:
        found = outcrop.knowledge_bases()
    if json:
        print_json(found)
    elif not found:
        say("There is no knowledge base yet. Make one: outcrop sync NAME DIR")
    else:
        rows = [(one.name, one.id, one.status, one.embedding_model, one.created_at) for one in found]
        table("", ("Name", "Id", "Status", "Embedding model", "Created"), rows)


@app.command()
def show(name: Name, data: DataOption = None, json: JsonOption = False) -> None:
    """Show a knowledge base, its sources and how many documents are in which state."""
    with opened(data) as outcrop:
        base, sources = outcrop.knowledge_base(name), outcrop.sources(name)
        documents = outcrop.documents(name)
    states = Counter(str(document.status) for document in documents)
    chunks = sum(document.chunks for document in documents)
    if json:
        print_json({"knowledgeBase": base, "dataSources": sources, "documents": dict(states), "chunks": chunks})
        return
    rows: list[tuple[str, object]] = [("Name", base.name), ("Id", base.id), ("Status", base.status)]
    rows += [("Embedding model", f"{base.embedding_model} ({base.dimensions} dimensions)")]
    rows += [("Vector store", base.vector_store), ("Created", base.created_at)]
    rows += [("Source", f"{source.name}: {place_of_source(source)}") for source in sources]
    rows += [("Documents", ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none")]
    table("", ("", ""), [*rows, ("Chunks", chunks)])


@app.command()
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: DataOption = None,
) -> None:
    """Delete a knowledge base with its index; the source files stay where they are."""
    with opened(data) as outcrop:
        base = outcrop.knowledge_base(name)
        if not yes:
            typer.confirm(f"Delete the knowledge base {base.name} and its index?", abort=True)
        outcrop.delete(base.id)
    say(f"Deleted {base.name}.")
