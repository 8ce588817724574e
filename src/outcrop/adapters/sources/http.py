"""Fetches from the web politely and within limits: one request a host at a time, so many seconds, so many bytes."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from outcrop.adapters.sources.addresses import normalised, origin
from outcrop.adapters.sources.credentials import Credential
from outcrop.adapters.sources.network import PinnedBackend, Reach
from outcrop.core.errors import Denied, OutcropError, Unreadable

AGENT = "outcrop"
CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MIB = 1 << 20
ENCODED = 47  # zlib's code for "gzip or zlib, as the header says"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may cost, and how hosts are asked."""

    seconds: float = 60.0
    most_bytes: int = 200 * MIB
    delay: float = 0.2  # seconds between the beginnings of two requests to one host
    agent: str = AGENT  # the whole header User-Agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: its final address, its status, its headers (names in lower case), and the digest of its body."""

    url: str
    status: int
    headers: Mapping[str, str]
    size: int = 0
    digest: str = ""

    @property
    def media_type(self) -> str:
        """The media type without its parameters, in lower case; empty where none was given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The encoding that the sender names."""
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'") or None
        return None


@dataclass(slots=True)
class _Turn:
    """Whose turn it is at one host, and since when."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    begun: float = float("-inf")
    delay: float = 0.0


class Fetcher:
    """A client for one data source. The credential goes to the origin that it is for, and nowhere else."""

    def __init__(
        self, reach: Reach, limits: Limits, credential: Credential | None = None, credential_for: str = ""
    ) -> None:
        self._reach = reach
        self.limits = limits
        self._credential = credential
        self._credential_for = origin(credential_for) if credential_for else ""
        self._turns: dict[str, _Turn] = {}
        self._opened: Any = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            opened, self._opened = self._opened, None
            await opened.aclose()

    def slow_down(self, host: str, delay: float) -> None:
        """Ask a host no more often than every `delay` seconds, where it wishes that."""
        turn = self._turns.setdefault(host, _Turn())
        turn.delay = max(turn.delay, delay)

    async def get(self, url: str, into: Path, headers: Mapping[str, str] | None = None, most: int = 0) -> Reply:
        """One answer, no redirect followed, its body in a file.

        Raises:
            Unreadable: It took too long or was too large, or the host does not answer (`unreachable`, `too_large`).
            Denied: The address is one that may not be reached.
        """
        parts = urlsplit(url)
        try:
            async with self._turn(parts.netloc), asyncio.timeout(self.limits.seconds):
                return await self._asked(url, into, dict(headers or {}), most or self.limits.most_bytes)
        except TimeoutError as error:
            sentence = f"{parts.hostname} did not send the whole page within {self.limits.seconds:g} seconds."
            raise Unreadable("unreachable", sentence) from error
        except (Unreadable, Denied):
            raise
        except OutcropError as error:
            raise Unreadable("unreachable", error.message) from error
        except Exception as error:
            raise _failed(str(parts.hostname), error) from error

    async def follow(self, url: str, into: Path, most: int = 0) -> Reply:
        """The answer after redirects, which stay within http and https. Raises as `get`."""
        for _ in range(MOST_REDIRECTS + 1):
            reply = await self.get(url, into, most=most)
            target = redirected(reply)
            if target is None:
                return reply
            url = target
        raise Unreadable("unreachable", f"More than {MOST_REDIRECTS} redirects follow one another.")

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(host, _Turn())
        async with turn.lock:
            wait = turn.begun + max(turn.delay, self.limits.delay) - monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            turn.begun = monotonic()
            yield

    async def _asked(self, url: str, into: Path, headers: dict[str, str], most: int) -> Reply:
        headers |= {"host": urlsplit(url).netloc, "user-agent": self.limits.agent, "accept-encoding": "gzip"}
        headers.setdefault("accept", "*/*")
        if self._credential is not None and origin(url) == self._credential_for:
            headers["authorization"] = self._credential.authorization()
        timeouts = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": READ_SECONDS}
        async with self._pool().stream("GET", url, headers=headers, extensions={"timeout": timeouts}) as response:
            found = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in response.headers}
            reply = Reply(url=url, status=response.status, headers=found)
            if response.status != 200:  # noqa: PLR2004 # nothing else has a body that is wanted
                return reply
            size, digest = await _kept(response.aiter_stream(), found, into, most)
            return Reply(url=url, status=response.status, headers=found, size=size, digest=digest)

    def _pool(self) -> Any:
        if self._opened is None:
            import httpcore2

            self._opened = httpcore2.AsyncConnectionPool(
                ssl_context=ssl.create_default_context(),
                network_backend=PinnedBackend(self._reach),
                max_connections=8,
                keepalive_expiry=15.0,
            )
        return self._opened


async def _kept(body: AsyncIterator[bytes], headers: Mapping[str, str], into: Path, most: int) -> tuple[int, str]:
    """Write a body to a file as it comes, unpacked; its size and digest. Raises Unreadable where it is too large."""
    unpacking = zlib.decompressobj(ENCODED) if headers.get("content-encoding", "").lower() in _PACKED else None
    digest, size = hashlib.sha256(), 0
    with into.open("wb") as file:
        async for piece in body:
            data = piece if unpacking is None else unpacking.decompress(piece, most + 1 - size)
            size += len(data)
            if size > most or (unpacking is not None and unpacking.unconsumed_tail):
                sentence = f"The page has more than {most / MIB:.4g} MiB, the most that is read."
                raise Unreadable("too_large", sentence)
            digest.update(data)
            file.write(data)
    return size, digest.hexdigest()


_PACKED = frozenset({"gzip", "x-gzip", "deflate"})


def redirected(reply: Reply) -> str | None:
    """Where a redirect leads, None for another answer. Raises Unreadable where that is nowhere."""
    if reply.status not in REDIRECTS:
        return None
    target = normalised(urljoin(reply.url, reply.headers.get("location", "")))
    if target is None or target == reply.url:
        raise Unreadable("unreachable", "It redirects to itself, or to what is no address of a page.")
    return target


def _failed(host: str, error: Exception) -> Unreadable:
    """What the library's errors mean."""
    import httpcore2

    if isinstance(error, httpcore2.TimeoutException):
        return Unreadable("unreachable", f"{host} does not answer in time.")
    if isinstance(error, (httpcore2.NetworkError, httpcore2.ProtocolError, zlib.error, OSError, UnicodeError)):
        return Unreadable("unreachable", f"{host} cannot be reached, or does not speak HTTP: {error!s:.200}.")
    raise error
