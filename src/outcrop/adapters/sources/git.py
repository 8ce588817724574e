"""The files of a git repository, at the newest commit of a branch."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from outcrop.adapters.sources.addresses import normalised
from outcrop.adapters.sources.configuration import check_members
from outcrop.adapters.sources.credentials import Credential
from outcrop.adapters.sources.git_commands import Git, Remote, checked_branch
from outcrop.adapters.sources.network import Reach
from outcrop.adapters.sources.patterns import Patterns, is_litter
from outcrop.core.errors import Invalid, OutcropError, Unavailable, Unreadable
from outcrop.core.parsed import Blob
from outcrop.core.protocols import Item
from outcrop.core.settings import Settings
from outcrop.core.sidecars import MAX_BYTES, SUFFIX, orphan, read_sidecar

MEMBERS = {
    "url": str, "path": str, "branch": str, "subfolder": str, "include": list, "exclude": list, "hidden": bool,
    "credential": dict,
}  # fmt: skip
FILE_MODES = frozenset({"100644", "100755"})
CONTENT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file of the commit: its path, its content's name, its size, and the content's name of its metadata file."""

    path: str
    blob: str
    size: int
    sidecar: str | None = None


class GitSource:
    """The files of one commit: what is fetched of one is what was listed.

    The version of a file is the name of its content, so that a commit costs what it changed. Symbolic links and
    submodules are left out. Hidden names and litter are skipped unless `hidden`.
    """

    allow_empty = True  # an empty commit is what the repository says

    def __init__(self, configuration: Mapping[str, Any], remote: Remote, settings: Settings) -> None:
        self._remote = remote
        self._branch = checked_branch(configuration["branch"]) if "branch" in configuration else None
        self._subfolder = _folder(configuration.get("subfolder", ""))
        self._patterns = Patterns.of(configuration.get("include", ()), configuration.get("exclude", ()))
        self._hidden: bool = configuration.get("hidden", False)
        self._most = settings.max_file_mb
        key = hashlib.sha256(f"{remote.place}\n{self._branch}".encode()).hexdigest()[:24]
        self._folder = settings.data / "sources" / f"git-{key}"
        self._git = Git(remote, self._folder, Reach(settings.private_hosts))

    async def list(self, since: str | None) -> AsyncIterator[Item]:
        """Every file of the newest commit. Raises Unavailable where the repository cannot be fetched."""
        del since  # the names of contents tell what has changed
        try:
            commit = await self._fetched()
            entries = await self._entries(commit)
        except OutcropError as error:
            raise Unavailable(f"{self._remote.place}: {error.message} Nothing was changed.") from error
        for entry in entries:
            yield self._item(entry)

    async def describe(self, item: Item) -> Item:
        """The item with what its metadata file says. Raises Unreadable."""
        _, _, sidecar = str(item.version).partition("+")
        if not sidecar:
            return replace(item, described=True)
        found = read_sidecar(f"{item.name.rpartition('/')[2]}{SUFFIX}", await self._content(sidecar))
        return replace(
            item, metadata=found.metadata, embedded=found.embedded, structure=found.structure, described=True
        )

    async def fetch(self, item: Item) -> Blob:
        """The file. Raises Unreadable where it is too large, or is not in the commit that was listed last."""
        if item.size > self._most * MIB:
            size = f"The file has {item.size / MIB:.0f} MiB; at most {self._most} are read."
            raise Unreadable("too_large", f"{size} Split it, or raise OUTCROP_MAX_FILE_MB.")
        name, data = item.name.rpartition("/")[2], await self._content(str(item.version).partition("+")[0])
        return await asyncio.to_thread(_blob, name, data)

    async def forget(self) -> None:
        """Remove the copy of the repository."""
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        await asyncio.to_thread(Path(f"{self._folder}.lock").unlink, missing_ok=True)

    async def _fetched(self) -> str:
        """Bring the copy up to date, one process at a time; its commit. Raises Unavailable."""
        from filelock import AsyncFileLock

        self._folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        async with AsyncFileLock(f"{self._folder}.lock", timeout=-1):
            return await self._git.fetched(self._branch)

    async def _content(self, blob: str) -> bytes:
        """A content by its name, which is the same wherever it was listed. Raises Unreadable where it is gone."""
        if not CONTENT.fullmatch(blob):
            raise Unreadable("unreachable", "It is no file of a repository.")
        try:
            if not self._folder.is_dir():  # listed on another machine
                await self._fetched()
            return await self._git.run("cat-file", "blob", blob)
        except OutcropError as error:
            raise Unreadable("unreachable", error.message) from error

    async def _entries(self, commit: str) -> Sequence[_Entry]:
        """The files of a commit that are meant, in order, each with its metadata file."""
        listed = await self._git.run("ls-tree", "-r", "-l", "-z", "--full-tree", commit)
        found = {}
        for line in listed.split(b"\0")[:-1]:
            head, _, path = line.partition(b"\t")
            mode, _, blob, size = head.decode().split()
            if mode in FILE_MODES:
                shown = path.decode("utf-8", "backslashreplace")
                found[shown] = _Entry(shown, blob, int(size))
        paired = (self._paired(entry, found) for entry in found.values() if self._wanted(entry.path))
        return [entry for entry in paired if entry is not None]

    def _paired(self, entry: _Entry, found: Mapping[str, _Entry]) -> _Entry | None:
        """A file with the metadata file beside it; None for the metadata file of another."""
        if entry.path.endswith(SUFFIX) and entry.path.removesuffix(SUFFIX) in found:
            return None
        sidecar = found.get(entry.path + SUFFIX)
        if sidecar is not None and sidecar.size > MAX_BYTES:
            return replace(entry, sidecar="")
        return replace(entry, sidecar=sidecar.blob) if sidecar is not None else entry

    def _wanted(self, path: str) -> bool:
        below = path.removeprefix(self._subfolder)
        if below == path and self._subfolder:
            return False
        name = below.removesuffix(SUFFIX)
        return (self._hidden or not any(map(is_litter, name.split("/")))) and self._patterns.wanted(name)

    def _item(self, entry: _Entry) -> Item:
        document = entry.path.removesuffix(SUFFIX)
        fault = orphan(document.rpartition("/")[2]) if document != entry.path else None
        if entry.sidecar == "":
            fault = Unreadable("corrupt", "Its metadata file is too large.")
        return Item(
            uri=self._uri(entry.path),
            name=entry.path.removeprefix(self._subfolder),
            size=entry.size,
            version=entry.blob if entry.sidecar is None else f"{entry.blob}+{entry.sidecar}",
            described=entry.sidecar is None,
            fault=fault,
        )

    def _uri(self, path: str) -> str:
        """Where people read a file: in the branch on the repository's host, or in the repository on this machine."""
        if self._remote.url is None:
            return f"{Path(self._remote.place).as_uri()}#{quote(path)}"
        page = self._remote.url.rstrip("/").removesuffix(".git").rstrip("/")
        return f"{page}/blob/{self._branch or 'HEAD'}/{quote(path)}"


