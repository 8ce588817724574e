"""Syncs data sources as soon as they change: folders that are watched, buckets that send notifications."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from outcrop.core.errors import Conflict, NotFound, OutcropError
from outcrop.core.filters import all_of, equals
from outcrop.core.protocols import Adapters, MetadataStore, every
from outcrop.core.records import CUSTOM, DataSource, IngestionJob, KnowledgeBase
from outcrop.core.source_traits import Watching

Start = Callable[[KnowledgeBase, DataSource], Awaitable[object]]
LOOK = 3.0  # seconds between two looks at which data sources there are
AGAIN = 2.0  # seconds until a sync that could not begin is tried again
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Pauses:
    """The waits of the watch, in seconds."""

    look: float = LOOK
    again: float = AGAIN


@dataclass(slots=True)
class Watcher:
    """Watches every data source that can be watched and was synced once; `start` begins an ingestion job of one."""

    metadata: MetadataStore
    adapters: Adapters
    start: Start
    pauses: Pauses = field(default_factory=Pauses)
    _watched: dict[tuple[str, int], asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Watch until it is cancelled."""
        try:
            while True:
                try:
                    await self._look()
                except OutcropError as error:
                    _log.warning("The data sources cannot be looked at: %s", error.message)
                await asyncio.sleep(self.pauses.look)
        finally:
            for task in self._watched.values():
                task.cancel()
            await asyncio.gather(*self._watched.values(), return_exceptions=True)
            self._watched.clear()

    async def _look(self) -> None:
        """Watch what is new or was changed, and leave alone what is gone."""
        present: set[tuple[str, int]] = set()
        async for source in every(self.metadata, DataSource, equals("status", "AVAILABLE")):
            key = (source.id, source.version)
            present.add(key)
            if key not in self._watched and source.kind != CUSTOM and await self._synced(source):
                self._watched[key] = asyncio.create_task(self._watch(source), name=f"watch over {source.id}")
        for key in self._watched.keys() - present:
            self._watched.pop(key).cancel()

    async def _synced(self, source: DataSource) -> bool:
        """Whether it was synced before: nothing is read before its first sync, which somebody asks for."""
        where = all_of(equals("data_source_id", source.id), equals("status", "COMPLETE"))
        return bool((await self.metadata.page(IngestionJob, where, None, 1)).records)

    async def _watch(self, source: DataSource) -> None:
        try:
            place = self.adapters.source(source)
            if isinstance(place, Watching):
                async for _ in place.watch():
                    await self._sync(source)
        except OutcropError as error:
            _log.warning("The data source %s is watched no longer: %s", source.name, error.message)
        except Exception:  # noqa: BLE001 # whatever it is, the others are watched on
            _log.exception("The data source %s is watched no longer.", source.name)

    async def _sync(self, source: DataSource) -> None:
        """Begin a job, now or as soon as the one that runs has ended: it may have been past what has changed."""
        while True:
            try:
                base = await self.metadata.get(KnowledgeBase, source.knowledge_base_id)
                await self.start(base, await self.metadata.get(DataSource, source.id))
            except Conflict:
                await asyncio.sleep(self.pauses.again)
            except NotFound:
                return
            else:
                return
