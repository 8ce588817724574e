"""What a crawl remembers of the pages that it saw, so that the next one asks only for what has changed.

Losing it costs transfers and nothing else: every page is then asked for whole.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as it was: where it was found in the end, its content's digest, and what it said of itself."""

    url: str
    digest: str
    size: int
    media_type: str
    etag: str | None = None
    modified: str | None = None
    links: tuple[str, ...] = ()
    canonical: str | None = None
    listed: bool = True


class Pages:
    """The pages of one data source by the address that was asked for, in an SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._opened: sqlite3.Connection | None = None

    def get(self, url: str) -> Page | None:
        """The page as it was, None where it was not seen."""
        with self._lock:
            found = self._connection().execute("SELECT page FROM pages WHERE url = ?", (url,)).fetchone()
        if found is None:
            return None
        try:
            given = json.loads(zlib.decompress(found[0]))
            return Page(**{**given, "links": tuple(given["links"])})
        except (ValueError, TypeError, KeyError, zlib.error):  # of another version
            return None

    def put(self, url: str, page: Page) -> None:
        """Remember a page."""
        body = zlib.compress(json.dumps(asdict(page)).encode(), 1)
        with self._lock, self._connection() as connection:
            connection.execute("INSERT OR REPLACE INTO pages VALUES (?, ?)", (url, body))

    def forget(self, url: str) -> None:
        """Forget a page that is gone."""
        with self._lock, self._connection() as connection:
            connection.execute("DELETE FROM pages WHERE url = ?", (url,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = _opened(self._path)
        return self._opened


def _opened(path: Path) -> sqlite3.Connection:
    """The file, made anew where it is damaged."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for attempt in (1, 2):
        connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("CREATE TABLE IF NOT EXISTS pages (url TEXT PRIMARY KEY, page BLOB NOT NULL)")
        except sqlite3.DatabaseError:
            connection.close()
            if attempt == 2:  # noqa: PLR2004 # the file is new: the disk is what fails
                raise
            path.unlink(missing_ok=True)
        else:
            return connection
    raise AssertionError("unreachable")
