"""`outcrop retrieve` and `outcrop ask`."""

from __future__ import annotations

import json as jsonlib
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from outcrop.cli.console import DataOption, JsonOption, opened, plain, print_json, say
from outcrop.cli.places import cited_point, cited_reference
from outcrop.core.answers import Answer, CitationPart, FinalPart, TextPart
from outcrop.core.errors import Invalid

Name = Annotated[str, typer.Argument(help="The knowledge base's name or id.")]
Question = Annotated[str, typer.Argument(help="The question.")]
FilterOption = Annotated[
    str | None,
    typer.Option("--filter", help='A metadata filter as in Bedrock: {"equals": {"key": "team", "value": "field"}}'),
]


class Mode(StrEnum):
    """How passages are searched."""

    hybrid = "hybrid"
    semantic = "semantic"
    keyword = "keyword"


def retrieve(
    name: Name,
    question: Question,
    limit: Annotated[int, typer.Option("-k", "--limit", min=1, max=100, help="How many passages.")] = 5,
    mode: Annotated[Mode, typer.Option(help="How to search.")] = Mode.hybrid,
    filter: FilterOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Find the passages that are nearest to a question."""
    where = parse_filter(filter)
    with opened(data) as outcrop:
        hits = outcrop.retrieve(name, question, limit=limit, mode=mode.value, where=where)
    if json:
        print_json(hits)
        return
    if not hits:
        say("Nothing was found.")
    for rank, hit in enumerate(hits, start=1):
        typer.secho(f"{rank}. {cited_point(hit.point)} · score {hit.score:.3f}", bold=True)
        if hit.chunk.context:
            typer.secho(f"   {hit.chunk.context}", dim=True)
        typer.echo(f"   {hit.chunk.text}\n")


def ask(
    name: Name,
    question: Question,
    session: Annotated[str | None, typer.Option(help="Go on with this session.")] = None,
    model: Annotated[str | None, typer.Option(help="provider:name of the model that answers.")] = None,
    filter: FilterOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Answer a question from a knowledge base, with citations, or say that the answer is not available."""
    where = parse_filter(filter)
    with opened(data, model=model) as outcrop:
        parts = outcrop.stream(name, question, session=session, where=where)
        answer = next(part.answer for part in parts if isinstance(part, FinalPart)) if json else _show(parts)
    if json:
        print_json({**plain(answer), "hits": [plain(hit) for hit in answer.hits]})
    else:
        _show_sources(answer)


def parse_filter(given: str | None) -> dict[str, Any] | None:
    """The JSON of a filter. Raises Invalid where it is none."""
    if given is None:
        return None
    try:
        parsed = jsonlib.loads(given)
    except ValueError as error:
        raise Invalid(f"--filter is not JSON: {error}.") from error
    if not isinstance(parsed, dict):
        raise Invalid('--filter must be a JSON object, such as {"equals": {"key": "team", "value": "field"}}.')
    return parsed


def _show(parts: Any) -> Answer:
    """Write the answer as it comes, with a number for each citation; the finished answer."""
    written, cited = "", 0
    for part in parts:
        if isinstance(part, TextPart):
            written += part.text
            sys.stdout.write(part.text)
        elif isinstance(part, CitationPart):
            cited += 1
            sys.stdout.write(f" [{cited}]")
        elif isinstance(part, FinalPart):
            if not part.answer.available and written != part.answer.text:
                sys.stdout.write(f"\n{part.answer.text}" if written else part.answer.text)
            sys.stdout.write("\n")
            return part.answer
        sys.stdout.flush()
    raise RuntimeError("An answer always ends with its final part.")


def _show_sources(answer: Answer) -> None:
    for number, citation in enumerate(answer.citations, start=1):
        for reference in citation.references:
            head = f"[{number}] {cited_reference(reference)}"
            typer.secho(f"\n{head}", bold=True)
            typer.secho(f"    “{' '.join(reference.quote.split())}”", dim=True)
    say(f"\nGo on with: --session {answer.session_id}")
