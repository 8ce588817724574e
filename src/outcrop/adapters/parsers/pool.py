"""The parse processes, one thread each that speaks with its process, and the documents that wait for one.

Threads rather than an event loop's own transports: a process then belongs to no loop, its end needs no watcher, and
the next file is handed over the moment that the last one is done, however busy the loop is. The threads are daemons,
so that nothing waits for them when the program ends: the processes see their channel end.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from queue import Empty, SimpleQueue

from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.process import ParseProcess
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument

Job = tuple["Future[ParsedDocument]", Blob]
IDLE = 10.0  # seconds without work after which a process is ended: OCR holds hundreds of MiB
DEADLY = ("crashed", "out_of_memory")
PDF_HEADER, HEAD = b"%PDF-", 1024  # where the first is, in bytes
CLOSED = "The reader was closed before the file was read. Run the sync again."


class Pool:
    """At most `size` parse processes, started when there is work for them and replaced when they die.

    One that has had nothing to do for `idle` seconds is ended.
    """

    def __init__(self, options: ParseOptions, families: Mapping[str, str], size: int, *, idle: float = IDLE) -> None:
        self._options = options
        self._idle = idle
        self._families = families
        self._size = size
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = threading.Lock()  # of what follows
        self._threads: list[threading.Thread] = []
        self._processes: set[ParseProcess] = set()
        self._unfinished = 0
        self._closed = False

    def submit(self, blob: Blob) -> Future[ParsedDocument]:
        """The document to come; its exception is Unreadable."""
        future: Future[ParsedDocument] = Future()
        with self._lock:
            if self._closed:
                raise Unreadable("unreachable", CLOSED)
            self._unfinished += 1
            if self._unfinished > len(self._threads) < self._size:
                thread = threading.Thread(target=self._serve, name="outcrop-parse", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._jobs.put((future, blob))
        return future

    def _serve(self) -> None:
        """Read one document after another, with a process that is replaced when it is gone."""
        process: ParseProcess | None = None
        while True:
            try:
                job = self._jobs.get(timeout=None if process is None else self._idle)
            except Empty:
                self._drop(process)
                process = None
                continue
            if job is None:
                break
            future, blob = job
            if future.set_running_or_notify_cancel():
                process = self._settle(future, blob, process)
            with self._lock:
                self._unfinished -= 1
        self._drop(process)

    def _settle(self, future: Future[ParsedDocument], blob: Blob, process: ParseProcess | None) -> ParseProcess | None:
        """Have a file read, once more and carefully where it broke its process in a way that this may mend."""
        try:
            process = self._living(process)
            try:
                document = process.read(blob)
            except Unreadable as error:
                if error.reason not in DEADLY or not _is_pdf(blob):
                    raise
                process = self._living(process)
                document = _read_carefully(process, blob, error)
            future.set_result(document)
        except BaseException as error:  # noqa: BLE001 # it belongs to whoever waits for the document
            future.set_exception(error)
        return process

    def _living(self, process: ParseProcess | None) -> ParseProcess:
        if process is not None and process.alive:
            return process
        self._drop(process)
        fresh = ParseProcess(self._options, self._families)
        with self._lock:
            self._processes.add(fresh)
            if self._closed:
                fresh.stop()
        return fresh

    def _drop(self, process: ParseProcess | None) -> None:
        if process is not None:
            process.close()
            with self._lock:
                self._processes.discard(process)

    def close(self) -> None:
        """Cancel what waits, end what runs, and wait until every process is gone."""
        with self._lock:
            self._closed = True
            for process in self._processes:
                process.stop()
        try:
            while (job := self._jobs.get_nowait()) is not None:
                job[0].cancel()
        except Empty:
            pass
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()


def _read_carefully(process: ParseProcess, blob: Blob, first: Unreadable) -> ParsedDocument:
    """What is read without the libraries that broke; where that breaks it too, the first error."""
    try:
        return process.read(blob, careful=True)
    except Unreadable as error:
        raise (first if error.reason in DEADLY else error) from first


def _is_pdf(blob: Blob) -> bool:
    """Whether a file says that it is a PDF: its structure is read by a library that its text can be read without."""
    if blob.data is not None:
        return PDF_HEADER in blob.data[:HEAD]
    if blob.path is None:
        return False
    try:
        with blob.path.open("rb") as file:
            return PDF_HEADER in file.read(HEAD)
    except OSError:
        return False
