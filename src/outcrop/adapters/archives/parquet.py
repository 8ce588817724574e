"""Entries as Parquet files (https://parquet.apache.org/docs/file-format/), compressed, a folder for each day.

The files are `knowledge_base=ID/day=2026-11-20/<time>-<number>.parquet`, as Hive partitions are called, so that DuckDB,
Polars, Spark and pandas read all of them as one table.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from uuid import uuid4

import numpy as np

from outcrop.adapters.archives.places import Place, place_of
from outcrop.core.archive import Entry
from outcrop.core.errors import MissingDependency, OutcropError
from outcrop.core.settings import Settings

SECONDS = 60.0  # that an entry waits for others
BYTES = 5 << 20  # of entries that wait, at most
PATIENCE = 16  # times as much may wait while the place cannot be written
ROW = 200  # bytes of an entry besides its vector, about
COMPRESSION = "zstd(3)"
TEXTS = ("event", "knowledge_base_id", "chunk_id", "document_id", "model")
MISSING = "The archive needs the package arro3-io. Install it with: pip install 'outcrop[archive]'"
_log = logging.getLogger(__name__)


class ParquetArchive:
    """Keeps entries in a folder or a bucket."""

    def __init__(self, place: Place, *, seconds: float = SECONDS, size: int = BYTES) -> None:
        _libraries()
        self._place = place
        self._seconds = seconds
        self._limit = size
        self._waiting: list[Entry] = []
        self._size = 0
        self._timer: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    async def append(self, entries: Sequence[Entry]) -> None:
        """Take entries."""
        self._waiting.extend(entries)
        self._size += sum(map(_size, entries))
        if self._size >= self._limit:
            await self._tried()
        elif self._waiting and self._timer is None:
            self._timer = asyncio.create_task(self._later())

    async def flush(self) -> None:
        """Write what waits: one file a knowledge base and day. What cannot be written goes on waiting."""
        async with self._writing:
            entries, self._waiting, self._size = self._waiting, [], 0
            parts: dict[str, list[Entry]] = defaultdict(list)
            for entry in entries:
                parts[f"knowledge_base={entry.knowledge_base_id}/day={entry.at:%Y-%m-%d}"].append(entry)
            for folder, some in list(parts.items()):
                name = f"{folder}/{some[0].at:%H%M%S%f}-{uuid4().hex[:8]}.parquet"
                try:
                    await asyncio.to_thread(self._write, name, some)
                except OutcropError:
                    self._waiting[:0] = [entry for left in parts.values() for entry in left]
                    raise
                del parts[folder]

    async def read(self, knowledge_base_id: str) -> AsyncIterator[Sequence[Entry]]:
        """The entries that were written, file by file."""
        prefix = f"knowledge_base={knowledge_base_id}/"
        for name in await asyncio.to_thread(lambda: list(self._place.names(prefix))):
            data = await asyncio.to_thread(self._place.read, name)
            yield await asyncio.to_thread(_listed, data)

    async def close(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
        await self.flush()

    def _write(self, name: str, entries: Sequence[Entry]) -> None:
        self._place.write(name, encoded(entries))

    async def _later(self) -> None:
        await asyncio.sleep(self._seconds)
        self._timer = None
        await self._tried()

    async def _tried(self) -> None:
        """Write what waits; where that cannot be, it waits on, up to a point."""
        try:
            await self.flush()
        except OutcropError as error:
            self._size = sum(_size(entry) for entry in self._waiting)
            if self._size > PATIENCE * self._limit:
                raise
            _log.warning("The archive waits to be written: %s", error.message)


def _size(entry: Entry) -> int:
    """About how many bytes an entry takes."""
    return ROW + (entry.vector.nbytes if entry.vector is not None else 0)


def encoded(entries: Sequence[Entry]) -> bytes:
    """Entries as a Parquet file."""
    core, parquet = _libraries()
    lengths = [entry.vector.size if entry.vector is not None else 0 for entry in entries]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    vectors = [np.asarray(entry.vector, dtype=np.float32) for entry in entries if entry.vector is not None]
    flat = np.concatenate(vectors) if vectors else np.zeros(0, dtype=np.float32)
    moments = np.array([round(entry.at.timestamp() * 1e6) for entry in entries], dtype=np.int64)
    columns = {name: core.Array([getattr(entry, name) for entry in entries], core.DataType.utf8()) for name in TEXTS}
    columns["dimensions"] = core.Array.from_numpy(np.array([entry.dimensions for entry in entries], dtype=np.int32))
    columns["at"] = core.Array.from_numpy(moments).cast(core.DataType.timestamp("us", tz="UTC"))
    columns["vector"] = core.list_array(core.Array.from_numpy(offsets), core.Array.from_numpy(flat))
    file = io.BytesIO()
    table = core.Table.from_arrays(list(columns.values()), names=list(columns))
    plain = {("vector", "list", ""): False}  # hardly a number comes twice
    parquet.write_parquet(table, file, compression=COMPRESSION, column_dictionary_enabled=plain)
    return file.getvalue()


def decoded(data: bytes) -> Iterator[Entry]:
    """The entries of a Parquet file."""
    core, parquet = _libraries()
    for batch in parquet.read_parquet(io.BytesIO(data)):
        values = {name: [one.as_py() for one in batch.column(name)] for name in (*TEXTS, "dimensions", "at")}
        column = batch.column("vector")
        offsets, flat = core.list_offsets(column).to_numpy(), core.list_flatten(column).to_numpy()
        for row in range(batch.num_rows):
            vector = flat[offsets[row] - offsets[0] : offsets[row + 1] - offsets[0]]
            named: dict[str, Any] = {name: values[name][row] for name in values}
            yield Entry(**named, vector=vector.copy() if vector.size else None)


def _listed(data: bytes) -> list[Entry]:
    return list(decoded(data))


def _libraries() -> tuple[Any, Any]:
    """The Arrow and the Parquet library. Raises MissingDependency."""
    try:
        import arro3.core
        import arro3.io
    except ImportError as error:
        raise MissingDependency(MISSING) from error
    return arro3.core, arro3.io


def open_archive(settings: Settings) -> ParquetArchive | None:
    """The archive that the settings name; None where they name none. Raises Invalid and MissingDependency."""
    if not settings.archive:
        return None
    return ParquetArchive(place_of(settings.archive, settings.s3_endpoint))
