"""What tests share: the program as a child process, and the server as a user starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer
from typing import Any

import boto3
import pytest

from outcrop.core.chunks import Place
from outcrop.testing.s3_server import ACCESS, s3_served
from outcrop.testing.small import Passage, SmallServices, small_services

ROOT = Path(__file__).parents[1]
HANDBOOK = ROOT / "examples" / "handbook" / "documents"
START_LIMIT = 240  # seconds: the handbook's scans are read by OCR first
PASSAGES = (
    Passage(
        name="travel.pdf",
        text="Employees may book business class on flights longer than six hours. Shorter flights are economy.",
        place=Place(first_page=4, last_page=4),
        metadata={"department": "travel", "year": 2026, "tags": ("flights", "hotels")},
        context="Travel > Flights",
    ),
    Passage(
        name="leave.docx",
        text="Every employee has twenty-eight days of paid leave a year. Leave is requested from the team lead.",
        metadata={"department": "people", "year": 2025},
    ),
    Passage(
        name="prices.xlsx",
        text="| Part | Price |\n| --- | --- |\n| Widget flights kit | 40 |",
        place=Place(sheet="Prices", first_row=2, last_row=3),
    ),
    Passage(name="mountains.txt", text="𝔘nicode mountains 🏔️ cost 北京 nothing. The budget is elsewhere."),
    Passage(
        name="hostile.html",
        text="<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script> hostile marker.",
    ),
)


@dataclass(frozen=True)
class Server:
    """A running server, as its own words describe it."""

    address: str
    page: str  # the address for the browser, with its token
    environment: dict[str, str]  # the lines to export
    knowledge_bases: dict[str, str]  # id by name
    pid: int = 0


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
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env=outcrop_environment(data, **environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watch = Timer(START_LIMIT, child.kill)
    watch.start()
    try:
        yield replace(_described(_said_until_up(child)), pid=child.pid)
    finally:
        watch.cancel()
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)


def _said_until_up(child: subprocess.Popen[str]) -> str:
    """What the server printed up to the line that it ends its announcement with."""
    said = ""
    assert child.stdout is not None
    for line in child.stdout:
        said += line
        if line.startswith("Press Ctrl+C"):
            return said
    raise AssertionError(f"The server ended before it listened:\n{said}")


def _described(said: str) -> Server:
    found = re.search(r"(https?://\S+)/\?token=\S+", said)
    assert found, said
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
    """A server over the ingested handbook, with an access key made for it."""
    made = json.loads(run_outcrop("keys", "create", "tests", "--json", data=handbook_data).stdout)
    key = {"AWS_ACCESS_KEY_ID": made["accessKeyId"], "AWS_SECRET_ACCESS_KEY": made["secretAccessKey"]}
    with running_server(data=handbook_data) as server:
        yield replace(server, environment={**server.environment, **key})


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 server."""
    with s3_served() as address:
        yield address


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of it, and the credentials in the environment with which a server under test reads it."""
    for name, value in ACCESS.items():
        monkeypatch.setenv(name, value)
    client = boto3.session.Session().client("s3", endpoint_url=s3_server)
    yield client
    client.close()


@pytest.fixture
def services(tmp_path) -> SmallServices:
    return small_services(tmp_path, PASSAGES)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the bundled model's graph is built, once for all test processes."""
    root = tmp_path_factory.getbasetemp()
    return (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "models"
