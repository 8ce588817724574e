"""The command line: each command calls a service and shows what it gave."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from outcrop.cli.main import run

    run()
