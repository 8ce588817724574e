"""A parse process: reads one file after another from its channel, under guard, until the channel ends."""

from __future__ import annotations

import os
import resource
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from outcrop.adapters.parsers import ole, progress, wire
from outcrop.adapters.parsers.decode import looks_like_text
from outcrop.adapters.parsers.detect import detect
from outcrop.adapters.parsers.families import parser_for
from outcrop.adapters.parsers.formats import CSV, TSV, by_name
from outcrop.adapters.parsers.guards import allow_cpu, guard
from outcrop.adapters.parsers.options import MIB, ParseOptions, out_of_memory
from outcrop.adapters.parsers.parts import Restart, Streaming
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument
from outcrop.core.protocols import Parser

ROWS = frozenset({CSV, TSV})
HEAD = 256 * 1024  # bytes that tell what a file of rows is
CONTAINERS = (b"PK\x03\x04", b"PK\x05\x06", ole.MAGIC)  # what is to be had whole to be told
STATM = Path("/proc/self/statm")
NO_TEXT = (
    "No text was found in the file. If it shows text only in pictures, save it as PDF, or the pictures by themselves, "
    "so that they can be read by OCR."
)


class Worker:
    """The parsers of one process, each made once, and what becomes of a request."""

    def __init__(
        self, options: ParseOptions, families: Mapping[str, str], tell: Callable[[ParsedDocument], None]
    ) -> None:
        self._tell = tell
        self._told = False  # whether a part of the document in hand was told
        self._options = options
        self._families = families
        self._parsers: dict[tuple[str, bool], Parser] = {}
        self.spent = False  # after a panic, or much memory: the pool takes a fresh process

    def answer(self, header: Mapping[str, Any], body: memoryview) -> tuple[dict[str, Any], list[bytes]]:
        """The reply to one request: a document, or the reason why there is none."""
        try:
            return wire.encode(self.read(_blob(header, body), careful=bool(header.get("careful"))))
        except Unreadable as error:
            return wire.encode_error(error), []
        except MemoryError:
            self.spent = True
            return wire.encode_error(Unreadable("out_of_memory", out_of_memory(self._options))), []
        except RecursionError:
            return wire.encode_error(Unreadable("corrupt", "The file is nested too deeply to be read.")), []
        except BaseException as error:  # noqa: BLE001 # a panic of a Rust parser is no Exception
            self.spent = not isinstance(error, Exception)
            message = f"The file could not be read; it may be damaged ({type(error).__name__}: {str(error)[:200]})."
            return wire.encode_error(Unreadable("corrupt", message)), []

    def read(self, blob: Blob, *, careful: bool = False) -> ParsedDocument:
        """The text of a file, by the parser for its content. Raises Unreadable."""
        blob = _detected(blob)
        parser = self._parser(str(blob.media_type), careful=careful)
        document = self._last_part(parser.parts(blob)) if isinstance(parser, Streaming) else parser.parse(blob)
        if not self._told and not document.text.strip():
            raise Unreadable("no_text", NO_TEXT)
        return document

    def _last_part(self, parts: Iterator[ParsedDocument]) -> ParsedDocument:
        """Tell every part of a document but its last, which is the answer."""
        self._told = False
        waiting = next(parts)
        for part in parts:
            self._tell(waiting)
            self._told = not isinstance(waiting, Restart)
            waiting = part
        return waiting

    def _parser(self, media_type: str, *, careful: bool) -> Parser:
        key = (media_type, careful)
        if key not in self._parsers:
            options = replace(self._options, careful=careful)
            self._parsers[key] = parser_for(media_type, self._families, options)
        return self._parsers[key]


def _detected(blob: Blob) -> Blob:
    """The file with its media type; one of rows stays where it is, so that it can be read as it comes."""
    if blob.path is not None and by_name(blob.name) in ROWS:
        with blob.path.open("rb") as file:
            head = file.read(HEAD)
        if not head.startswith(CONTAINERS) and looks_like_text(head):
            media_type = detect(blob.name, head)
            if media_type in ROWS:
                return replace(blob, media_type=media_type)
    data = blob.read()
    return replace(blob, data=data, media_type=detect(blob.name, data))


def _blob(header: Mapping[str, Any], body: memoryview) -> Blob:
    if header["path"] is not None:
        return Blob(name=header["name"], path=Path(header["path"]))
    return Blob(name=header["name"], data=bytes(body))


def serve(channel: socket.socket, options: ParseOptions, families: Mapping[str, str]) -> None:
    """Say that the process is ready, then answer until the channel ends or the process is spent."""
    wire.send(channel, {"ready": True})
    progress.listen(lambda: _gets_on(channel, options))
    worker = Worker(options, families, lambda part: _send_part(channel, options, part))
    while not worker.spent and (request := wire.receive(channel, sys.maxsize)) is not None:
        allow_cpu(options.seconds)
        header, bodies = worker.answer(request.header, request.body)
        worker.spent |= resident_bytes() > options.memory_mb * MIB // 2
        wire.send(channel, {**header, "spent": worker.spent}, bodies)


def _gets_on(channel: socket.socket, options: ParseOptions) -> None:
    """Say that the file is being read still, page by page: the time that it may take begins anew."""
    wire.send(channel, {"progress": True})
    allow_cpu(options.seconds)


def _send_part(channel: socket.socket, options: ParseOptions, part: ParsedDocument) -> None:
    """Send a part of a document whose others follow, or the word to forget those before."""
    if isinstance(part, Restart):
        wire.send(channel, {"restart": True})
        return
    header, bodies = wire.encode(part)
    wire.send(channel, {**header, "part": True}, bodies)
    allow_cpu(options.seconds)


def resident_bytes() -> int:
    """The memory that this process holds now; 0 where the system does not say.

    Not the peak: Linux hands a parent's peak down to its children.
    """
    try:
        return int(STATM.read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def main(descriptor: int, options: ParseOptions, families: Mapping[str, str]) -> None:
    """Run as a parse process on an inherited socket; ends the process."""
    code = 1
    try:
        channel = socket.socket(fileno=descriptor)
        guard(options)
        serve(channel, options, families)
        code = 0
    except (EOFError, OSError):
        code = 0  # the parent has gone
    finally:
        sys.stderr.flush()
        os._exit(code)  # native libraries may crash while an interpreter ends
