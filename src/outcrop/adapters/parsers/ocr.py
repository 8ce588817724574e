"""Reads pictures of text with RapidOCR (PP-OCRv6, whose models come in its wheel): words, their places, confidence."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.parsers.decode import clean
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.page_geometry import rotation
from outcrop.adapters.parsers.page_noise import cleaned
from outcrop.adapters.parsers.page_words import Word
from outcrop.core.quiet import silence

SIDE = 1280  # pixels of the longer side when lines are looked for; they are read at full size
LONGEST_SIDE = 4000
SURE = 0.9  # a page read upside down scores lower
AS_GOOD = 0.8  # of the weight of what was read sideways, for a page to be turned: upright columns of Han lose more
TALL = 1.5  # height over width of the boxes of lines that run upwards
LONG = 5.0  # width over height of the lines that tell the skew
LEAST_SKEW, MOST_SKEW = 0.2, 30.0  # degrees
NO_MEMORY = ("bad_alloc", "Failed to allocate", "Insufficient memory", "Unable to allocate")
SPACE = re.compile(r"\s")
ScoredBox = tuple[float, float, float, float, float]  # left, top, right, bottom, and a score from 0 to 1
Quad = NDArray[np.float64]  # (4, 2): corners clockwise from the top left


@dataclass(frozen=True, slots=True)
class Reading:
    """One line that was read: its corners, text and score, and its words with their corners."""

    quad: Quad
    text: str
    score: float
    words: tuple[tuple[str, Quad], ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """A picture as it was read, in pixels of the picture turned upright and straightened.

    `turn` says by how much the text was turned clockwise, `skew` by how many degrees clockwise beyond that. `lines`
    are the places of the lines that were read and the engine's scores of them, 0 to 1.
    """

    words: list[Word]
    confidence: float
    turn: int = 0
    skew: float = 0.0
    lines: Sequence[ScoredBox] = ()


def engine(options: ParseOptions) -> Ocr | None:
    """The engine, where OCR is asked for and installed; its models are not loaded yet."""
    return Ocr() if options.ocr and _installed() else None


def _installed() -> bool:
    return all(find_spec(name) is not None for name in ("rapidocr", "cv2", "PIL"))


def version(reader: Ocr | None) -> str:
    """What reads pictures, for a parser's version."""
    if reader is None:
        return "ocr/none"
    return " ".join(f"{name}/{metadata.version(name)}" for name in ("rapidocr", "onnxruntime"))


def remedy(options: ParseOptions) -> str:
    """What to do where there is no engine."""
    if not options.ocr:
        return "OCR is switched off: set OUTCROP_OCR=auto to read them."
    return "OCR is not installed: run `pip install 'outcrop[ocr]'`, then sync again."


