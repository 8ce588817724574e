"""The pipeline of a sync: listing, reading, embedding and writing overlap, and what is in flight is bounded."""

from __future__ import annotations

import os
from asyncio import Queue, TaskGroup
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager

from outcrop.core.protocols import Item
from outcrop.ingest.budget import Budget
from outcrop.ingest.changes import Known
from outcrop.ingest.embedding import Batch, batches_of, embedded
from outcrop.ingest.steps import Prepared, Work, document_id, prepare
from outcrop.ingest.writing import write

LISTED_AHEAD = 10_000  # items; they make the total that progress is shown against
CHUNKS_IN_FLIGHT = 4096  # between reading and writing, unless one document alone has more
BATCHES_AHEAD = 2  # embedded and not yet written


class Flow:
    """One run of the pipeline over documents of one data source."""

    def __init__(self, work: Work, known: Mapping[str, Known], threads: int, in_flight: int = CHUNKS_IN_FLIGHT) -> None:
        self._work = work
        self._known = known
        self._workers = (threads or os.cpu_count() or 1) + 2  # some wait for the disk while the parsers are busy
        self._items: Queue[Item | None] = Queue(LISTED_AHEAD)
        self._prepared: Queue[Prepared | None] = Queue(LISTED_AHEAD)  # bounded by the budget too
        self._batches: Queue[Batch | None] = Queue(BATCHES_AHEAD)
        self._budget = Budget(in_flight)

    async def carry(self, items: AsyncIterator[Item]) -> None:
        """Bring the index in step with these documents, and leave all others as they are.

        Raises:
            OutcropError: The embedding model or a store failed.
        """
        async with TaskGroup() as group:
            group.create_task(self._take(items))
            group.create_task(self._read())
            group.create_task(self._embed())
            group.create_task(self._write())

    async def _take(self, items: AsyncIterator[Item]) -> None:
        async for item in items:
            await self._items.put(item)
        await self._items.put(None)

    async def _read(self) -> None:
        async with TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._read_items())
        await self._prepared.put(None)

    async def _read_items(self) -> None:
        while (item := await self._items.get()) is not None:
            known = self._known.get(document_id(self._work.source, item))
            prepared = await prepare(item, known, self._work)
            if prepared is not None:
                await self._budget.take(len(prepared.chunks))
                await self._prepared.put(prepared)
        await self._items.put(None)  # for the next worker

    async def _embed(self) -> None:
        async for batch in batches_of(self._waiting()):
            async for part in embedded(batch, self._work):
                await self._batches.put(part)
        await self._batches.put(None)

    async def _waiting(self) -> AsyncIterator[list[Prepared]]:
        """What is prepared, as much at a time as there is: nobody waits for a batch to be full."""
        while (first := await self._prepared.get()) is not None:
            ready = [first]
            while not self._prepared.empty():
                more = self._prepared.get_nowait()
                if more is None:
                    yield ready
                    return
                ready.append(more)
            yield ready

    async def _write(self) -> None:
        while (batch := await self._batches.get()) is not None:
            await write(batch, self._work)
            for prepared in batch.finished:
                self._budget.give(len(prepared.chunks))


@contextmanager
def first_error() -> Iterator[None]:
    """Raise the first error of a task group, which is why the others were cancelled, instead of the group."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from group
