"""`outcrop sync` and `outcrop verify`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from outcrop.cli.console import DataOption, Exit, JsonOption, opened, print_json, say, table
from outcrop.core.errors import NotFound
from outcrop.core.records import IngestionJob

if TYPE_CHECKING:
    from outcrop.app.local import Outcrop
    from outcrop.ingest.progress import Progress


def sync(
    name: Annotated[str, typer.Argument(help="The knowledge base's name or id; it is made if it is not there.")],
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of documents; all known sources when left out.")
    ] = None,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Remove everything where the folder has no documents any more.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Compare the index with the records first, and mend what disagrees.")
    ] = False,
    allow_deletions: Annotated[
        bool, typer.Option("--allow-deletions", help="Delete even more than the source's deletion limit allows.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Bring a knowledge base up to date: only what is new or changed is read and embedded."""
    with opened(data) as outcrop:
        options = {"allow_empty": allow_empty, "check": check, "allow_deletions": allow_deletions}
        jobs = run_sync(outcrop, name, folder, quiet=json, **options)
    if json:
        print_json(jobs)
    if any(job.status != "COMPLETE" for job in jobs):
        raise typer.Exit(Exit.FAILED)
    if any(job.statistics.failed for job in jobs):
        raise typer.Exit(Exit.FINDINGS)


def run_sync(
    outcrop: Outcrop,
    name: str,
    folder: Path | None,
    *,
    quiet: bool = False,
    **options: bool,
) -> list[IngestionJob]:
    """Sync, making the knowledge base for a folder if it is not there, with a progress bar and a summary."""
    try:
        outcrop.knowledge_base(name)
    except NotFound:
        if folder is None:
            raise
        outcrop.create(name)
    if quiet:
        return outcrop.sync(name, folder, None, **options)
    with progress_bar() as show:
        jobs = outcrop.sync(name, folder, show, **options)
    summarise(name, jobs)
    return jobs


def summarise(name: str, jobs: Sequence[IngestionJob]) -> None:
    """One line a job: what it did; and where to look when documents failed."""
    for job in jobs:
        done = job.statistics
        seconds = ((job.finished_at or job.updated_at) - job.created_at).total_seconds()
        say(
            f"{job.status}: {done.scanned} documents in {seconds:.1f} s: {done.indexed} new, {done.modified} changed, "
            f"{done.deleted} deleted, {done.unchanged} unchanged, {done.failed} failed, {done.ignored} ignored; "
            f"{done.chunks_embedded} chunks embedded" + (f" (begun again {job.resumed} times)" if job.resumed else "")
        )
        for reason in job.failure_reasons:
            say(f"  {reason}")
    if any(job.statistics.failed for job in jobs):
        say(f"See why: outcrop docs {name} --status FAILED")


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A bar with documents, rate and time left on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    rate = TextColumn("{task.fields[rate]}", style="dim")
    with Bar(*columns, rate, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Listing", total=None, rate="")
        yield lambda progress: bar.update(task, **_shown(progress))


def _shown(progress: Progress) -> dict[str, Any]:
    return {
        "description": (progress.current or "Reading")[-40:],
        "completed": progress.done,
        "total": progress.found or None,
        "rate": f"{progress.chunks} chunks, {progress.chunks_per_second:.0f}/s",
    }


def verify(
    name: Annotated[str, typer.Argument(help="The knowledge base's name or id.")],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Prove that source, metadata and index agree; list every way in which they do not."""
    with opened(data) as outcrop:
        result = outcrop.verify(name)
    if json:
        print_json(result)
    elif result.ok:
        say(f"Everything agrees: {result.documents} documents, {result.chunks} chunks.")
    else:
        rows = [(problem.kind, problem.subject, problem.sentence, problem.mend) for problem in result.problems]
        table("", ("Problem", "Subject", "What", "Mend"), rows)
    if not result.ok:
        raise typer.Exit(Exit.FINDINGS)