class Ocr:
    """The OCR engine of a process: its models are loaded when the first picture comes."""

    @cached_property
    def _engine(self) -> Any:
        silence()
        from rapidocr import RapidOCR

        # Detection at a bounded side and no classifier of upside-down lines: pages are turned as a whole.
        return RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,
                "Global.max_side_len": LONGEST_SIDE,
                "Rec.rec_batch_num": 1,  # lines of a batch are padded to its longest: one by one is faster, and smaller
                "Det.limit_type": "max",
                "Det.limit_side_len": SIDE,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, image: NDArray[np.uint8]) -> Scan:
        """The words of an RGB picture, however it is turned, and how sure the engine is of them, 0 to 1."""
        turn, readings = self._upright(image)
        readings = self._best(image, turn, readings)
        if not any(character.isalnum() for reading in readings for character in reading.text):
            return Scan([], 0.0)  # shapes look like squares and dashes
        skew = _skew(readings)
        height, width = (image.shape[1], image.shape[0]) if turn % 180 else image.shape[:2]
        straight = rotation(-skew, width, height)
        words = [word for reading in readings for word in _words(reading, straight)]
        lines = [(*_bounds(reading.quad, straight), reading.score) for reading in readings]
        return Scan(words, _score(readings), turn, skew, lines)

    def _best(self, image: NDArray[np.uint8], turn: int, readings: list[Reading]) -> list[Reading]:
        """The lines, read again from what is left once noise is taken away, where there is some and that gives more."""
        for picture in cleaned(image):
            found = self._lines(np.ascontiguousarray(np.rot90(picture, turn // 90)))
            if _weight(found) > _weight(readings):
                readings = found
        return readings

    def _upright(self, image: NDArray[np.uint8]) -> tuple[int, list[Reading]]:
        """By how much the text is turned clockwise, and the lines read once it is turned back."""
        best = (0, self._lines(image))
        least = _weight(best[1])
        if not best[1]:
            return best
        turns: tuple[int, ...] = (180,) if _score(best[1]) < SURE else ()
        if _sideways(best[1]):
            # Each line was turned for reading by itself, so it may have been read well; the page is still to be turned.
            turns, least = (90, 270), AS_GOOD * least
        for turn in turns:
            found = self._lines(np.ascontiguousarray(np.rot90(image, turn // 90)))
            if _weight(found) > least:
                best, least = (turn, found), _weight(found)
            if _score(found) >= SURE:
                break
        return best

    def _lines(self, image: NDArray[np.uint8]) -> list[Reading]:
        result = self._run(np.ascontiguousarray(image[:, :, ::-1]))
        if result.boxes is None or result.txts is None:
            return []
        words = result.word_results if len(result.word_results or ()) == len(result.txts) else [()] * len(result.txts)
        lines = zip(result.boxes, result.txts, result.scores, words, strict=True)
        return [_reading(np.asarray(quad, np.float64), text, score, found) for quad, text, score, found in lines]

    def _run(self, image: NDArray[np.uint8]) -> Any:
        """What the engine finds in a BGR picture. Raises MemoryError, which it hides in an error of its own."""
        try:
            return self._engine(image, return_word_box=True)
        except Exception as error:
            if any(word in str(error) for word in NO_MEMORY):
                raise MemoryError from error
            raise


def _reading(quad: Quad, text: str, score: float, found: Sequence[tuple[str, float, Any]]) -> Reading:
    """A line with its words; where the engine gives none that fit, they share the line by their length."""
    text = clean(text)
    words = tuple((clean(word), np.asarray(place, np.float64)) for word, _, place in found)
    if "".join(word for word, _ in words) != SPACE.sub("", text):
        words = tuple(_shared(quad, text))
    return Reading(quad, text, float(score), words)


def _shared(quad: Quad, text: str) -> Iterator[tuple[str, Quad]]:
    for match in re.finditer(r"\S+", text):
        first, last = match.start() / len(text), match.end() / len(text)
        top, bottom = quad[1] - quad[0], quad[2] - quad[3]
        corners = (quad[0] + first * top, quad[0] + last * top, quad[3] + last * bottom, quad[3] + first * bottom)
        yield match.group(), np.array(corners)


def _size(quad: Quad) -> tuple[float, float]:
    return math.dist(quad[0], quad[1]), math.dist(quad[0], quad[3])


def _sideways(readings: Sequence[Reading]) -> bool:
    """Whether most of the text runs upwards or downwards."""
    tall = 0
    for reading in readings:
        width, height = _size(reading.quad)
        tall += len(reading.text) * (1 if height > TALL * width else -1)
    return tall > 0


def _weight(readings: Sequence[Reading]) -> float:
    return sum(reading.score * len(reading.text) for reading in readings)


def _score(readings: Sequence[Reading]) -> float:
    """The mean score over the characters read."""
    return _weight(readings) / max(1, sum(len(reading.text) for reading in readings))


def _skew(readings: Sequence[Reading]) -> float:
    """The angle of the long lines, in degrees clockwise; 0 where it is too small or too large to be one."""
    angles = []
    for reading in readings:
        width, height = _size(reading.quad)
        if width > LONG * height:
            angles.append(math.degrees(math.atan2(*(reading.quad[1] - reading.quad[0])[::-1])))
    angle = float(np.median(angles)) if angles else 0.0
    return angle if LEAST_SKEW <= abs(angle) <= MOST_SKEW else 0.0


def _words(reading: Reading, mapping: NDArray[np.float64]) -> Iterator[Word]:
    """The words of a line, straightened, glued where the line has no space between them."""
    position = 0
    for index, (text, quad) in enumerate(reading.words):
        start = reading.text.find(text, position)
        glued = index > 0 and start == position
        position = max(start, position) + len(text)
        yield Word(text, *_bounds(quad, mapping), glued)


def _bounds(quad: Quad, mapping: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """The box around four corners once they are moved."""
    moved = quad @ mapping[:, :2].T + mapping[:, 2]
    (left, top), (right, bottom) = moved.min(axis=0).tolist(), moved.max(axis=0).tolist()
    return left, top, right, bottom
