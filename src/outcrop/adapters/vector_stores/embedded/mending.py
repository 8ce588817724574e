"""Proves that what is derived agrees with the points, and makes it anew from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.vector_stores.embedded import rows, segments
from outcrop.adapters.vector_stores.embedded.merging import SUFFIX, add_file
from outcrop.adapters.vector_stores.embedded.segments import Segment
from outcrop.core.errors import IndexBroken

_WAIT_SECONDS = 30.0
_SHOWN = 5  # rows that a sentence names
_BATCH = 4096  # rows that are read at a time
_SEGMENT = 131_072  # rows in a segment that is made anew


def check(folder: Path) -> list[str]:
    """What is wrong, in sentences; none where all is well."""
    try:
        with _transaction(folder, "BEGIN") as connection:
            problems = [
                f"{folder / rows.FILE}: {line}"
                for (line,) in connection.execute("PRAGMA integrity_check(20)")
                if line != "ok"
            ]
            found, broken = _segments(connection, folder)
            return problems + broken + ([] if broken else _disagreements(connection, found))
    except IndexBroken as error:
        return [error.message]


def rebuild(folder: Path) -> None:
    """Make every segment anew from the points, in one transaction."""
    with _transaction(folder, "BEGIN IMMEDIATE") as connection:
        dimensions = rows.state(connection).dimensions
        wanted = [row for (row,) in connection.execute("SELECT row FROM points ORDER BY row")]
        connection.execute("DELETE FROM segments")
        connection.execute("DELETE FROM removed")
        for number, start in enumerate(range(0, len(wanted), _SEGMENT), start=1):
            add_file(connection, _made(connection, wanted[start : start + _SEGMENT], dimensions), folder, number)
        rows.advance(connection, [], 0, merged=True)
        used = {name for (name,) in connection.execute("SELECT file FROM segments")}
        connection.execute("COMMIT")
    for path in folder.glob(f"*{SUFFIX}"):
        if path.name not in used:
            path.unlink(missing_ok=True)


def _made(connection: sqlite3.Connection, wanted: list[int], dimensions: int) -> Segment:
    """The segment of these rows, made in parts so that not all their texts are in memory at once."""
    parts = [_part(connection, wanted[i : i + _BATCH], dimensions) for i in range(0, len(wanted), _BATCH)]
    return segments.merge(parts, [np.ones(len(part), dtype=np.bool_) for part in parts])


def _part(connection: sqlite3.Connection, wanted: list[int], dimensions: int) -> Segment:
    points = rows.points(connection, wanted)
    sets = dict(rows.select(connection, "SELECT row, set_id FROM points WHERE row IN ({})", wanted))
    return replace(
        segments.build(list(points.values()), dimensions),
        rows=np.array(wanted, dtype=np.int64),
        sets=np.array([sets[row] for row in wanted], dtype=np.int32),
    )


@contextmanager
def _transaction(folder: Path, begin: str) -> Iterator[sqlite3.Connection]:
    path = folder / rows.FILE
    with rows.translated(path):
        connection = rows.connect(path, wait_seconds=_WAIT_SECONDS)
        try:
            connection.execute(begin)
            yield connection
        finally:
            connection.close()


def _segments(connection: sqlite3.Connection, folder: Path) -> tuple[list[Segment], list[str]]:
    """Every segment whose check sum is right, and what is wrong with the others."""
    found: list[Segment] = []
    problems: list[str] = []
    for number, name, data in connection.execute("SELECT segment, file, data FROM segments ORDER BY segment"):
        try:
            if name:
                found.append(segments.read(folder / name, checked=True))
            else:
                found.append(segments.from_buffer(data, f"Segment {number} in {folder / rows.FILE}", checked=True))
        except FileNotFoundError:
            problems.append(f"{folder / name} is not there. Run `outcrop verify --repair` to make it anew.")
        except IndexBroken as error:
            problems.append(error.message)
    return found, problems


def _disagreements(connection: sqlite3.Connection, found: list[Segment]) -> list[str]:
    """Where segments and points differ: rows that only one side has, and vectors that are not those of the row."""
    removed = [np.frombuffer(data, dtype="<i8") for (data,) in connection.execute("SELECT rows FROM removed")]
    held = np.concatenate([*(segment.rows for segment in found), np.empty(0, dtype=np.int64)])
    held = np.setdiff1d(held, np.concatenate([*removed, np.empty(0, dtype=np.int64)]))
    stored = _rows(connection, "SELECT row FROM points")
    problems = []
    for missing, what in (
        (np.setdiff1d(stored, held), "chunks that no search can find"),
        (np.setdiff1d(held, stored), "chunks in the search columns that are not in the database"),
    ):
        if len(missing):
            problems.append(
                f"There are {len(missing)} {what} (rows {', '.join(map(str, missing[:_SHOWN]))}). "
                "Run `outcrop verify --repair` to make the columns anew."
            )
    return problems + _changed_vectors(connection, found)


def _changed_vectors(connection: sqlite3.Connection, found: list[Segment]) -> list[str]:
    """Rows whose 8-bit vector is not that of the database."""
    wrong: list[int] = []
    for segment in found:
        names = segment.rows[segment.vectored]
        for start in range(0, len(names), _BATCH):
            part = names[start : start + _BATCH]
            stored = rows.vectors(connection, part.tolist())
            there = np.array([i for i, row in enumerate(part.tolist()) if row in stored], dtype=np.int64)
            if not len(there):
                continue
            exact = np.array([np.frombuffer(stored[int(part[i])], dtype="<f4") for i in there]).reshape(len(there), -1)
            values = segment.values[start + there].astype(np.float32) * segment.scales[start + there, None]
            off = np.abs(values - exact).max(axis=1) > segment.scales[start + there]
            wrong += part[there[off]].tolist()
    if not wrong:
        return []
    return [f"The search columns have other vectors for {len(wrong)} chunks. Run `outcrop verify --repair`."]


def _rows(connection: sqlite3.Connection, statement: str) -> NDArray[np.int64]:
    return np.array([row for (row,) in connection.execute(statement)], dtype=np.int64)
