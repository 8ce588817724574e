"""One index on disk: a folder with the database and its segments; reads and writes are transactions of the database."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from outcrop.adapters.vector_stores.embedded import rows, searching, segments
from outcrop.adapters.vector_stores.embedded.filtering import Columns, Filtering
from outcrop.adapters.vector_stores.embedded.merging import tidy
from outcrop.adapters.vector_stores.embedded.segments import Segment
from outcrop.adapters.vector_stores.embedded.snapshots import Snapshot, load
from outcrop.adapters.vector_stores.scoring import valid_points, valid_search
from outcrop.core.chunks import Hit, Point, Search
from outcrop.core.errors import IndexBroken
from outcrop.core.filters import Filter

_PIECE = 4096  # points of one upsert that make one segment
_ATTEMPTS = 5  # to find the files of a snapshot while another process merges them


class EmbeddedIndex:
    """An open index. Any thread may use it; each call takes a connection of its own from those that are free."""

    def __init__(self, folder: Path, *, wait_seconds: float) -> None:
        self.folder = folder
        self.database = folder / rows.FILE
        self._wait_seconds = wait_seconds
        self._free: deque[sqlite3.Connection] = deque()
        self._closed = False
        self._snapshot: Snapshot | None = None
        self._loading = Lock()
        self._writing = Lock()
        self._columns = Columns()
        status = self.database.stat()
        self._identity = (status.st_dev, status.st_ino)
        with self._read() as (_, snapshot):
            self.dimensions = snapshot.state.dimensions

    def is_current(self) -> bool:
        """Whether the folder still holds the index that was opened, not a later one of the same name."""
        try:
            status = os.stat(self.database)  # noqa: PTH116 # once a search: a third of the time of Path.stat
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def upsert(self, points: Sequence[Point], sweep: Collection[str]) -> None:
        """Put points and remove the others of the swept documents, in one transaction."""
        valid_points(points, self.dimensions)
        with rows.translated(self.database):
            drafts = [rows.drafted(point) for point in points]
            pieces = [segments.build(points[i : i + _PIECE], self.dimensions) for i in range(0, len(points), _PIECE)]
            with self._write() as connection:
                gone = rows.replaced(connection, (draft.chunk for draft in drafts), sweep)
                if not gone and not drafts:
                    return
                rows.remove(connection, gone)
                first = rows.state(connection).next_row
                sets = rows.insert(connection, drafts, first)
                rows.add_segments(connection, pieces, first, sets)
                rows.advance(connection, gone, len(drafts))
            self.tidy()

    def delete(self, where: Filter) -> int:
        """Remove the points that satisfy a filter; how many."""
        with rows.translated(self.database), self._write() as connection:
            gone = self._matching(connection, self._current(connection), where)
            if gone:
                rows.remove(connection, gone)
                rows.advance(connection, gone, 0)
        return len(gone)

    def search(self, query: Search) -> list[Hit]:
        """The best hits, best first."""
        valid_search(query, self.dimensions)
        with self._read() as (connection, snapshot):
            masks = snapshot.allowed(
                query.where,
                lambda: Filtering(connection, self._columns).masks(query.where, snapshot.segments),  # type: ignore[arg-type]  # called only where there is a filter
            )
            return searching.search(connection, snapshot, query, masks)

    def get(self, chunk_ids: Sequence[str]) -> list[Point]:
        """The points with these ids that exist, in the order asked."""
        with self._read() as (connection, _):
            found = rows.select(connection, "SELECT chunk, row FROM points WHERE chunk IN ({})", set(chunk_ids))
            by_chunk = dict(found)
            points = rows.points(connection, by_chunk.values())
        return [points[by_chunk[name]] for name in chunk_ids if name in by_chunk]

    def matching(self, where: Filter | None) -> list[int]:
        """The rows that satisfy a filter, in order."""
        with self._read() as (connection, snapshot):
            if where is None:
                return [row for (row,) in connection.execute("SELECT row FROM points ORDER BY row")]
            return self._matching(connection, snapshot, where)

    def points(self, wanted: Sequence[int]) -> list[Point]:
        """The points of these rows that are still there."""
        with self._read() as (connection, _):
            return list(rows.points(connection, wanted).values())

    def count(self) -> int:
        """The number of points."""
        with self._read() as (connection, _):
            return int(connection.execute("SELECT count(*) FROM points").fetchone()[0])

    def tidy(self) -> None:
        """Merge segments where there are too many, or too many removed rows in them."""
        with rows.translated(self.database):
            with self._read() as (_, snapshot):
                if not snapshot.is_untidy():
                    return
            with self._write() as connection:
                unused = tidy(connection, self._current(connection), self.folder)
        for path in unused:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the connections; those in use are closed when they come back."""
        self._closed = True
        self._snapshot = None
        while self._free:
            self._free.pop().close()

    def _matching(self, connection: sqlite3.Connection, snapshot: Snapshot, where: Filter) -> list[int]:
        """The rows that satisfy a filter, parents too."""
        masks = Filtering(connection, self._columns).masks(where, snapshot.segments)
        found = zip(snapshot.segments, snapshot.alive, masks, strict=True)
        return [row for segment, alive, mask in found for row in segment.rows[mask & alive].tolist()]

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._free.pop()
        except IndexError:
            connection = rows.connect(self.database, wait_seconds=self._wait_seconds)
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if self._closed:
                connection.close()
            else:
                self._free.append(connection)

    @contextmanager
    def _read(self) -> Iterator[tuple[sqlite3.Connection, Snapshot]]:
        """A read transaction, and the snapshot of what it sees."""
        with rows.translated(self.database), self._connection() as connection:
            for attempt in range(_ATTEMPTS):
                connection.execute("BEGIN")
                try:
                    snapshot = self._current(connection)
                    break
                except FileNotFoundError as error:  # merged away since the transaction began: begin again
                    connection.execute("ROLLBACK")
                    if attempt + 1 == _ATTEMPTS:
                        raise IndexBroken(
                            f"{error.filename} is not there. Run `outcrop verify --repair` to make it anew."
                        ) from error
            yield connection, snapshot

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """A write transaction, which is committed at the end; others wait for it."""
        with self._writing, self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def _current(self, connection: sqlite3.Connection) -> Snapshot:
        """The snapshot of what this transaction sees; the latest one is kept."""
        state = rows.state(connection)
        snapshot = self._snapshot
        if snapshot is not None and snapshot.state.sequence == state.sequence:
            return snapshot
        with self._loading:
            snapshot = self._snapshot
            if snapshot is not None and snapshot.state.sequence == state.sequence:
                return snapshot
            older = snapshot is not None and snapshot.state.sequence > state.sequence
            loaded = load(connection, state, None if older else snapshot, self._open)
            if not older:
                self._snapshot = loaded
            return loaded

    def _open(self, name: str) -> Segment:
        return segments.read(self.folder / name)


def create(folder: Path, dimensions: int) -> None:
    """Make a new index; one that another process made meanwhile stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = folder.parent / f".{folder.name}.{secrets.token_hex(8)}"
    made.mkdir()
    rows.create(made / rows.FILE, dimensions)
    try:
        made.rename(folder)
    except OSError:  # it is there already, and not empty
        remove(made)


def remove(folder: Path) -> None:
    """Remove an index: at once under its name, then its files."""
    hidden = folder.parent / f".{folder.name}.{secrets.token_hex(8)}"
    try:
        folder.rename(hidden)
    except FileNotFoundError:
        return
    for path in hidden.iterdir():
        path.unlink(missing_ok=True)
    hidden.rmdir()
