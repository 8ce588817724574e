"""What failed and may pass is tried again, a few times, after a pause that doubles."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from outcrop.core.errors import Passing, Unreadable

if TYPE_CHECKING:
    from outcrop.ingest.steps import Work

T = TypeVar("T")
FETCHES = 4  # attempts to have a document of its source
EMBEDDINGS = 5  # attempts to have vectors, each of which may be several requests of the adapter
LONGEST_PAUSE = 60.0  # seconds
AT_HAND = frozenset({"folder", "custom"})  # kinds of sources that are on this machine: what fails there stays


async def reached(fetch: Callable[[], Awaitable[T]], work: Work) -> T:
    """What a function gives that asks a source over a network. Raises Unreadable where the source stays unreachable."""
    for attempt in range(FETCHES):
        try:
            return await fetch()
        except Unreadable as error:
            last = attempt + 1 == FETCHES or work.source.kind in AT_HAND
            if error.reason != "unreachable" or last:
                raise
            await _wait(work, attempt)
    raise AssertionError  # unreachable: the last attempt returns or raises


async def insisted(ask: Callable[[], Awaitable[T]], work: Work) -> T:
    """What a model gives that may be busy or away for a while. Raises what it raises at the last attempt."""
    for attempt in range(EMBEDDINGS):
        try:
            return await ask()
        except Passing as error:
            if attempt + 1 == EMBEDDINGS or (error.retry_after or 0.0) > LONGEST_PAUSE:
                raise
            await _wait(work, attempt, error.retry_after)
    raise AssertionError  # unreachable: the last attempt returns or raises


async def _wait(work: Work, attempt: int, asked: float | None = None) -> None:
    """Pause twice as long each time, spread so that workers part."""
    work.meter.note("retried")
    usual = min(LONGEST_PAUSE, 2.0**attempt) * random.uniform(0.5, 1.0)  # noqa: S311 # not for secrets
    await work.pause(max(asked or 0.0, usual))
