"""The async face of the embedded store: every call runs in a thread, so that the event loop never waits for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock
from typing import ParamSpec, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from outcrop.adapters.vector_stores.embedded import index as files
from outcrop.adapters.vector_stores.embedded import mending, rows
from outcrop.adapters.vector_stores.embedded.index import EmbeddedIndex
from outcrop.adapters.vector_stores.scoring import is_name, valid_index
from outcrop.core.chunks import Hit, IndexSpec, Point, Search, Traits
from outcrop.core.errors import Conflict, IndexMissing
from outcrop.core.filters import Filter
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore

_BATCH = 500
_THREADS = 8
T = TypeVar("T")
P = ParamSpec("P")


class EmbeddedVectorStore:
    """Indexes below one folder; other processes may have it open too: many read, one writes at a time.

    A writer waits up to `wait_seconds` for another, then raises Conflict.
    """

    traits = Traits(modes=frozenset({"hybrid", "semantic", "keyword"}), transactional=True, embeds=True)

    def __init__(self, folder: Path, *, wait_seconds: float = 30.0) -> None:
        self._folder = folder
        self._wait_seconds = wait_seconds
        self._open: dict[str, EmbeddedIndex] = {}
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="outcrop-vectors")

    async def create(self, index: IndexSpec) -> None:
        """Make an empty index; one with the same dimensions stays as it is, else Conflict."""
        valid_index(index)
        await self._run(self._create, index)

    async def drop(self, index: str) -> None:
        """Remove an index and its files."""
        await self._run(self._drop, index)

    async def upsert(self, index: str, points: Sequence[Point], *, sweep: Collection[str] = ()) -> None:
        """Put points by chunk id and remove the other points of the documents in `sweep`, in one transaction."""
        await self._run(lambda: self._index(index).upsert(points, sweep))

    async def delete(self, index: str, where: Filter) -> int:
        """Remove the points that satisfy a filter; how many there were."""
        return await self._run(lambda: self._index(index).delete(where))

    async def search(self, index: str, query: Search) -> Sequence[Hit]:
        """The best hits, best first."""
        return await self._run(lambda: self._index(index).search(query.embedded()))

    async def get(self, index: str, chunk_ids: Sequence[str]) -> Sequence[Point]:
        """The points with these ids that exist, in the order asked."""
        return await self._run(lambda: self._index(index).get(chunk_ids))

    async def scan(self, index: str, where: Filter | None = None) -> AsyncIterator[Sequence[Point]]:
        """The points that are there as this begins, in batches, but for those that are removed meanwhile."""
        wanted = await self._run(lambda: self._index(index).matching(where))
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            yield await self._run(partial(self._points, index, batch))

    async def count(self, index: str) -> int:
        """The number of points, parents included."""
        return await self._run(lambda: self._index(index).count())

    async def check(self, index: str) -> Sequence[str]:
        """What is wrong with an index, in sentences: its files, and whether they agree with the points."""
        return await self._run(lambda: mending.check(self._folder_of(index)))

    async def rebuild(self, index: str) -> None:
        """Make everything that is derived from the points anew, without embedding."""
        await self._run(self._rebuild, index)

    async def close(self) -> None:
        """Close every file."""
        with self._lock:
            for one in self._open.values():
                one.close()
            self._open.clear()
        self._threads.shutdown(wait=False)

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **kwargs))

    def _points(self, index: str, wanted: Sequence[int]) -> Sequence[Point]:
        return self._index(index).points(wanted)

    def _create(self, spec: IndexSpec) -> None:
        if not (self._folder / spec.name / rows.FILE).exists():
            files.create(self._folder / spec.name, spec.dimensions)
        kept = self._index(spec.name).dimensions
        if kept != spec.dimensions:
            raise Conflict(f"The index {spec.name} holds vectors of {kept} dimensions, not {spec.dimensions}.")

    def _drop(self, name: str) -> None:
        if is_name(name):
            self._forget(name)
            files.remove(self._folder / name)

    def _rebuild(self, name: str) -> None:
        folder = self._folder_of(name)
        self._forget(name)
        mending.rebuild(folder)

    def _forget(self, name: str) -> None:
        with self._lock:
            one = self._open.pop(name, None)
        if one is not None:
            one.close()

    def _folder_of(self, name: str) -> Path:
        """The folder of an index. Raises IndexMissing."""
        folder = self._folder / name
        if not is_name(name) or not (folder / rows.FILE).exists():
            raise IndexMissing(f"There is no vector index called {name!r}. Run a sync of the data source to build it.")
        return folder

    def _index(self, name: str) -> EmbeddedIndex:
        """The open index. Raises IndexMissing."""
        one = self._open.get(name)
        if one is not None and one.is_current():
            return one
        self._forget(name)
        folder = self._folder_of(name)
        with self._lock:
            if name not in self._open:
                self._open[name] = EmbeddedIndex(folder, wait_seconds=self._wait_seconds)
            return self._open[name]


class EmbeddedOptions(BaseModel):
    """The keys of a table of the kind `embedded`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = Field(None, description="Another folder than `vectors` in the data directory.")


def open_store(settings: Settings, store: NamedStore) -> EmbeddedVectorStore:
    """The store in the folder `vectors` of the data directory, or the one that its table names."""
    return EmbeddedVectorStore(store.options(EmbeddedOptions).folder or settings.data / "vectors")
