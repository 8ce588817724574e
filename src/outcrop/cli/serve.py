"""`outcrop up`: ingest what is asked, then serve the page and the APIs."""

from __future__ import annotations

import asyncio
import re
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outcrop.cli.console import DataOption, opened, say
from outcrop.cli.sync import run_sync
from outcrop.core.errors import Invalid

if TYPE_CHECKING:
    from outcrop.app.local import Outcrop

REGION = "us-east-1"  # any will do: the server verifies with the region that the client signed for


def up(
    docs: Annotated[
        list[str] | None, typer.Option(help="A folder to ingest first, as DIR or NAME=DIR; may be given again.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 takes a free one.")] = None,
    model: Annotated[str | None, typer.Option(help="provider:name of the model that answers.")] = None,
    data: DataOption = None,
) -> None:
    """Ingest folders, then serve the page at / and Bedrock's API on one port."""
    from outcrop.app.server import claim_port

    folders = [parse_docs(one) for one in docs or []]
    with opened(data, host=host, port=port, model=model) as outcrop:
        settings = outcrop.settings
        claimed = claim_port(settings.host, settings.port)
        outcrop.call(outcrop.services.jobs.recover)
        outcrop.call(outcrop.services.direct.resume)
        for name, folder in folders:
            say(f"Reading {folder} into the knowledge base {name} …")
            run_sync(outcrop, name, folder)
        _serve(outcrop, claimed, _announcement(outcrop, claimed))


def parse_docs(given: str) -> tuple[str, Path]:
    """The name and folder of a --docs option; the name is made from the folder's where it is left out."""
    name, equals, folder = given.partition("=")
    path = Path(folder if equals else given).expanduser().resolve()
    if not path.is_dir():
        raise Invalid(f"There is no folder {path}. --docs takes DIR or NAME=DIR.")
    return (name if equals else re.sub(r"[^A-Za-z0-9]+", "-", path.name).strip("-").lower() or "documents"), path


def _announcement(outcrop: Outcrop, port: int) -> str:
    """Where to go and what to export; a first start makes an access key."""
    host = outcrop.settings.host
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}"
    lines = [
        f"\nAsk in the browser:   {address}/?token={outcrop.services.console.value()}",
        "\nAsk from a program (boto3, LangChain, the AWS CLI):",
        f"  export AWS_ENDPOINT_URL={address}",
        f"  export AWS_DEFAULT_REGION={REGION}",
        *_key_lines(outcrop),
        *(f"  # knowledge base {base.name}: {base.id}" for base in outcrop.knowledge_bases()),
        "\nPress Ctrl+C to stop.",
    ]
    return "\n".join(lines)


def _key_lines(outcrop: Outcrop) -> list[str]:
    if outcrop.call(outcrop.services.keys.list):
        return ["  # and an access key: the one you have, or a new one by `outcrop keys create`"]
    key, secret = outcrop.call(outcrop.services.keys.create, "first")
    return [
        f"  export AWS_ACCESS_KEY_ID={key.id}",
        f"  export AWS_SECRET_ACCESS_KEY={secret}",
        "  # the secret is shown only this once; `outcrop keys create` makes another key",
    ]


def _serve(outcrop: Outcrop, port: int, announcement: str) -> None:
    """Serve until the process is told to stop, then let requests in flight end."""
    from outcrop.app.server import outcrop_app, serve

    stop, told = asyncio.Event(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    app, host = outcrop_app(outcrop.services), outcrop.settings.host
    serving = outcrop.start(serve, app, host, port, stop, lambda: say(announcement))
    serving.add_done_callback(lambda _: told.set())
    told.wait()
    outcrop.call(_set, stop)
    serving.result()


async def _set(event: asyncio.Event) -> None:
    event.set()
