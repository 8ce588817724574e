"""What this machine computes with."""

from __future__ import annotations

import os
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
# Without these, adding pairs of 8-bit products saturates at 16 bits and results are wrong, not just slow.
DOT_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni"})


def has_dot_products(cpu_info: Path = CPU_INFO) -> bool:
    """Whether the processor is known to multiply 8-bit integers into 32-bit sums (VNNI)."""
    try:
        lines = cpu_info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False  # not Linux
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not DOT_PRODUCTS.isdisjoint(flags.split())


def usable_processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
