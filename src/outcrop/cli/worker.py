"""`outcrop worker`: do the work of ingestion jobs, beside a server or on another machine."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from outcrop.cli.console import DataOption, opened, say


def worker(
    config: Annotated[Path | None, typer.Option(help="The file of settings; outcrop.toml here if left out.")] = None,
    data: DataOption = None,
) -> None:
    """Share the work of all ingestion jobs with the server and other workers, until it is stopped."""
    with opened(data, config=config) as outcrop:
        told = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: told.set())
        outcrop.call(outcrop.services.jobs.recover)
        outcrop.call(outcrop.services.jobs.watch)
        say(f"Working as {outcrop.services.syncs.presence.id}. Press Ctrl+C to stop.")
        told.wait()
