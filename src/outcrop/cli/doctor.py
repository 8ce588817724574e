"""`outcrop doctor`: whether this machine has what Outcrop needs."""

from __future__ import annotations

import typer

from outcrop.cli.console import DataOption, Exit, JsonOption, print_json, table


def doctor(data: DataOption = None, json: JsonOption = False) -> None:
    """Check the machine, the data directory, the models and the optional parts, and say how to mend what is missing."""
    from outcrop.app.checks import check_all
    from outcrop.core.settings import Settings

    checks = check_all(Settings(**({"data": data} if data is not None else {})))
    if json:
        print_json(checks)
    else:
        rows = [(("ok", "optional", "MISSING")[check.severity], check.name, check.sentence) for check in checks]
        table("", ("", "What", "Found"), rows)
    if any(check.severity == 2 for check in checks):  # noqa: PLR2004 # severity 2 is what cannot be done without
        raise typer.Exit(Exit.FAILED)
