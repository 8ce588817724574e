"""Nothing is looked up or reached outside this machine while documents are synced and questions asked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANDBOOK = ROOT / "examples" / "handbook" / "documents"
REACHED = re.compile(
    r"(?:connect|sendto|sendmsg)\(.*?sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?\"([\d.:a-f]+)\""
)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few files that between them use every library: text, office, sheets, PDF, and OCR for the image."""
    folder = tmp_path_factory.mktemp("documents")
    for name in ("people/onboarding.md", "people/leave-policy.docx", "sales/price-list-2026.xlsx"):
        shutil.copy(HANDBOOK / name, folder)
    for name in ("sales/warranty-terms.pdf", "plant/notice-hall-b.png", "it/security-policy.html"):
        shutil.copy(HANDBOOK / name, folder)
    return folder


def reached_outside(log: Path) -> set[str]:
    """The addresses outside loopback that any traced process reached."""
    found = REACHED.findall(log.read_text(encoding="utf-8", errors="replace"))
    return {f"{host}:{port}" for port, host in found if not host.startswith("127.") and host != "::1"}


@pytest.mark.slow
def test_sync_and_ask_open_no_connection_outside_this_machine(documents, tmp_path):
    strace = shutil.which("strace")
    if strace is None:
        assert not os.environ.get("OUTCROP_REQUIRE_STRACE"), "strace is not installed"
        pytest.skip("strace is not installed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OUTCROP_DATA": str(tmp_path / "data")}
    for number, arguments in enumerate((("sync", "kb", str(documents)), ("ask", "kb", "How long is the warranty?"))):
        log = tmp_path / f"trace{number}"
        trace = [strace, "-f", "-qq", "-s", "64", "-e", "trace=connect,sendto,sendmsg", "-o", str(log)]
        done = subprocess.run(
            [*trace, sys.executable, "-m", "outcrop", *arguments],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert reached_outside(log) == set()


def test_the_trace_would_show_a_connection(tmp_path):
    log = tmp_path / "trace"
    log.write_text(
        '12 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 0\n'
        '12 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0\n'
        '12 sendto(4, "x", 1, 0, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), '
        'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 1\n'
    )
    assert reached_outside(log) == {"10.0.0.2:53", "2001:db8::1:443"}
