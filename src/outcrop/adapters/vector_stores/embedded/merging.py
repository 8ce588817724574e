"""Merges segments, so that few are searched, and leaves out the rows that were removed."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from outcrop.adapters.vector_stores.embedded import rows, segments
from outcrop.adapters.vector_stores.embedded.segments import Segment
from outcrop.adapters.vector_stores.embedded.snapshots import Snapshot, is_worn

SUFFIX = ".segment"
RATIO = 4
MAX_ROWS = 250_000  # rows in a merged segment; bounds the time and memory of a merge


def tidy(connection: sqlite3.Connection, snapshot: Snapshot, folder: Path) -> list[Path]:
    """Merge within this transaction; the files that nothing refers to once it is committed."""
    first = _first_to_merge(snapshot)
    numbers = [number for number, *_ in snapshot.files] + list(snapshot.tail[:1])
    worn = [i for i in range(first) if is_worn(snapshot.segments[i], snapshot.alive[i])]
    newest = list(range(first, len(snapshot.segments)))
    for group in [*([i] for i in worn), *([newest] if newest else [])]:
        merged = segments.merge([snapshot.segments[i] for i in group], [snapshot.alive[i] for i in group])
        last = snapshot.tail[-1] if group[-1] >= len(snapshot.files) else numbers[group[-1]]
        connection.execute("DELETE FROM segments WHERE segment BETWEEN ? AND ?", (numbers[group[0]], last))
        if len(merged):
            add_file(connection, merged, folder, numbers[group[0]])
    _forget_removed(connection, snapshot, [i for i in range(first) if i not in worn])
    rows.advance(connection, [], 0, merged=True)
    used = {name for (name,) in connection.execute("SELECT file FROM segments WHERE file IS NOT NULL")}
    return [path for path in folder.glob(f"*{SUFFIX}") if path.name not in used]


def add_file(connection: sqlite3.Connection, segment: Segment, folder: Path, number: int) -> None:
    """Write a segment to a file of its own and name it in the database."""
    name = f"{number}-{secrets.token_hex(8)}{SUFFIX}"
    segments.write(segment, folder / name)
    connection.execute("INSERT INTO segments VALUES (?, ?, ?, NULL)", (number, len(segment), name))


def _first_to_merge(snapshot: Snapshot) -> int:
    """From which segment on all become one: each is at least RATIO times the newer ones, so there are few."""
    sizes = [int(np.count_nonzero(alive)) for alive in snapshot.alive]
    first = len(snapshot.files)
    total = sum(sizes[first:])
    while first > 0 and total and sizes[first - 1] < RATIO * total and sizes[first - 1] + total <= MAX_ROWS:
        first -= 1
        total += sizes[first]
    return first


def _forget_removed(connection: sqlite3.Connection, snapshot: Snapshot, untouched: Sequence[int]) -> None:
    """Keep of the removed rows only those that a segment still has."""
    parts = [snapshot.segments[i].rows[~snapshot.alive[i]] for i in untouched]
    left = np.concatenate([*parts, np.empty(0, dtype=np.int64)]).astype("<i8")
    connection.execute("DELETE FROM removed")
    if len(left):
        connection.execute("INSERT INTO removed SELECT sequence, ? FROM state", (left.tobytes(),))
