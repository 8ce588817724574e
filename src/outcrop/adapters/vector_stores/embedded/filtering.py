"""Filters as row sets: each comparison is decided once a distinct value by `matches` itself, then spread over rows.

Nothing of a filter ever becomes SQL but its key and ids, and those as parameters.
"""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.vector_stores.embedded import rows
from outcrop.adapters.vector_stores.embedded.segments import Segment
from outcrop.core.chunks import CHUNK_ID, PAGE
from outcrop.core.filters import AllOf, Compare, Filter, kind, matches

Mask = NDArray[np.bool_]
_COLUMNS = 64  # fields whose values are remembered


@dataclass(slots=True)
class Column:
    """The values of one field by set: `codes[set]` counts `values` from 1; 0 where the set lacks the field."""

    values: dict[str, int] = field(default_factory=dict)  # JSON text -> code
    codes: NDArray[np.int32] = field(default_factory=lambda: np.zeros(1024, dtype=np.int32))
    decoded: list[Any] = field(default_factory=list)
    seen: int = 0  # the last set that was read

    def read(self, connection: sqlite3.Connection, key: str, last: int) -> None:
        """Read the sets up to `last` that are new; a set never changes and its id is never given again."""
        if last <= self.seen:
            return
        if last >= len(self.codes):
            self.codes = np.concatenate([self.codes, np.zeros(last + 1, dtype=np.int32)])
        for number, value in rows.column(connection, key, self.seen, last):
            if value not in self.values:
                self.values[value] = len(self.values) + 1
                self.decoded.append(json.loads(value))
            self.codes[number] = self.values[value]
        self.seen = last


class Columns:
    """The columns of the fields that filters asked for, least recently used ones forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Column] = OrderedDict()
        self._lock = Lock()

    def satisfied(self, connection: sqlite3.Connection, test: Compare, last: int) -> Mask:
        """Which sets, up to `last`, satisfy a comparison: shape (last + 1,)."""
        with self._lock:
            column = self._kept.setdefault(test.key, Column())
            self._kept.move_to_end(test.key)
            if len(self._kept) > _COLUMNS:
                self._kept.popitem(last=False)
            column.read(connection, test.key, last)
            verdicts = [matches(test, {})]
            verdicts += [matches(test, {test.key: value}) for value in column.decoded]
            return np.array(verdicts, dtype=np.bool_)[column.codes[: last + 1]]


@dataclass(frozen=True, slots=True)
class Filtering:
    """Evaluates filters on segments within one transaction."""

    connection: sqlite3.Connection
    columns: Columns

    def masks(self, where: Filter, segments: tuple[Segment, ...]) -> tuple[Mask, ...]:
        """Which rows of each segment satisfy the filter."""
        if isinstance(where, Compare):
            return self._compared(where, segments)
        parts = [self.masks(part, segments) for part in where.parts]
        join: Callable[[list[Mask]], Mask] = np.logical_and.reduce if isinstance(where, AllOf) else np.logical_or.reduce
        return tuple(join([part[i] for part in parts]) for i in range(len(segments)))

    def _compared(self, test: Compare, segments: tuple[Segment, ...]) -> tuple[Mask, ...]:
        if test.key == CHUNK_ID:
            found = self._chunks(test)
            return tuple(np.isin(segment.rows, found) for segment in segments)
        last = max((int(segment.sets.max(initial=0)) for segment in segments), default=0)
        sets = self.columns.satisfied(self.connection, test, last)
        masks = (sets[segment.sets] for segment in segments)
        if test.key == PAGE:
            return tuple(_paged(test, mask, segment) for mask, segment in zip(masks, segments, strict=True))
        return tuple(masks)

    def _chunks(self, test: Compare) -> NDArray[np.int64]:
        """The rows whose chunk id satisfies a comparison: looked up where it names ids, else all are read."""
        if test.operator in ("equals", "in"):
            named = test.value if test.operator == "in" else [test.value]
            texts = {one for one in named if kind(one) == "text" and _is_text(one)}
            found = rows.select(self.connection, "SELECT row FROM points WHERE chunk IN ({})", texts)
            return np.array([row for (row,) in found], dtype=np.int64)
        every = self.connection.execute("SELECT row, chunk FROM points")
        return np.array([row for row, chunk in every if matches(test, {CHUNK_ID: chunk})], dtype=np.int64)


def _is_text(value: str) -> bool:
    """Whether it can be stored: no chunk id holds half of a surrogate pair."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _paged(test: Compare, mask: Mask, segment: Segment) -> Mask:
    """The mask where a row's own page, if it has one, goes before its metadata."""
    pages, codes = np.unique(segment.pages, return_inverse=True)
    verdicts = np.array([matches(test, {PAGE: int(page)}) for page in pages], dtype=np.bool_)
    return np.where(segment.pages >= 0, verdicts[codes], mask)
