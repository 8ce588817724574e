"""Boxes on a page that is turned or straightened: rows of left, top, right, bottom from the page's top left corner."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def turned(boxes: NDArray[np.float64], turn: int, width: float, height: float) -> NDArray[np.float64]:
    """Boxes (n, 4) on a page of this size after the page is turned clockwise by 0, 90, 180 or 270 degrees."""
    left, top, right, bottom = boxes.T
    match turn % 360:
        case 90:
            return np.stack([height - bottom, left, height - top, right], axis=1)
        case 180:
            return np.stack([width - right, height - bottom, width - left, height - top], axis=1)
        case 270:
            return np.stack([top, width - right, bottom, width - left], axis=1)
    return boxes


def rotation(degrees: float, width: float, height: float) -> NDArray[np.float64]:
    """The affine map (2, 3) that turns points clockwise about the middle of a picture of this size."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    x, y = width / 2, height / 2
    return np.array([[cosine, -sine, x - cosine * x + sine * y], [sine, cosine, y - sine * x - cosine * y]])


def rotated(boxes: NDArray[np.float64], mapping: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rectangles (n, 4) around rectangles that an affine map has moved."""
    corners = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    moved = corners @ mapping[:, :2].T + mapping[:, 2]
    return np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1)
