"""`outcrop doctor`: whether this machine has what Outcrop needs."""

from __future__ import annotations

import typer

from outcrop.cli.console import DataOption, Exit, JsonOption, print_json, table


def doctor(data: DataOption = None, json: JsonOption = False) -> None:
    """Check the machine, the data directory, the models and the optional parts, and say how to mend what is missing."""
    from outcrop.app.checks import check_all
    from outcrop.core.settings import load_settings

    checks = check_all(load_settings() if data is None else load_settings(data=data))
    if json:
        print_json(checks)
    else:
        rows = [(check.state, check.name, check.sentence) for check in checks]
        table("", ("", "What", "Found"), rows)
    if any(check.state == "missing" for check in checks):
        raise typer.Exit(Exit.FAILED)
