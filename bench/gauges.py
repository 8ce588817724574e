"""What a process and its descendants use, and quantiles of what was timed."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

MIB = 1024 * 1024


@dataclass(slots=True)
class Spent:
    """Wall-clock and processor seconds of a stretch of work."""

    wall: float = 0.0
    cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process tree in MiB: resident counts shared pages in each process, proportional counts them once."""

    resident: float
    proportional: float


@contextmanager
def spent(pid: int | None = None) -> Iterator[Spent]:
    """Measures the block it wraps; the processor time is that of the process tree below `pid`, else of this one."""
    process = psutil.Process(pid or os.getpid())
    found, began, used = Spent(), time.perf_counter(), cpu_seconds(process)
    yield found
    found.wall, found.cpu = time.perf_counter() - began, cpu_seconds(process) - used


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process, its living descendants, and those that ended and were waited for."""
    return sum(sum(member.cpu_times()[:4]) for member in family(process))


def memory(process: psutil.Process) -> Memory:
    """Memory of a process tree."""
    full = [member.memory_full_info() for member in family(process)]
    return Memory(sum(one.rss for one in full) / MIB, sum(one.pss for one in full) / MIB)


def family(process: psutil.Process) -> list[psutil.Process]:
    """A process and its living descendants."""
    return [member for member in (process, *process.children(recursive=True)) if _alive(member)]


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share (0 to 1) of the values lies."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=1000, method="inclusive")[min(998, max(0, round(share * 1000) - 1))]


def _alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
