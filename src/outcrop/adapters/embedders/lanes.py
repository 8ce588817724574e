"""Threads that compute vectors: a few for documents, others for queries, so that no query waits behind a sync."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from outcrop.core.protocols import Purpose

T = TypeVar("T")
U = TypeVar("U")


class Lanes:
    """Runs plain functions off the event loop. Works with any number of loops."""

    def __init__(self, threads: int) -> None:
        self._width = 2 * threads  # one step in work and one ready for each thread
        self._turns = BoundedSemaphore(threads)
        self._pools = {
            purpose: ThreadPoolExecutor(threads, thread_name_prefix=f"embed-{purpose}")
            for purpose in ("document", "query")
        }

    def turn(self) -> BoundedSemaphore:
        """A turn on a processor for a thread that is not of these: to be entered."""
        return self._turns

    async def run(self, purpose: Purpose, step: Callable[[T], U], item: T) -> U:
        """One step on a thread of its purpose."""
        return await asyncio.get_running_loop().run_in_executor(self._pools[purpose], step, item)

    async def spread(self, purpose: Purpose, step: Callable[[T], U], items: Sequence[T]) -> list[U]:
        """A step for each item; the results in the order of the items.

        Only a few steps are handed out at a time: calls that run at once take turns, and one that is cancelled
        leaves no work behind. The first error ends the call.
        """
        results: dict[int, U] = {}
        left = iter(enumerate(items))

        async def work() -> None:
            for place, item in left:
                results[place] = await self.run(purpose, step, item)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._width, len(items))):
                    group.create_task(work())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return [results[place] for place in range(len(items))]

    def close(self) -> None:
        """Let the threads end after the steps in work."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
