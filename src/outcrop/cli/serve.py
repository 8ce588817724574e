"""`outcrop up`: ingest what is asked, then serve the page and the APIs."""

from __future__ import annotations

import asyncio
import re
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outcrop.access.bearer import api_key
from outcrop.cli.console import DataOption, opened, say
from outcrop.cli.sync import run_sync
from outcrop.core.errors import Conflict, Invalid

if TYPE_CHECKING:
    from outcrop.app.local import Outcrop
    from outcrop.ingest.watching import Watcher
    from outcrop.web.asgi import App
    from outcrop.web.listening import Place

REGION = "us-east-1"  # any will do: the server verifies with the region that the client signed for


def up(
    docs: Annotated[
        list[str] | None, typer.Option(help="A folder to ingest first, as DIR or NAME=DIR; may be given again.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 takes a free one.")] = None,
    model: Annotated[str | None, typer.Option(help="provider:name of the model that answers.")] = None,
    tls: Annotated[bool | None, typer.Option("--tls", help="Speak HTTPS, with a certificate of its own.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Speak HTTPS with this certificate (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The private key of --tls-cert (PEM).")] = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Ask Bedrock's clients for no key; on a loopback address only.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="The file of settings; outcrop.toml here if left out.")] = None,
    data: DataOption = None,
) -> None:
    """Ingest folders, then serve the page at / and Bedrock's API on one port."""
    from outcrop.access.certificates import certificate_of
    from outcrop.app.server import outcrop_app
    from outcrop.core.clock import now
    from outcrop.web.listening import Place, claim_port

    folders, auth = [parse_docs(one) for one in docs or []], "none" if no_auth else None
    given = {"config": config, "tls": tls, "tls_cert": tls_cert, "tls_key": tls_key, "auth": auth}
    with opened(data, host=host, port=port, model=model, **given) as outcrop:
        settings, app = outcrop.settings, outcrop_app(outcrop.services)
        certificate = certificate_of(settings, now)
        place = Place(settings.host, claim_port(settings.host, settings.port), certificate)
        for name, folder in folders:
            _read(outcrop, name, folder)
        outcrop.call(outcrop.services.jobs.recover)
        outcrop.call(outcrop.services.direct.resume)
        if settings.work_here:
            outcrop.call(outcrop.services.jobs.watch)
        _serve(outcrop, app, place)


def _read(outcrop: Outcrop, name: str, folder: Path) -> None:
    """Sync a folder before the server answers, unless a worker is at it."""
    say(f"Reading {folder} into the knowledge base {name} …")
    try:
        run_sync(outcrop, name, folder)
    except Conflict as error:
        say(f"  {error.message}")


def parse_docs(given: str) -> tuple[str, Path]:
    """The name and folder of a --docs option; the name is made from the folder's where it is left out."""
    name, equals, folder = given.partition("=")
    path = Path(folder if equals else given).expanduser().resolve()
    if not path.is_dir():
        raise Invalid(f"There is no folder {path}. --docs takes DIR or NAME=DIR.")
    return (name if equals else re.sub(r"[^A-Za-z0-9]+", "-", path.name).strip("-").lower() or "documents"), path


def _announcement(outcrop: Outcrop, place: Place) -> str:
    """Where to go and what to export; a first start makes an access key."""
    authority = place.certificate.authority if place.certificate else None
    lines = [
        f"\nAsk in the browser:   {place.address}/?token={outcrop.services.console.value()}",
        "\nAsk from a program (boto3, LangChain, the AWS CLI):",
        f"  export AWS_ENDPOINT_URL={place.address}",
        f"  export AWS_DEFAULT_REGION={REGION}",
        *([f"  export AWS_CA_BUNDLE={authority}"] if authority else []),
        *_key_lines(outcrop),
        "  # chat programs and OpenAI's clients go here; a knowledge base is the model kb/NAME:",
        f"  export OPENAI_BASE_URL={place.address}/v1",
        *(f"  # knowledge base {base.name}: {base.id}" for base in outcrop.knowledge_bases()),
        "\nPress Ctrl+C to stop.",
    ]
    return "\n".join(lines)


def _key_lines(outcrop: Outcrop) -> list[str]:
    if outcrop.settings.auth == "none":
        return ["  # no access key is asked for: any will do (`outcrop up` without --no-auth asks for one)"]
    if outcrop.call(outcrop.services.keys.list):
        return ["  # and an access key: the one you have, or a new one by `outcrop keys create`"]
    key, secret = outcrop.call(outcrop.services.keys.create, "first")
    return [
        f"  export AWS_ACCESS_KEY_ID={key.id}",
        f"  export AWS_SECRET_ACCESS_KEY={secret}",
        f"  export OPENAI_API_KEY={api_key(key.id, secret)}",
        "  # the secret is shown only this once; `outcrop keys create` makes another key",
    ]


def _serve(outcrop: Outcrop, app: App, place: Place) -> None:
    """Serve until the process is told to stop, then let requests in flight end."""
    from outcrop.web.listening import serve

    announcement = _announcement(outcrop, place)
    stop, told = asyncio.Event(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    watching = outcrop.start(_watcher(outcrop).run)
    serving = outcrop.start(serve, app, place, stop, lambda: say(announcement))
    serving.add_done_callback(lambda _: told.set())
    told.wait()
    watching.cancel()
    outcrop.call(_set, stop)
    serving.result()


def _watcher(outcrop: Outcrop) -> Watcher:
    from outcrop.ingest.watching import Watcher

    services = outcrop.services
    return Watcher(services.metadata, services.adapters, services.jobs.start)


async def _set(event: asyncio.Event) -> None:
    event.set()
