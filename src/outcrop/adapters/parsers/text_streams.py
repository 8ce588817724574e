"""The text of a file line by line, from the disk or from memory, so that a long one is never held whole."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from typing import IO

from outcrop.adapters.parsers.decode import BYTE_ORDER_MARKS, decode
from outcrop.core.parsed import Blob

BLOCK = 1 << 20  # bytes that are looked at together
SAMPLE_LINES = 200  # with other characters than ASCII, that tell the encoding of what is not UTF-8


@dataclass(frozen=True, slots=True)
class TextStream:
    """A file and the encoding that all of it, or its telling lines, are in."""

    blob: Blob
    encoding: str
    lossy: bool = False

    @classmethod
    def of(cls, blob: Blob) -> TextStream:
        """Look through a file once, in blocks, for its encoding."""
        with opened(blob) as file:
            head = file.read(BLOCK)
        for mark, encoding in BYTE_ORDER_MARKS:
            if head.startswith(mark):
                return cls(blob, "utf-8-sig" if encoding == "utf-8" else encoding.rpartition("-")[0])
        found = decode(head)
        if found.encoding not in {"utf-8", "ascii"}:
            return cls(blob, found.encoding, found.lossy)
        if _is_utf8(blob):
            return cls(blob, "utf-8")
        found = decode(_telling(blob))
        return cls(blob, found.encoding, found.lossy)

    def lines(self) -> Iterator[str]:
        """The lines with their ends as they are; what is not valid in the encoding is left out."""
        with opened(self.blob) as file, TextIOWrapper(file, self.encoding, errors="ignore", newline="") as text:
            yield from text


def opened(blob: Blob) -> IO[bytes]:
    """The content of a blob as a file."""
    return BytesIO(blob.read()) if blob.path is None or blob.data is not None else blob.path.open("rb")


def _is_utf8(blob: Blob) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with opened(blob) as file:
            while block := file.read(BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _telling(blob: Blob) -> bytes:
    """Lines that are not ASCII, each up to a bound."""
    found: list[bytes] = []
    with opened(blob) as file:
        while len(found) < SAMPLE_LINES and (line := file.readline(BLOCK)):
            if not line.isascii():
                found.append(line)
    return b"".join(found)
