"""Client tokens: a request that is sent again with the same token gets the same reply, and makes nothing twice.

SDKs send the token of a call again when they repeat it after a time-out, so this is what keeps one call one resource.
The id of what is made is written down before it is made, so that a crash in between is no exception.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

from outcrop.bedrock import parse
from outcrop.bedrock.render import renderer
from outcrop.bedrock.table import Call, Entry
from outcrop.core.clock import now
from outcrop.core.errors import Conflict, NotFound, OutcropError
from outcrop.core.ids import derived_id, new_id
from outcrop.core.protocols import MetadataStore
from outcrop.core.records import ClientToken

KEPT = timedelta(days=1)
SWEPT_AT_ONCE = 50
_BUSY: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # the tokens that are being worked on here


async def once(call: Call, entry: Entry, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result of an operation; of the first attempt, where its token was seen before.

    Raises:
        Conflict: The token came before with another request.
    """
    token = given.get(entry.token) if entry.token else None
    if token is None:
        return await entry.run(call, given)
    metadata, operation = call.services.metadata, entry.operation
    token_id = derived_id(call.caller, operation.service.name, operation.name, token)
    async with _BUSY.setdefault(token_id, asyncio.Lock()):
        kept = await _kept(
            metadata, token_id, _digest({name: one for name, one in given.items() if name != entry.token})
        )
        if kept.reply is not None:
            return _result(entry, kept.reply)
        try:
            result = await entry.run(replace(call, resource_id=kept.resource_id), given)
        except OutcropError:
            await metadata.delete(ClientToken, token_id)  # nothing was made: the token may come again
            raise
        reply = renderer(operation)(result).body.decode()
        await metadata.put(replace(kept, reply=reply, updated_at=now()))
    return result


async def _kept(metadata: MetadataStore, id: str, digest: str) -> ClientToken:
    """The record of a token, made where there is none. Raises Conflict where it is of another request."""
    moment = now()
    try:
        kept = await metadata.get(ClientToken, id)
    except NotFound:
        await _sweep(metadata)
        made = ClientToken(id=id, created_at=moment, updated_at=moment, request_hash=digest, resource_id=new_id())
        return await metadata.put(made, expect=0)
    if kept.request_hash != digest:
        raise Conflict("This clientToken was used before for another request. Leave it out, or take a new one.")
    return kept


async def _sweep(metadata: MetadataStore) -> None:
    """Forget the oldest tokens, where they are older than a day."""
    page = await metadata.page(ClientToken, None, None, SWEPT_AT_ONCE)
    for record in page.records:
        if now() - record.created_at < KEPT:
            return
        await metadata.delete(ClientToken, record.id)


def _digest(given: Mapping[str, Any]) -> str:
    text = json.dumps(given, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _result(entry: Entry, reply: str) -> Mapping[str, Any]:
    """A result as it was before it was written down."""
    result: Mapping[str, Any] = parse.CHECKER.check(entry.operation.output)(json.loads(reply), "", [])
    return result
