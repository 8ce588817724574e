"""What a parse process may not do, whatever the file that it reads makes of it.

Everywhere: memory, processor time, open files, no files written, no core dumps. On Linux also, without root and
where the kernel allows it: no sockets, no programs started, no files removed, renamed or truncated (a seccomp
filter), and death with its parent. Elsewhere the operating system's own sandbox has to stand in for the last.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from dataclasses import dataclass

from outcrop.adapters.parsers.options import MIB, ParseOptions

OPEN_FILES = 64
CPU_SLACK = 2  # seconds

# linux/prctl.h, linux/seccomp.h
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 1, 22, 38, 2
# linux/filter.h: load a word; jump if equal, at least, any bit set; return. linux/seccomp.h: allow, fail with errno
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000
EPERM = 1
CALL, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
X32 = 0x40000000  # the second numbering of system calls on x86-64
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True, slots=True)
class Calls:
    """A processor's name in linux/audit.h, its numbers of forbidden system calls, and of those that open files.

    Forbidden are socket, connect, execve, execveat, ptrace, process_vm_writev, kill, pidfd_send_signal,
    io_uring_setup, openat2, truncate, and what removes, renames, links or makes names. The opening ones are given
    with the position of their flags, which may not ask for writing.
    """

    architecture: int
    forbidden: tuple[int, ...]
    opening: tuple[tuple[int, int], ...]


X86_64 = Calls(
    0xC000003E,
    (41, 42, 59, 322, 101, 311, 62, 424, 425, 437, 76, 85, 87, 263, 82, 264, 316, 86, 265, 88, 266, 83, 258, 84),
    ((2, 1), (257, 2)),
)
ARM_64 = Calls(0xC00000B7, (198, 203, 221, 281, 117, 271, 129, 424, 425, 437, 45, 35, 38, 276, 37, 36, 34), ((56, 2),))
PROCESSORS = {"x86_64": X86_64, "aarch64": ARM_64}


def guard(options: ParseOptions) -> None:
    """Put this process under guard, for good."""
    die_with_parent()
    memory = options.memory_mb * MIB
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    forbid_calls()


def _limit(which: int, amount: int) -> None:
    hard = resource.getrlimit(which)[1]
    amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    try:
        resource.setrlimit(which, (amount, amount))
    except (OSError, ValueError):  # macOS refuses some; the wall clock and the parent still stand
        return


def allow_cpu(seconds: int) -> None:
    """Let this process use so much more processor time on each core; SIGXCPU ends it then."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    wanted = used + seconds * (os.cpu_count() or 1) + CPU_SLACK
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def die_with_parent() -> None:
    """Have the kernel end this process when its parent's thread ends (Linux); elsewhere the channel's end does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def forbid_calls() -> bool:
    """Have the kernel refuse the forbidden system calls with EPERM; whether it could be asked to."""
    calls = PROCESSORS.get(platform.machine()) if sys.platform == "linux" else None
    if calls is None:
        return False
    program = filter_program(calls)
    buffer = ctypes.create_string_buffer(program, len(program))
    rules = _Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(rules), 0, 0) == 0)


def filter_program(calls: Calls) -> bytes:
    """A classic BPF program over struct seccomp_data: EPERM for what is forbidden and for foreign architectures."""
    size = 4 + len(calls.forbidden) + 4 * len(calls.opening) + 2
    program: list[bytes] = []

    def add(operation: int, value: int, true: int = 0, false: int = 0) -> None:
        program.append(struct.pack("=HBBI", operation, true, false, value))

    def refusal() -> int:  # from the instruction that comes next
        return size - 1 - (len(program) + 1)

    add(LOAD, ARCHITECTURE)
    add(EQUAL, calls.architecture, 0, refusal())
    add(LOAD, CALL)
    add(AT_LEAST, X32, refusal())
    for number in calls.forbidden:
        add(EQUAL, number, refusal())
    for number, argument in calls.opening:
        add(EQUAL, number, 0, 3)
        add(LOAD, ARGUMENTS + 8 * argument)
        add(ANY_BIT, WRITING, refusal())
        add(RETURN, ALLOW)
    add(RETURN, ALLOW)
    add(RETURN, FAIL | EPERM)
    return b"".join(program)
