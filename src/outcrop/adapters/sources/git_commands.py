"""Runs git so that a hostile repository can do nothing but be read.

No hooks, no submodules, no filters, no working tree: a bare copy is fetched one commit deep, and files are read as they
are stored. Nothing of the machine's or the user's configuration is heeded, no protocol but the one that is meant is
allowed, nobody is asked for a password, and time and disk are bounded. A host is resolved once and checked, and git
connects to the address that was checked.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from outcrop.adapters.sources.credentials import Credential
from outcrop.adapters.sources.network import Reach
from outcrop.core.errors import Invalid, MissingDependency, Unavailable

SECONDS = 900.0  # for one command
MOST_BLOCKS = 8 << 20  # of 512 bytes: no file of a repository is larger than 4 GiB
MOST_FILES = 300  # of packs, before the copy is made anew
MOST_MESSAGE = 300
PORTS = {"http": 80, "https": 443}
# `ulimit -f` bounds every file that git writes, so the disk too: a fetch makes one pack.
BOUNDED = ("/bin/sh", "-c", 'ulimit -f "$0" 2>/dev/null; exec "$@"', str(MOST_BLOCKS))
CONFIGURATION: Mapping[str, str] = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.symlinks": "false",
    "credential.helper": "",
    "fetch.fsckObjects": "true",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "submodule.recurse": "false",
    "transfer.bundleURI": "false",
}


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a repository is: an address of http or https, or a path of this machine; and how one logs in."""

    url: str | None
    path: Path | None
    credential: Credential | None = None

    @property
    def place(self) -> str:
        """What git is given."""
        return self.url if self.url is not None else str(self.path)


class Git:
    """The commands on one bare copy of a repository."""

    def __init__(self, remote: Remote, folder: Path, reach: Reach) -> None:
        self._remote = remote
        self._folder = folder
        self._reach = reach

    async def fetched(self, branch: str | None) -> str:
        """Fetch the newest commit of a branch (the default one where none is named); its id. Raises Unavailable."""
        if await asyncio.to_thread(self._crowded):
            await asyncio.to_thread(shutil.rmtree, self._folder)  # what old commits left goes with it
        if not (self._folder / "HEAD").is_file():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            await self.run("init", "--quiet", "--bare", "--template=", str(self._folder))
        wanted = f"refs/heads/{branch}" if branch is not None else "HEAD"
        options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--force")
        await self.run(
            "fetch", *options, "--", self._remote.place, f"{wanted}:refs/outcrop", env=await self._environment()
        )
        return (await self.run("rev-parse", "--verify", "refs/outcrop^{commit}")).decode().strip()

    def _crowded(self) -> bool:
        packs = self._folder / "objects" / "pack"
        return packs.is_dir() and len(list(packs.iterdir())) > MOST_FILES

    async def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> bytes:
        """The output of a command. Raises Unavailable with what git says, without what it was told in secret."""
        async with self._started(arguments, env) as child:
            try:
                async with asyncio.timeout(SECONDS):
                    out, error = await child.communicate()
            except TimeoutError as late:
                raise Unavailable(f"git did not end within {SECONDS:g} seconds.") from late
        if child.returncode:
            raise Unavailable(_said(error))
        return out

    @asynccontextmanager
    async def _started(
        self, arguments: Sequence[str], env: Mapping[str, str] | None
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A command, which ends with the block, however that ends."""
        program = shutil.which("git")
        if program is None:
            raise MissingDependency("Reading repositories needs the program git. Install it.")
        child = await asyncio.create_subprocess_exec(
            *BOUNDED,
            program,
            f"--git-dir={self._folder}",
            *arguments,
            env={**self._guarded(), **(env or {})},
            cwd="/",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            yield child
        finally:
            if child.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, 9)  # git and what it started
                await child.wait()

    def _guarded(self) -> dict[str, str]:
        """The whole environment of a command."""
        configuration = dict(CONFIGURATION)
        allowed = "file" if self._remote.path is not None else urlsplit(str(self._remote.url)).scheme
        configuration[f"protocol.{allowed}.allow"] = "always"
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.devnull,
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "/bin/false",
            "GIT_ALLOW_PROTOCOL": allowed,
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            **_given(configuration),
        }

    async def _environment(self) -> Mapping[str, str]:
        """What a fetch is told besides: the address that was checked, and the credential, which no argument shows."""
        if self._remote.url is None:
            return {}
        parts = urlsplit(self._remote.url)
        host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
        addresses = await self._reach.addresses(host, port)
        scheme = {f"protocol.{parts.scheme}.allow": "always"}
        pinned = {"http.curloptResolve": f"{host}:{port}:{','.join(_bracketed(one) for one in addresses)}"}
        secret = {} if self._remote.credential is None else {"http.extraHeader": _header(self._remote.credential)}
        return _given({**CONFIGURATION, **scheme, **pinned, **secret, "http.proxy": ""})


def _header(credential: Credential) -> str:
    return f"Authorization: {credential.authorization()}"


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _given(configuration: Mapping[str, str]) -> dict[str, str]:
    """Configuration as the environment carries it (git-config, GIT_CONFIG_COUNT)."""
    pairs = enumerate(configuration.items())
    named = {
        f"GIT_CONFIG_{part}_{n}": text for n, pair in pairs for part, text in zip(("KEY", "VALUE"), pair, strict=True)
    }
    return {"GIT_CONFIG_COUNT": str(len(configuration)), **named}


def _said(error: bytes) -> str:
    """Git's own complaint, on one line; it repeats no header."""
    lines = [line.strip() for line in error.decode("utf-8", "replace").splitlines() if line.strip()]
    told = " ".join(line for line in lines if not line.startswith("hint:"))[:MOST_MESSAGE]
    if "could not read Username" in told or "Authentication failed" in told:
        return "git: the repository asks for a login, or does not accept the one that it got. Name a credential."
    if "unable to update url base from redirection" in told:
        told = f"{told} Give the address that it redirects to."
    return f"git: {told or 'it failed without a word'}"


def checked_branch(name: str) -> str:
    """A branch's name. Raises Invalid for one that git could take for something else."""
    parts = name.split("/")
    bad = any(one in name for one in ("..", "@{", "\\", "~", "^", ":", "?", "*", "[")) or not name.isprintable()
    if bad or " " in name or any(not one or one.startswith((".", "-")) or one.endswith(".lock") for one in parts):
        raise Invalid(f"{name!r:.100} is no name of a branch.")
    return name
