"""What a bucket holds as far as its notifications have told: a list that is kept, so that it need not be asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """An object as the list shows it, and the ETag of the metadata file beside it."""

    key: str
    etag: str
    size: int
    sidecar: str | None = None


class Inventory:
    """The objects of one data source in an SQLite file; losing it costs one list of the bucket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def listed_at(self) -> float | None:
        """When the whole bucket was listed last, in seconds since 1970; None where it never was."""
        with self._opened() as connection:
            found = connection.execute("SELECT listed_at FROM state").fetchone()
        return float(found[0]) if found is not None else None

    def replace(self, found: Iterable[Found], listed_at: float) -> None:
        """Keep a whole list in place of what was kept."""
        with self._opened() as connection:
            connection.execute("DELETE FROM objects")
            connection.executemany("INSERT INTO objects VALUES (?, ?, ?, ?)", map(astuple, found))
            connection.execute("DELETE FROM state")
            connection.execute("INSERT INTO state VALUES (?)", (listed_at,))

    def change(self, changed: Sequence[Found], gone: Sequence[str]) -> None:
        """Keep what is known now of some objects. When it returns, it is there after a crash too."""
        with self._opened() as connection:
            connection.executemany("DELETE FROM objects WHERE key = ?", ((key,) for key in gone))
            connection.executemany("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", map(astuple, changed))

    def page(self, after: str) -> list[Found]:
        """The next objects after a key, in the order of their keys' bytes."""
        with self._opened() as connection:
            rows = connection.execute("SELECT * FROM objects WHERE key > ? ORDER BY key LIMIT ?", (after, BATCH))
            return [Found(*row) for row in rows]

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)
        self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """A transaction on the file, which is made where it is not there, and anew where it is damaged."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            connection = _connected(self._path)
        except sqlite3.DatabaseError:
            self._path.unlink(missing_ok=True)
            connection = _connected(self._path)
        with closing(connection), connection:
            yield connection


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30)
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS state (listed_at REAL)")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS objects (key TEXT PRIMARY KEY, etag TEXT, size INTEGER, sidecar TEXT)"
        )
    except BaseException:
        connection.close()
        raise
    return connection
