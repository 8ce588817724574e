"""An S3 server on a free port of this machine, in a process of its own: moto's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from outcrop.testing.serving import HOST, free_port

PATIENCE = 60.0  # seconds: its imports are many
ACCESS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def s3_served() -> Iterator[str]:
    """The address of the server, for as long as the context lasts."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)]
    child = subprocess.Popen(  # noqa: S603 # our own command
        command, env={**os.environ, **ACCESS}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _answers(port, child)
        yield f"http://{HOST}:{port}"
    finally:
        child.terminate()
        child.wait(timeout=30)


def _answers(port: int, child: subprocess.Popen[bytes]) -> None:
    """Return once something listens on the port."""
    until = monotonic() + PATIENCE
    while monotonic() < until and child.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            sleep(0.02)
        else:
            return
    raise RuntimeError("The S3 server did not begin to listen.")
