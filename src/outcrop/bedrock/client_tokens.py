"""Client tokens: of the requests with one token, one is carried out, and all get its reply.

A client that got no answer sends its request again with the same token. The reply is kept for a day; while the first
request is still carried out, the second waits for it. A request that failed leaves nothing, so it may be tried again.
Source: the members with the trait idempotencyToken (https://smithy.io/2.0/spec/behavior-traits.html).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from outcrop.bedrock.render import Reply
from outcrop.bedrock.spec import Operation
from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, NotFound
from outcrop.core.ids import derived_id, derived_resource_id
from outcrop.core.protocols import MetadataStore
from outcrop.core.records import ClientToken

logger = logging.getLogger(__name__)

KEPT = timedelta(days=1)
LEASE = timedelta(seconds=30)  # after which the request of a process that is gone may be carried out by another
POLL = 0.05  # seconds
SWEPT = 10  # tokens of earlier days that a new one removes at most

Work = Callable[[], Awaitable[Reply]]


class OtherParameters(Conflict):
    """The client token was used before, for a request with other parameters. Use a new one, or send the same."""


class ClientTokens:
    """Carries out a request once for each client token of a caller."""

    def __init__(self, metadata: MetadataStore, clock: Clock) -> None:
        self._metadata = metadata
        self._clock = clock
        self._running: dict[str, asyncio.Future[Reply]] = {}

    async def once(self, operation: Operation, caller: str, given: Mapping[str, Any], work: Work) -> Reply:
        """The reply to a request, from its work or from an earlier request with the same token.

        The work goes on where the client leaves meanwhile: its next try is to find the reply.

        Raises:
            OtherParameters: The token was used for a request with other parameters.
        """
        if operation.client_token not in given:
            return await work()
        claim = _claim(operation, caller, given, self._clock())
        taken = await self._taken(claim)
        if taken.status:
            return Reply(taken.status, taken.headers, taken.body.encode())
        running = asyncio.ensure_future(self._carried_out(taken, work))
        self._running[claim.id] = running
        running.add_done_callback(lambda _: self._running.pop(claim.id, None))
        running.add_done_callback(_noted)
        return await asyncio.shield(running)

    async def _taken(self, claim: ClientToken) -> ClientToken:
        """The record of a token: with the reply that it has, or ours to give it one."""
        await self._sweep()
        while True:
            found = await self._found(claim.id)
            if found is None or self._is_over(found):
                try:
                    return await self._metadata.put(claim, expect=found.version if found else 0)
                except Conflict:  # another request was first
                    continue
            if found.fingerprint != claim.fingerprint:
                raise OtherParameters
            if found.status:
                return found
            await asyncio.sleep(POLL)

    async def _found(self, id: str) -> ClientToken | None:
        try:
            return await self._metadata.get(ClientToken, id)
        except NotFound:
            return None

    def _is_over(self, record: ClientToken) -> bool:
        """Whether a token may be used anew: its day is over, or the process that carried it out is gone."""
        age = self._clock() - record.updated_at
        return age > KEPT or (not record.status and age > LEASE and record.id not in self._running)

    async def _carried_out(self, taken: ClientToken, work: Work) -> Reply:
        try:
            reply = await work()
        except BaseException:
            await self._metadata.delete(ClientToken, taken.id)
            raise
        answered = replace(taken, status=reply.status, headers=dict(reply.headers), body=reply.body.decode())
        await self._metadata.put(replace(answered, updated_at=self._clock()), expect=taken.version)
        return reply

    async def _sweep(self) -> None:
        """Remove some of the tokens whose day is over, so that they do not pile up."""
        for record in (await self._metadata.page(ClientToken, None, None, SWEPT)).records:
            if self._clock() - record.updated_at > KEPT:
                await self._metadata.delete(ClientToken, record.id)


def resource_id(operation: Operation, caller: str, given: Mapping[str, Any]) -> str | None:
    """The id for what a request makes: the same for the same token, so that a crash before the reply makes no second.

    None for a request without a token.
    """
    token = given.get(operation.client_token or "")
    return derived_resource_id(caller, operation.service.name, operation.name, token) if token else None


def _claim(operation: Operation, caller: str, given: Mapping[str, Any], moment: datetime) -> ClientToken:
    """The record of a request that has a token, before it has a reply."""
    token = operation.client_token or ""
    others = {name: value for name, value in given.items() if name != token}
    text = json.dumps(others, sort_keys=True, default=repr)
    return ClientToken(
        id=derived_id(caller, operation.service.name, operation.name, given[token]),
        created_at=moment,
        updated_at=moment,
        fingerprint=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _noted(running: asyncio.Future[Reply]) -> None:
    """Log the error of a request whose client has left: nobody else hears of it."""
    if not running.cancelled() and running.exception() is not None:
        logger.debug("A request with a client token failed: %s", running.exception())
