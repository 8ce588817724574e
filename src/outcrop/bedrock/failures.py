"""A model's failures as bedrock-runtime names them: one name before the first word, and others within a stream.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ResponseStream.html
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import TypeVar

from outcrop.bedrock.errors import WireError, named
from outcrop.bedrock.spec import Operation
from outcrop.core.errors import ModelFailed, OutcropError
from outcrop.web.asgi import closing

T = TypeVar("T")
FAILED, BROKE_OFF = "ModelErrorException", "ModelStreamErrorException"


async def awaited(work: Awaitable[T]) -> T:
    """The result of asking a model. Raises WireError for a ModelFailed, which has a name of its own on this wire."""
    try:
        return await work
    except ModelFailed as error:
        raise WireError(FAILED, error.message) from error


async def streamed(events: AsyncIterator[T], operation: Operation) -> AsyncGenerator[T]:
    """The events; a failure after the first of them gets a name that the operation's stream has."""
    payload = operation.output.payload
    within = {member.shape.name for member in payload.shape.members.values()} if payload else set()
    begun = False
    async with closing(events):
        try:
            async for event in events:
                begun = True
                yield event
        except OutcropError as error:
            raise _error(error, operation, within if begun else None) from error


def _error(error: OutcropError, operation: Operation, within: set[str] | None) -> WireError:
    """The error under its name before a stream, or under one of those within it."""
    failed = isinstance(error, ModelFailed)
    if within is None:
        return WireError(FAILED, error.message) if failed else named(error, operation)
    found = named(error, operation)
    return WireError(BROKE_OFF, error.message) if failed or found.name not in within else found