def _blob(name: str, data: bytes) -> Blob:
    """A content; a large one goes through a file."""
    if len(data) <= 16 * MIB:
        return Blob(name=name, data=data)
    with tempfile.NamedTemporaryFile(prefix="outcrop-git-", delete=False) as file:
        file.write(data)
    return Blob(name=name, path=Path(file.name), temporary=True)


def _folder(given: str) -> str:
    """A folder of the repository, with a slash at its end; empty for all of it. Raises Invalid."""
    parts = [part for part in given.split("/") if part]
    if any(part in (".", "..") for part in parts) or "\0" in given:
        raise Invalid(f"{given!r:.100} is no folder of a repository.")
    return "".join(f"{part}/" for part in parts)


def open_source(configuration: Mapping[str, Any], settings: Settings) -> GitSource:
    """The source for `url` or `path`, with `branch`, `subfolder`, `include`, `exclude`, `hidden` and `credential`.

    Raises:
        Invalid: A member is unknown or of the wrong type, or there is not one place.
        Denied: The credential is not one that may be named.
    """
    check_members("A repository", MEMBERS, configuration)
    if ("url" in configuration) == ("path" in configuration):
        raise Invalid("A data source of the kind git needs one place: a url, or a path.")
    credential = Credential.of(configuration.get("credential"), settings)
    if "path" in configuration:
        path = Path(configuration["path"])
        if not path.is_absolute() or "\0" in str(path):
            raise Invalid(f"A repository on this machine is named by its absolute path; {str(path)!r:.200} is none.")
        if credential is not None:
            raise Invalid("A repository on this machine needs no credential.")
        return GitSource(configuration, Remote(None, path), settings)
    url = normalised(configuration["url"])
    if url is None:
        raise Invalid(
            f"{configuration['url']!r:.200} is no address of a repository over http or https without a login."
        )
    return GitSource(configuration, Remote(url, None, credential), settings)
