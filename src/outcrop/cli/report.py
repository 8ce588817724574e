"""`outcrop report`: what was ingested, in numbers and document by document."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from outcrop.cli.console import DataOption, JsonOption, opened, plain, print_json, say, table
from outcrop.core.records import Document

if TYPE_CHECKING:
    from outcrop.ingest.report import Report


def report(
    name: Annotated[str, typer.Argument(help="The knowledge base's name or id.")],
    job: Annotated[
        str | None, typer.Argument(help="A job's id, or last for the newest; the whole knowledge base when left out.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the documents into this CSV file; - is the output.")] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show what was ingested: counts, pages, OCR, chunks, languages, and what to do about what failed."""
    with opened(data) as outcrop:
        made, documents = outcrop.report(name, job)
    if csv is not None:
        _write(csv, documents)
    if json:
        print_json(_as_json(made, documents))
    elif csv is None:
        table("", ("", ""), _rows(made))
        _failures(documents)


def _write(place: Path, documents: list[Document]) -> None:
    from outcrop.ingest.report import csv_lines

    if str(place) == "-":
        sys.stdout.writelines(csv_lines(documents))
        return
    with place.open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_lines(documents))
    say(f"Wrote {len(documents)} documents to {place}.")


def _as_json(made: Report, documents: list[Document]) -> dict[str, Any]:
    from outcrop.ingest.report import row

    return {**plain(made), "documentRows": [row(document) for document in documents]}


def _rows(made: Report) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    if made.job is not None:
        done = made.job.statistics
        rows += [("Job", f"{made.job.id}: {made.job.status}"), ("Scanned", done.scanned)]
        rows += [("New", done.indexed), ("Modified", done.modified), ("Deleted", done.deleted)]
        rows += [("Unchanged", done.unchanged), ("Failed", done.failed), ("Skipped", done.ignored)]
        rows += [("Metadata scanned", done.metadata_scanned), ("Metadata modified", done.metadata_modified)]
        rows += [("Parsed", done.parsed), ("Chunks embedded", done.chunks_embedded)]
        rows += [("Chunks used again", done.chunks_reused), ("Tokens embedded", done.tokens_embedded)]
    rows += [("Documents", _counted(made.statuses)), ("Languages", _counted(made.languages))]
    confidence = f", confidence {made.ocr_confidence:.2f}" if made.ocr_confidence is not None else ""
    share = f" ({made.ocr_share:.0%}{confidence})" if made.ocr_share else ""
    rows += [("Pages", f"{made.pages}: {made.ocr_pages} by OCR{share}, {made.empty_pages} empty")]
    rows += [("Chunks", f"{made.chunks}: {made.empty_chunks} empty, {made.duplicate_chunks} duplicate")]
    rows += [("Same content as another", made.duplicate_documents), ("Tokens", made.tokens)]
    return [*rows, ("Chunks by tokens", ", ".join(f"{label}: {count}" for label, count in made.histogram.items()))]


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "none"


def _failures(documents: list[Document]) -> None:
    """What failed or was read in part, and what to do."""
    from outcrop.ingest.report import REMEDIES

    rows = [
        (one.name, one.status, one.reason or "", REMEDIES.get(one.reason_code or "", ""))
        for one in documents
        if one.status in ("FAILED", "PARTIALLY_INDEXED")
    ]
    if rows:
        table("", ("Document", "Status", "Reason", "What to do"), rows)
