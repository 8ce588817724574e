"""What tests share: the program as a child process, and the server as a user starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HANDBOOK = ROOT / "examples" / "handbook" / "documents"
START_LIMIT = 240  # seconds: the handbook's scans are read by OCR first


@dataclass(frozen=True)
class Server:
    """A running server, as its own words describe it."""

    address: str
    page: str  # the address for the browser, with its token
    environment: dict[str, str]  # the lines to export
    knowledge_bases: dict[str, str]  # id by name


def outcrop_environment(data: Path, **more: str) -> dict[str, str]:
    """The environment of a child process that works on this data directory with this source tree."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OUTCROP_", "AWS_"))}
    required = {name: value for name, value in os.environ.items() if name.startswith("OUTCROP_REQUIRE_")}
    return {**kept, **required, "OUTCROP_DATA": str(data), "PYTHONPATH": str(ROOT / "src"), **more}


def run_outcrop(*arguments: str, data: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The command line, run to its end."""
    command = [sys.executable, "-m", "outcrop", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=outcrop_environment(data), capture_output=True, text=True, check=False, timeout=300
    )


@contextmanager
def running_server(*arguments: str, data: Path, **environment: str) -> Iterator[Server]:
    """`outcrop up` on a free port, until the block ends."""
    command = [sys.executable, "-m", "outcrop", "up", "--port", "0", *arguments]
    log = data.parent / f"{data.name}.log"
    with log.open("w") as out:
        child = subprocess.Popen(
            command, cwd=ROOT, env=outcrop_environment(data, **environment), stdout=out, stderr=out
        )
    try:
        yield _wait_until_up(child, log)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait_until_up(child: subprocess.Popen[bytes], log: Path) -> Server:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        said = log.read_text(encoding="utf-8")
        assert child.poll() is None, said
        found = re.search(r"(http://\S+)/\?token=\S+", said)
        if found and _answers(f"{found.group(1)}/health"):
            return _described(said, found)
        time.sleep(0.05)  # between looks at another process; what is waited for is its own word
    raise AssertionError(f"The server did not start within {START_LIMIT} s:\n{said}")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as reply:  # noqa: S310 # our own server on loopback
            return reply.status == 200
    except OSError:
        return False


def _described(said: str, found: re.Match[str]) -> Server:
    exported = dict(re.findall(r"export (\w+)=(\S+)", said))
    bases = dict(re.findall(r"# knowledge base (\S+): (\w+)", said))
    return Server(address=found.group(1), page=found.group(0), environment=exported, knowledge_bases=bases)


@pytest.fixture(scope="session")
def serve() -> Callable[..., object]:
    """`running_server`, for tests that start their own."""
    return running_server


@pytest.fixture(scope="session")
def outcrop_command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`run_outcrop`, for tests of the command line."""
    return run_outcrop


@pytest.fixture(scope="session")
def handbook_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which the sample handbook is already ingested as `handbook`."""
    data = tmp_path_factory.mktemp("handbook") / "data"
    done = run_outcrop("sync", "handbook", str(HANDBOOK), "--json", data=data)
    assert done.returncode == 3, done.stderr  # some sample documents are broken on purpose
    return data


@pytest.fixture(scope="session")
def handbook_server(handbook_data: Path) -> Iterator[Server]:
    """A server over the ingested handbook."""
    with running_server(data=handbook_data) as server:
        yield server


def lines(text: str) -> Sequence[str]:
    """The lines of a command's output that are not blank."""
    return [line for line in text.splitlines() if line.strip()]
