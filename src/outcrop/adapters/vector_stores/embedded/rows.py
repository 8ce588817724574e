"""The truth: an SQLite database with every point, from which all that searches is derived.

A row is never changed: a chunk that is put again gets a new row. Documents share their metadata as a "set" of fields.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from outcrop.adapters.vector_stores import packing
from outcrop.adapters.vector_stores.embedded.segments import Segment, to_bytes
from outcrop.core.boxes import Boxes
from outcrop.core.chunks import DATA_SOURCE_ID, DOCUMENT_ID, SOURCE_URI, Point
from outcrop.core.errors import Conflict, IndexBroken, Invalid
from outcrop.core.filters import Metadata

FORMAT = 1
FILE = "points.db"
_MANY = 500  # parameters in one statement

# STRICT tables refuse values of another type; AUTOINCREMENT never gives the id of a set again.
_SCHEMA = """
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, dimensions INTEGER NOT NULL,
    sequence INTEGER NOT NULL, epoch INTEGER NOT NULL, next_row INTEGER NOT NULL
) STRICT;
CREATE TABLE points (
    row INTEGER PRIMARY KEY, chunk TEXT NOT NULL UNIQUE, document TEXT NOT NULL, set_id INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX points_by_document ON points (document, set_id);
CREATE TABLE vectors (row INTEGER PRIMARY KEY, vector BLOB NOT NULL) STRICT;
CREATE TABLE boxes (row INTEGER PRIMARY KEY, boxes BLOB NOT NULL) STRICT;
CREATE TABLE sets (
    set_id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL, body BLOB NOT NULL UNIQUE
) STRICT;
CREATE TABLE fields (
    name TEXT NOT NULL, set_id INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name, set_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE segments (segment INTEGER PRIMARY KEY, rows INTEGER NOT NULL, file TEXT, data BLOB) STRICT;
CREATE TABLE removed (sequence INTEGER NOT NULL, rows BLOB NOT NULL) STRICT;
CREATE INDEX removed_by_sequence ON removed (sequence);
"""


@dataclass(frozen=True, slots=True)
class State:
    """Where an index stands: `sequence` grows with every change, `epoch` when segments were merged."""

    dimensions: int
    sequence: int
    epoch: int
    next_row: int


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Tell SQLite's errors in our words."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise Invalid("An id holds half of a surrogate pair, which is no character.") from error
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise Conflict(f"Another process is writing to {path.parent.name}. Try again when it is done.") from error
        raise IndexBroken(f"{path} cannot be used: {error}. Is the disk full, or are its permissions wrong?") from error
    except sqlite3.DatabaseError as error:
        raise IndexBroken(
            f"{path} is damaged: {error}. Delete the knowledge base's index and sync again, or restore a copy."
        ) from error


def connect(path: Path, *, wait_seconds: float) -> sqlite3.Connection:
    """A connection in autocommit mode that any one thread at a time may use."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=wait_seconds, isolation_level=None,
        check_same_thread=False,
    )  # fmt: skip
    try:
        connection.execute("PRAGMA synchronous = FULL")  # what was acknowledged outlives a power cut
        connection.execute("PRAGMA cache_size = -4096")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def create(path: Path, dimensions: int) -> None:
    """Make a new database."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA page_size = 8192")  # holds two chunks of text, or five vectors of MiniLM
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
        connection.execute("INSERT INTO state VALUES (1, ?, ?, 0, 0, 1)", (FORMAT, dimensions))
    finally:
        connection.close()


def state(connection: sqlite3.Connection) -> State:
    """The state that a transaction sees. Raises IndexBroken where a newer version wrote it."""
    found = connection.execute("SELECT format, dimensions, sequence, epoch, next_row FROM state").fetchone()
    if found is None or found[0] != FORMAT:
        raise IndexBroken(
            f"The index has format {found and found[0]}, but this Outcrop reads {FORMAT}. "
            "Use the version that made it, or sync again into a new knowledge base."
        )
    return State(*found[1:])


def _dumped(value: Any) -> bytes:
    # Text from files may hold lone surrogates, which UTF-8 has no room for.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _loaded(data: bytes) -> Any:
    try:
        return from_json(data)
    except ValueError:  # half a surrogate pair, from a broken file
        return json.loads(data.decode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Draft:
    """A point as it is stored, but for its row and set, which only the transaction knows."""

    chunk: str
    document: str
    fields: bytes
    record: bytes
    vector: bytes | None
    boxes: bytes | None


def drafted(point: Point) -> Draft:
    """A point made ready for the database."""
    chunk = point.chunk
    return Draft(
        chunk=chunk.id,
        document=chunk.document_id,
        fields=_dumped([chunk.document_id, point.data_source_id, point.uri, packing.thawed(point.metadata)]),
        record=_dumped(packing.members_of(chunk)),
        vector=None if point.vector is None else point.vector.astype("<f4").tobytes(),
        boxes=None if chunk.boxes is None else zlib.compress(chunk.boxes.to_bytes(), 6),
    )


@dataclass(frozen=True, slots=True)
class Fields:
    """What the points of a document share."""

    data_source_id: str
    uri: str
    metadata: Metadata


@lru_cache(4096)
def read_fields(body: bytes) -> Fields:
    """The fields of a set."""
    _, data_source_id, uri, metadata = _loaded(body)
    return Fields(data_source_id, uri, packing.frozen(metadata))


def filterable(body: bytes) -> dict[str, Any]:
    """What filters see of a set: its metadata, over which the reserved fields win."""
    document, data_source_id, uri, metadata = _loaded(body)
    return {**metadata, DOCUMENT_ID: document, DATA_SOURCE_ID: data_source_id, SOURCE_URI: uri}


def point(found: Stored, shared: Fields) -> Point:
    """The point of a row."""
    vector, boxes = found.vector, found.boxes
    shown = None if boxes is None else Boxes.from_bytes(zlib.decompress(boxes))
    chunk = packing.chunk_of(found.chunk, found.document, _loaded(found.record), shown)
    return Point(
        chunk=chunk,
        vector=None if vector is None else np.frombuffer(vector, dtype="<f4"),
        uri=shared.uri,
        data_source_id=shared.data_source_id,
        metadata=shared.metadata,  # one object for all points of a document: it is not to be changed
    )


def batches(values: Iterable[Any]) -> Iterator[list[Any]]:
    """The values in lists that fit a statement."""
    values = list(values)
    for i in range(0, len(values), _MANY):
        yield values[i : i + _MANY]


def select(connection: sqlite3.Connection, statement: str, values: Iterable[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement that ends in a list of values: `... IN ({})`."""
    found: list[tuple[Any, ...]] = []
    for batch in batches(values):
        found += connection.execute(statement.format(",".join("?" * len(batch))), batch).fetchall()
    return found


def insert(connection: sqlite3.Connection, drafts: Sequence[Draft], first_row: int) -> NDArray[np.int32]:
    """Put new rows from `first_row` on; the set of each."""
    known: dict[bytes, int] = {}
    sets = [known.get(draft.fields) or known.setdefault(draft.fields, _set(connection, draft)) for draft in drafts]
    rows = range(first_row, first_row + len(drafts))
    connection.executemany(
        "INSERT INTO points VALUES (?, ?, ?, ?, ?)",
        ((row, d.chunk, d.document, s, d.record) for row, d, s in zip(rows, drafts, sets, strict=True)),
    )
    connection.executemany(
        "INSERT INTO vectors VALUES (?, ?)",
        ((row, d.vector) for row, d in zip(rows, drafts, strict=True) if d.vector is not None),
    )
    connection.executemany(
        "INSERT INTO boxes VALUES (?, ?)",
        ((row, d.boxes) for row, d in zip(rows, drafts, strict=True) if d.boxes is not None),
    )
    return np.array(sets, dtype=np.int32)


def _set(connection: sqlite3.Connection, draft: Draft) -> int:
    found = connection.execute("SELECT set_id FROM sets WHERE body = ?", (draft.fields,)).fetchone()
    if found is not None:
        return int(found[0])
    made = connection.execute("INSERT INTO sets (document, body) VALUES (?, ?)", (draft.document, draft.fields))
    number = int(made.lastrowid or 0)
    values = filterable(draft.fields).items()
    connection.executemany(
        "INSERT INTO fields VALUES (?, ?, ?)", ((_name(key), number, json.dumps(value)) for key, value in values)
    )
    return number


def _name(key: str) -> str:
    """A field's name as text that SQLite takes: lone surrogates are escaped."""
    return json.dumps(key)


def replaced(connection: sqlite3.Connection, chunks: Iterable[str], documents: Collection[str]) -> list[int]:
    """The rows of these chunks and of these documents."""
    found = select(connection, "SELECT row FROM points WHERE chunk IN ({})", chunks)
    found += select(connection, "SELECT row FROM points WHERE document IN ({})", documents)
    return sorted({int(row) for (row,) in found})


def remove(connection: sqlite3.Connection, rows: Sequence[int]) -> None:
    """Remove rows, and the sets that no row has any more."""
    used = set(select(connection, "SELECT DISTINCT document, set_id FROM points WHERE row IN ({})", rows))
    for table in ("points", "vectors", "boxes"):
        connection.executemany(f"DELETE FROM {table} WHERE row = ?", ((row,) for row in rows))  # noqa: S608 # ours
    for document, number in sorted(used):
        wanted = connection.execute("SELECT 1 FROM points WHERE document = ? AND set_id = ?", (document, number))
        if wanted.fetchone() is None:
            (body,) = connection.execute("SELECT body FROM sets WHERE set_id = ?", (number,)).fetchone()
            names = [(_name(key), number) for key in filterable(body)]
            connection.executemany("DELETE FROM fields WHERE name = ? AND set_id = ?", names)
            connection.execute("DELETE FROM sets WHERE set_id = ?", (number,))


def column(connection: sqlite3.Connection, key: str, after: int, last: int) -> list[tuple[int, str]]:
    """The values of a field as JSON, of each set that has it, after one set and up to another."""
    statement = "SELECT set_id, value FROM fields WHERE name = ? AND set_id > ? AND set_id <= ?"
    return connection.execute(statement, (_name(key), after, last)).fetchall()


def shared(connection: sqlite3.Connection, numbers: Iterable[int]) -> Mapping[int, Fields]:
    """The fields of these sets."""
    found = select(connection, "SELECT set_id, body FROM sets WHERE set_id IN ({})", numbers)
    return {number: read_fields(body) for number, body in found}


class Stored(NamedTuple):
    """A point as the database has it."""

    set_id: int
    chunk: str
    document: str
    record: bytes
    vector: bytes | None
    boxes: bytes | None


def stored(connection: sqlite3.Connection, wanted: Iterable[int]) -> dict[int, Stored]:
    """What is stored of these rows, by row; those that are not there are left out."""
    return {int(row): Stored(*rest) for row, *rest in select(connection, _POINTS, wanted)}


def read(connection: sqlite3.Connection, found: Mapping[int, Stored], wanted: Sequence[int]) -> dict[int, Point]:
    """The points of the wanted rows that were found, in the order asked."""
    sets = shared(connection, {found[row].set_id for row in wanted if row in found})
    return {row: point(found[row], sets[found[row].set_id]) for row in wanted if row in found}


def points(connection: sqlite3.Connection, wanted: Iterable[int]) -> dict[int, Point]:
    """The points of these rows, by row in the order asked; those that are not there are left out."""
    wanted = [int(row) for row in wanted]
    return read(connection, stored(connection, wanted), wanted)


_POINTS = """
SELECT row, set_id, chunk, document, record, vector, boxes
FROM points LEFT JOIN vectors USING (row) LEFT JOIN boxes USING (row) WHERE row IN ({})
"""


def add_segments(
    connection: sqlite3.Connection, pieces: Sequence[Segment], first_row: int, sets: NDArray[np.int32]
) -> None:
    """Keep segments of new rows, which begin at `first_row` and have these sets."""
    done = 0
    for piece in pieces:
        end = done + len(piece)
        placed = replace(piece, rows=piece.rows + first_row + done, sets=sets[done:end])
        statement = "INSERT INTO segments (rows, data) VALUES (?, ?)"
        connection.execute(statement, (len(piece), to_bytes(placed)))
        done = end


def advance(connection: sqlite3.Connection, gone: Sequence[int], added: int, *, merged: bool = False) -> None:
    """Say what a transaction changed, so that every process that has the index open follows."""
    statement = "UPDATE state SET sequence = sequence + 1, next_row = next_row + ?, epoch = epoch + ?"
    connection.execute(statement, (added, int(merged)))
    if len(gone):
        data = np.asarray(gone, dtype="<i8").tobytes()
        connection.execute("INSERT INTO removed SELECT sequence, ? FROM state", (data,))


def vectors(connection: sqlite3.Connection, wanted: Sequence[int]) -> dict[int, bytes]:
    """The vectors of these rows, float32."""
    return dict(select(connection, "SELECT row, vector FROM vectors WHERE row IN ({})", wanted))
