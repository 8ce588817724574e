"""Git repositories for tests: one that is written to, and a server of the smart HTTP protocol on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from outcrop.testing.serving import HOST

IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Test"), ("EMAIL", "test@example.com"), ("DATE", "2026-01-31T12:00:00Z"))
}


class Repository:
    """A working copy; every change is a commit on the branch `main`."""

    def __init__(self, path: Path) -> None:
        if shutil.which("git") is None and os.environ.get("OUTCROP_REQUIRE_GIT") != "1":
            pytest.skip("the program git is not installed")
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("commit", "--quiet", "--allow-empty", "-m", "first")

    def git(self, *arguments: str) -> str:
        """The output of a command."""
        clean = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(  # noqa: S603 # our own command
            ["git", *arguments],  # noqa: S607 # the one on the path
            cwd=self.path,
            env={**os.environ, **IDENTITY, **clean},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self) -> str:
        """Commit everything; the commit's id."""
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def write(self, name: str, data: bytes, metadata: Mapping[str, Any] | None = None) -> None:
        """Put a file, with a metadata file where there is metadata."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        if metadata is not None:
            path.with_name(f"{path.name}.metadata.json").write_text(json.dumps({"metadataAttributes": metadata}))
        self.commit()

    def remove(self, name: str) -> None:
        """Remove a file and its metadata file."""
        path = self.path / name
        path.unlink()
        path.with_name(f"{path.name}.metadata.json").unlink(missing_ok=True)
        self.commit()

    def vanish(self) -> None:
        """Remove the whole repository."""
        shutil.rmtree(self.path)


class Served:
    """A server of repositories: its address, what it asks for, and where it sends who asks."""

    def __init__(self) -> None:
        self.address = ""
        self.authorization: str | None = None  # asked of everybody
        self.redirect: str | None = None
        self.asked: list[str] = []


@contextmanager
def repositories_served(root: Path) -> Iterator[Served]:
    """The repositories below a folder, read-only, by `git http-backend`, for as long as the context lasts."""
    served = Served()

    class Handler(_Handler):
        folder, state = root, served

    server = ThreadingHTTPServer((HOST, 0), Handler)
    served.address = f"http://{HOST}:{server.server_port}"
    thread = threading.Thread(target=lambda: server.serve_forever(0.02))
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    folder: Path
    state: Served

    def do_GET(self) -> None:
        state = self.state
        state.asked.append(self.path)
        if state.redirect is not None:
            self._reply(302, {"location": state.redirect + self.path})
        elif state.authorization is not None and self.headers.get("authorization") != state.authorization:
            self._reply(401, {"www-authenticate": 'Basic realm="test"'})
        else:
            self._backend()

    do_POST = do_GET  # noqa: N815 # the library's own name

    def _reply(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _backend(self) -> None:
        """Ask git's own CGI program (git-http-backend)."""
        path, _, query = self.path.partition("?")
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(sent)),
            "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"],  # noqa: S607 # as above
            input=sent,
            env=environment,
            capture_output=True,
            check=False,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self._reply(int(headers.pop("Status", "200").split()[0]), headers, body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""
