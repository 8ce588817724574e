"""How far a sync is: counted as it goes, shown a few times a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from outcrop.core.records import Statistics

SHOWN_EVERY = 0.1  # seconds
ENDED = ("indexed", "modified", "failed", "ignored", "unchanged", "metadata_modified")
MAX_FAILURES = 20  # named in the job; all of them are in the documents


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A moment of a sync: `done` of the `found` documents, the chunks embedded, and the rates since it began.

    `found` grows while the source is still being listed.
    """

    found: int = 0
    done: int = 0
    failed: int = 0
    chunks: int = 0
    chunks_per_second: float = 0.0
    seconds: float = 0.0
    current: str | None = None  # the document that was begun last


Show = Callable[[Progress], None]


@dataclass(slots=True)
class Meter:
    """Counts what a sync does, by the names of `Statistics`."""

    show: Show | None = None
    above: Meter | None = None  # counts the same, of all steps together
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    found: int = 0
    current: str | None = None
    began: float = field(default_factory=monotonic)
    _shown: float = 0.0

    def add(self, name: str, amount: int = 1) -> None:
        """Count something that is done."""
        self.note(name, amount)
        self.tell()

    def note(self, name: str, amount: int = 1) -> None:
        """Count something that is not shown."""
        self.counts[name] += amount
        if self.above is not None:
            self.above.note(name, amount)

    def begin(self, name: str) -> None:
        """Say which document is being read."""
        self.current = name
        if self.above is not None:
            self.above.current = name
        self.tell()

    def fail(self, name: str, sentence: str) -> None:
        """Count a document that failed, and keep its reason for the job."""
        self.failures.append(f"{name}: {sentence}")
        if self.above is not None:
            self.above.failures.append(f"{name}: {sentence}")
        self.add("failed")

    def tell(self, *, last: bool = False) -> None:
        """Show the progress, unless it was shown just now."""
        if self.above is not None:
            self.above.tell()
        if self.show is not None and (last or monotonic() - self._shown >= SHOWN_EVERY):
            self._shown = monotonic()
            self.show(self.progress())

    def progress(self) -> Progress:
        """The present moment."""
        seconds = max(monotonic() - self.began, 1e-9)
        chunks = self.counts["chunks_embedded"]
        return Progress(
            found=self.found,
            done=self.done(),
            failed=self.counts["failed"],
            chunks=chunks,
            chunks_per_second=chunks / seconds,
            seconds=seconds,
            current=self.current,
        )

    def done(self) -> int:
        """The documents that something became of."""
        return sum(self.counts[name] for name in ENDED)

    def statistics(self) -> Statistics:
        """The counts as a job keeps them."""
        return Statistics(**{**self.counts, "scanned": self.found})

    def reasons(self) -> tuple[str, ...]:
        """The first failures, in a few lines."""
        more = len(self.failures) - MAX_FAILURES
        rest = (f"... and {more} more.",) if more > 0 else ()
        return (*self.failures[:MAX_FAILURES], *rest)
