"""Where text stands on a page: word boxes in one compact table, and the regions that cover a span of text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROW = np.dtype(
    [
        ("start", "<i4"),
        ("end", "<i4"),
        ("page", "<i4"),
        ("left", "<f4"),
        ("top", "<f4"),
        ("right", "<f4"),
        ("bottom", "<f4"),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A rectangle on a page, in PDF points (1/72 inch) from the page's top left corner as it is displayed."""

    page: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Boxes of words (or lines, where words are not known): one row each of dtype `ROW`, sorted by `start`.

    `start` and `end` count characters in the text that the boxes belong to; pages count from 1.
    """

    rows: NDArray[np.void]

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int, float, float, float, float]]) -> Boxes:
        """Boxes from tuples (start, end, page, left, top, right, bottom) in order of start."""
        return cls(np.array(list(rows), dtype=ROW))

    @classmethod
    def from_bytes(cls, data: bytes) -> Boxes:
        """The boxes that `to_bytes` gave."""
        return cls(np.frombuffer(data, dtype=ROW))

    def to_bytes(self) -> bytes:
        """The table as bytes, 28 a row."""
        return self.rows.tobytes()

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Boxes) and np.array_equal(self.rows, other.rows)

    __hash__ = None  # type: ignore[assignment]  # arrays have no hash

    def within(self, start: int, end: int) -> Boxes:
        """The boxes that touch the characters start to end, counted from `start` on."""
        # Words do not overlap and are sorted, so their ends are sorted too.
        first = int(np.searchsorted(self.rows["end"], start, side="right"))
        last = int(np.searchsorted(self.rows["start"], end, side="left"))
        touched = self.rows[first : max(first, last)].copy()
        touched["start"] = np.maximum(touched["start"] - start, 0)
        touched["end"] = np.minimum(touched["end"], end) - start
        return Boxes(touched)

    def regions(self, start: int, end: int) -> tuple[Region, ...]:
        """The rectangles, one a line of print, that cover the characters start to end."""
        lines: list[list[tuple[int, float, float, float, float]]] = []
        for row in self.within(start, end).rows:
            left, top, right, bottom = (float(row[side]) for side in ("left", "top", "right", "bottom"))
            box = (int(row["page"]), left, top, right, bottom)
            if lines and _same_line(lines[-1][-1], box):
                lines[-1].append(box)
            else:
                lines.append([box])
        return tuple(_around(line) for line in lines)


def _same_line(before: tuple[int, float, float, float, float], box: tuple[int, float, float, float, float]) -> bool:
    """Whether a box goes on in the line of print of the box before it: same page, to its right, at its height."""
    height = min(before[4] - before[2], box[4] - box[2])
    overlap = min(before[4], box[4]) - max(before[2], box[2])
    return before[0] == box[0] and box[1] >= before[1] and overlap > height / 2


def _around(line: list[tuple[int, float, float, float, float]]) -> Region:
    _, lefts, tops, rights, bottoms = zip(*line, strict=True)
    return Region(page=line[0][0], left=min(lefts), top=min(tops), right=max(rights), bottom=max(bottoms))


def joined(parts: Iterable[tuple[Boxes, int]]) -> Boxes:
    """One table from several, each with the number of characters that its text is moved on by."""
    moved = []
    for boxes, offset in parts:
        rows = boxes.rows.copy()
        rows["start"] += offset
        rows["end"] += offset
        moved.append(rows)
    return Boxes(np.concatenate(moved) if moved else np.empty(0, dtype=ROW))
