"""Noise on scans: whether there is some, and pictures freed of it in the ways that help reading.

Specks are pixels beyond all their neighbours; grain is measured by J. Immerkaer's filter ("Fast noise variance
estimation", 1996), by the median, so that print does not count.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

SPECK = 80  # grey levels beyond the eight pixels around
MOST_SPECKS = 0.004  # of the pixels of a clean scan, of which print at 75 dots per inch has 0.0001
MOST_GRAIN = 30.0  # grey levels; the engine reads through less
RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
IMMERKAER = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def cleaned(image: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The RGB picture freed of specks, smoothed by the median, and blurred; nothing where it is clean."""
    import cv2

    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    specks = _specks(grey)
    if specks.mean() < MOST_SPECKS and _grain(grey) < MOST_GRAIN:
        return
    median = cv2.medianBlur(grey, 3)
    yield _coloured(np.where(specks, median, grey))
    yield _coloured(median)
    yield _coloured(cv2.GaussianBlur(grey, (0, 0), 1))


def _specks(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    import cv2

    lowest = cv2.erode(grey, RING, borderType=cv2.BORDER_REPLICATE).astype(np.int16)
    highest = cv2.dilate(grey, RING, borderType=cv2.BORDER_REPLICATE).astype(np.int16)
    found: NDArray[np.bool_] = (grey < lowest - SPECK) | (grey > highest + SPECK)
    return found


def _grain(grey: NDArray[np.uint8]) -> float:
    """The standard deviation of the noise, in grey levels."""
    import cv2

    filtered = cv2.filter2D(grey.astype(np.float32), -1, IMMERKAER)
    return float(np.median(np.abs(filtered)) / 0.6745 / 6)  # of a normal distribution; the filter's own norm


def _coloured(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey[:, :, None], 3, axis=2)
