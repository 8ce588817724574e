"""One guarded, persistent parse process, as its parent sees it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic

from outcrop.adapters.parsers import wire
from outcrop.adapters.parsers.options import MIB, ParseOptions, out_of_memory
from outcrop.adapters.parsers.parts import joined
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument

START_SECONDS = 60  # a process that is not ready by then will not be
KEPT_STDERR = 4096
MOST_EXTENSIONS = 60  # times the seconds of one document, for one whose pages keep coming
ENTRY = """
import sys, json
descriptor, options, families, sys.path[:] = json.loads(sys.argv[1])
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.worker import main
main(descriptor, ParseOptions.from_json(options), families)
"""
# What a parse process sees of the environment: enough to load libraries, no secrets.
ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "ORT_DISABLE_TELEMETRY")
# One thread a process: the processes are what runs in parallel. Allocators may reserve little address space, which is
# what the limit on memory counts: two arenas of glibc, and 64 MiB a piece of mimalloc (liteparse), in KiB, not 1 GiB.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKIO_WORKER_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "MIMALLOC_ARENA_RESERVE": "65536",
}
MEMORY_WORDS = ("memory allocation of", "bad_alloc", "out of memory", "MemoryError", "Cannot allocate memory")


class ParseProcess:
    """A parse process. Belongs to one thread: only `stop` may be called from another."""

    def __init__(self, options: ParseOptions, families: Mapping[str, str]) -> None:
        self._options = options
        self.alive = True  # whether it can be given another file
        self._channel, theirs = socket.socketpair()
        self._errors, their_errors = os.pipe()
        os.set_blocking(self._errors, False)
        os.set_blocking(their_errors, False)  # what nobody reads is dropped, and never blocks the process
        argument = json.dumps([theirs.fileno(), options.to_json(), dict(families), [str(path) for path in sys.path]])
        try:
            self._process = subprocess.Popen(  # noqa: S603 # our own interpreter and entry
                [sys.executable, "-I", "-c", ENTRY, argument],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=their_errors,
                pass_fds=[theirs.fileno()],
                env={**{name: os.environ[name] for name in ENVIRONMENT if name in os.environ}, **ONE_THREAD},
            )
        finally:
            theirs.close()
            os.close(their_errors)
        self._await_ready()

    def _await_ready(self) -> None:
        try:
            ready = wire.receive(self._channel, 0, monotonic() + START_SECONDS)
        except (OSError, EOFError, wire.Malformed):
            ready = None
        if ready is None:
            raise Unreadable("crashed", f"The parse process did not start. {self._end()[1]}")

    def read(self, blob: Blob, *, careful: bool = False) -> ParsedDocument:
        """The text of a file. Raises Unreadable; the process may be gone afterwards, see `alive`.

        `careful` leaves out what is known to break on some files, for one that has just broken a process.
        """
        path = None if blob.path is None or blob.data is not None else str(blob.path)
        try:
            self._channel.settimeout(self._options.seconds)
            request = {"name": blob.name, "path": path, "careful": careful}
            wire.send(self._channel, request, [] if blob.data is None else [blob.data])
            return self._document(*self._reply())
        except TimeoutError as error:
            self._end()
            raise self._too_slow() from error
        except wire.Malformed as error:
            self._end()
            raise _crashed("its reply makes no sense") from error
        except (OSError, EOFError) as error:
            raise self._died() from error

    def _reply(self) -> tuple[wire.Frame | None, list[ParsedDocument]]:
        """The reply to a request and the parts of the document before it.

        Each part, and each page that the parser says it gets to, gives it its time anew, to a limit.
        """
        seconds, room = self._options.seconds, self._options.memory_mb * MIB
        last = monotonic() + MOST_EXTENSIONS * seconds
        parts: list[ParsedDocument] = []
        while (now := monotonic()) < last:
            reply = wire.receive(self._channel, room, min(now + seconds, last))
            if reply is None or not reply.header.keys() & {"progress", "part", "restart"}:
                return reply, parts
            if "part" in reply.header:
                parts.append(wire.decode(reply.header, reply.body))
                room -= len(reply.body)
            elif "restart" in reply.header:
                parts, room = [], self._options.memory_mb * MIB
        raise TimeoutError

    def _document(self, reply: wire.Frame | None, parts: list[ParsedDocument]) -> ParsedDocument:
        if reply is None:
            raise EOFError
        self._said()  # a full pipe would lose the last words of a crash
        if reply.header.get("spent"):
            self._end()
        if "reason" in reply.header:
            raise wire.decode_error(reply.header)
        document = wire.decode(reply.header, reply.body)
        return joined([*parts, document]) if parts else document

    def _too_slow(self) -> Unreadable:
        limit = self._options.seconds
        return Unreadable(
            "timeout", f"Reading the file took longer than {limit} seconds. Split it, or raise OUTCROP_PARSE_SECONDS."
        )

    def _died(self) -> Unreadable:
        """Why the process went away while it read a document."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code, said = self._end()
        if code == -signal.SIGXCPU:
            return self._too_slow()
        if code == -signal.SIGKILL or any(word in said for word in MEMORY_WORDS):
            return Unreadable("out_of_memory", out_of_memory(self._options))
        return _crashed(f"signal {-code}" if code < 0 else f"exit code {code}")

    def _said(self) -> str:
        """The end of what the process wrote to its standard error since the last call."""
        said = b""
        try:
            while piece := os.read(self._errors, 1 << 16):
                said = (said + piece)[-KEPT_STDERR:]
        except BlockingIOError:
            pass
        return said.decode("utf-8", "replace").strip()

    def _end(self) -> tuple[int, str]:
        """End the process; its exit code (a signal as a negative number) and its last words."""
        if not self.alive:
            return self._process.returncode or 0, ""
        self.alive = False
        self._process.kill()
        code = self._process.wait()
        said = self._said()
        self._channel.close()
        os.close(self._errors)
        return code, said

    def stop(self) -> None:
        """Have the process killed; the thread that it belongs to sees it go. May be called from any thread."""
        self._process.kill()

    def close(self) -> None:
        """End the process and let go of its pipes."""
        self._end()


def _crashed(how: str) -> Unreadable:
    message = f"The parser crashed on this file ({how}); it may be damaged. Save it anew, or in another format."
    return Unreadable("crashed", message)
