"""`outcrop jobs`: what was synced when, how it went, and how far it is."""

from __future__ import annotations

from typing import Annotated

import typer

from outcrop.cli.console import DataOption, JsonOption, opened, print_json, say, table
from outcrop.core.records import IngestionJob

SHOWN = 20  # the newest


def jobs(
    name: Annotated[str, typer.Argument(help="The knowledge base's name or id.")],
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest are shown.")] = SHOWN,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List the ingestion jobs of a knowledge base, the newest last, with the progress of one that runs."""
    with opened(data) as outcrop:
        found = outcrop.jobs(name)[-limit:]
        names = {source.id: source.name for source in outcrop.sources(name)}
    if json:
        print_json(found)
    elif not found:
        say(f"It was not synced yet. Next: outcrop sync {name}")
    else:
        rows = [(job.id, names.get(job.data_source_id, job.data_source_id), job.status, *_shown(job)) for job in found]
        table("", ("Job", "Source", "Status", "Begun", "Documents", "Chunks", "How it goes"), rows)


def _shown(job: IngestionJob) -> tuple[str, str, str, str]:
    done = job.statistics
    amount = f"{job.pace.documents} of {done.scanned}" if job.pace is not None else str(done.scanned)
    return f"{job.created_at:%Y-%m-%d %H:%M:%S}", amount, str(done.chunks_embedded), _how(job)


def _how(job: IngestionJob) -> str:
    """The rate and the time left of a job that runs; what one did that has ended."""
    done = job.statistics
    if job.pace is not None:
        left = f", {job.pace.seconds_left:.0f} s left" if job.pace.seconds_left is not None else ""
        rate = f"{job.pace.documents_per_second:.1f} documents/s, {job.pace.chunks_per_second:.1f} chunks/s"
        return f"{rate}{left}"
    if job.failure_reasons and job.status == "FAILED":
        return job.failure_reasons[0]
    counts = f"{done.indexed} new, {done.modified} changed, {done.deleted} deleted, {done.failed} failed"
    return counts + (f"; begun again {job.resumed} times" if job.resumed else "")
