"""Cold start: how long a command takes from its start to its answer, and what a server that has just started holds.

The disk is warm: each command has run once before.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import psutil

from bench import children, gauges
from bench.options import Options
from bench.report import Section

RUNS = 7
HANDBOOK = children.ROOT / "examples" / "handbook" / "documents"
QUESTION = "How many days of annual leave do employees have?"
PATIENCE = 60  # seconds for the server to be ready
NAME = "handbook"


def run(options: Options) -> Section:  # noqa: ARG001 # one signature for all benchmarks
    """Ingest the sample handbook, then start each command several times."""
    section = Section("Cold start and memory")
    with tempfile.TemporaryDirectory() as data:
        _command(data, "kb", "create", NAME)
        _command(data, "sync", NAME, str(HANDBOOK), succeed=False)  # some of its files are broken on purpose
        imported = _import_ms()
        ask = _times(data, "ask", NAME, QUESTION)
        retrieve = _times(data, "retrieve", NAME, QUESTION)
        ready, memory = _server(data)
    rows = [
        ["`import outcrop`, ms", imported, "–"],
        ["`outcrop ask`, s", ask.wall, ask.cpu],
        ["`outcrop retrieve`, s", retrieve.wall, retrieve.cpu],
        ["`outcrop up` until ready, s", ready, "–"],
        ["server after start, resident MiB", memory.resident, "–"],
        ["server after start, proportional MiB", memory.proportional, "–"],
    ]
    section.table(["What", "median", "CPU s"], rows)
    section.say(f"Medians of {RUNS} runs, each a new process, over the sample handbook.")
    section.at_most("`outcrop ask`, seconds from command to answer", 1.5, ask.wall)
    section.at_most("`import outcrop`, milliseconds", 100, imported, 0)
    section.at_most("Server after start, resident MiB of all its processes", 400, memory.resident, 0)
    return section


def _command(data: str, *arguments: str, succeed: bool = True) -> None:
    done = subprocess.run(
        [*_outcrop(), *arguments], env=_environment(data), capture_output=True, text=True, check=False
    )
    if succeed and done.returncode:
        raise RuntimeError(f"outcrop {' '.join(arguments)} failed: {done.stderr[-1000:]}")


def _times(data: str, *arguments: str) -> gauges.Spent:
    runs = []
    for _ in range(RUNS + 1):
        with gauges.spent() as cost:
            _command(data, *arguments)
        runs.append(cost)
    measured = runs[1:]
    return gauges.Spent(statistics.median(one.wall for one in measured), statistics.median(one.cpu for one in measured))


def _import_ms() -> float:
    """Milliseconds that the import itself takes in a new interpreter."""
    code = "import time; start = time.perf_counter(); import outcrop; print((time.perf_counter() - start) * 1000)"
    runs = [
        float(
            subprocess.run([sys.executable, "-c", code], env=_environment(""), capture_output=True, check=True).stdout
        )
        for _ in range(RUNS + 1)
    ]
    return statistics.median(runs[1:])


def _server(data: str) -> tuple[float, gauges.Memory]:
    """Seconds until a server is ready, and its memory then."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.perf_counter()
    server = subprocess.Popen(
        [*_outcrop(), "up", "--port", str(port)],
        env=_environment(data),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(f"http://127.0.0.1:{port}/ready", server)
        return time.perf_counter() - start, gauges.memory(psutil.Process(server.pid))
    finally:
        server.terminate()
        server.wait(30)


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(PATIENCE * 50):
        if server.poll() is not None:
            raise RuntimeError(f"The server ended with code {server.returncode}.")
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 # our own loopback address
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    raise RuntimeError(f"The server was not ready within {PATIENCE} s.")


def _outcrop() -> Sequence[str]:
    return (sys.executable, "-m", "outcrop")


def _environment(data: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(children.ROOT) / "src"), **({"OUTCROP_DATA": data} if data else {})}
