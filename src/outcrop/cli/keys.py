"""`outcrop keys`: the access keys that clients sign with."""

from __future__ import annotations

from typing import Annotated

import typer

from outcrop.access.bearer import api_key
from outcrop.cli.console import DataOption, JsonOption, opened, print_json, say, table

app = typer.Typer(help="Make, list and revoke access keys.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what it is for.")] = "default",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Make an access key. The secret is shown now and never again."""
    with opened(data) as outcrop:
        key, secret = outcrop.call(outcrop.services.keys.create, name)
    one = api_key(key.id, secret)
    if json:
        print_json({"accessKeyId": key.id, "secretAccessKey": secret, "apiKey": one, "name": key.name})
        return
    typer.echo(f"export AWS_ACCESS_KEY_ID={key.id}\nexport AWS_SECRET_ACCESS_KEY={secret}")
    typer.echo("# In one string, for clients of OpenAI's API and for AWS_BEARER_TOKEN_BEDROCK:")
    typer.echo(f"export OPENAI_API_KEY={one}")
    say("Keep the secret: it is not shown again.")


@app.command("list")
def listed(data: DataOption = None, json: JsonOption = False) -> None:
    """List the access keys, without their secrets."""
    with opened(data) as outcrop:
        found = outcrop.call(outcrop.services.keys.list)
    rows = [(key.id, key.name, key.status, key.created_at, key.last_used_at) for key in found]
    names = ("accessKeyId", "name", "status", "createdAt", "lastUsedAt")
    if json:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    elif not rows:
        say("There is no access key yet. Make one: outcrop keys create NAME")
    else:
        table("", ("Access key id", "Name", "Status", "Created", "Last used"), rows)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The access key's id.")], data: DataOption = None) -> None:
    """Revoke an access key at once and for good."""
    with opened(data) as outcrop:
        outcrop.call(outcrop.services.keys.revoke, key_id)
    say(f"Revoked {key_id}.")
