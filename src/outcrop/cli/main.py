"""The command tree, and the one place where errors become words and exit codes."""

from __future__ import annotations

import sys

import typer

from outcrop import __version__
from outcrop.cli import ask, direct, doctor, documents, jobs, keys, knowledge_bases, serve, sources, sync, worker
from outcrop.cli.console import Exit, say
from outcrop.core.errors import OutcropError

app = typer.Typer(
    name="outcrop",
    help="Ask your documents: knowledge bases with exact citations, behind Amazon Bedrock's own API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(serve.up)
app.add_typer(knowledge_bases.app, name="kb")
app.add_typer(sources.app, name="sources")
app.command("sync")(sync.sync)
app.command("add")(direct.add)
app.command("remove")(direct.remove)
app.command("docs")(documents.docs)
app.command("chunks")(documents.chunks)
app.command("retrieve")(ask.retrieve)
app.command("ask")(ask.ask)
app.command("jobs")(jobs.jobs)
app.command("worker")(worker.worker)
app.command("verify")(sync.verify)
app.add_typer(keys.app, name="keys")
app.command("doctor")(doctor.doctor)


def _version(shown: bool) -> None:
    if shown:
        typer.echo(f"outcrop {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Options of the program itself."""


def run() -> None:
    """Run a command; an error of Outcrop is one sentence on standard error and an exit code."""
    try:
        app()
    except OutcropError as error:
        say(f"outcrop: {error.message}")
        sys.exit(Exit.USAGE if error.kind == "invalid" else Exit.FAILED)
    except KeyboardInterrupt:
        say("outcrop: stopped.")
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output left, as `head` does; nothing is wrong.
        sys.stderr.close()
        sys.exit(Exit.DONE)
