"""The pages of websites: a list of addresses, sitemaps, and what their links lead to."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
import tempfile
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from outcrop.adapters.sources.addresses import Scope, ScopeKind, normalised, page_path
from outcrop.adapters.sources.configuration import bounded, check_members, texts
from outcrop.adapters.sources.crawl import OK, Crawl, Plan
from outcrop.adapters.sources.credentials import Credential
from outcrop.adapters.sources.expressions import Expressions
from outcrop.adapters.sources.http import AGENT, MIB, Fetcher, Limits
from outcrop.adapters.sources.network import Reach
from outcrop.adapters.sources.pages import Pages
from outcrop.adapters.sources.patterns import Patterns
from outcrop.core.errors import Invalid, OutcropError, Unreadable
from outcrop.core.parsed import Blob
from outcrop.core.protocols import Item
from outcrop.core.settings import Settings

MEMBERS = {
    "urls": list, "sitemaps": list, "scope": str, "depth": int, "max_pages": int, "delay": float, "include": list,
    "exclude": list, "include_expressions": list, "exclude_expressions": list, "robots_sitemaps": bool,
    "user_agent": str, "user_agent_header": str, "credential": dict, "page_seconds": float, "page_mb": float,
}  # fmt: skip
MOST_URLS = 10_000
MOST_FILTERS = 100


class WebSource:
    """Pages as they are when they are listed: what is fetched of one is what was listed.

    A page is known by its final, canonical address; its version is the digest of its content, so that a page which its
    server calls new and which is the same costs nothing. robots.txt is obeyed, and a host is asked one thing at a time.
    """

    allow_empty = True  # a website that is gone is Unavailable; one without pages says so itself

    def __init__(self, plan: Plan, fetcher: Callable[[], Fetcher], memory: Path) -> None:
        self._plan = plan
        self._fetcher = fetcher
        self._memory = memory
        self._crawl: Crawl | None = None

    async def list(self, since: str | None) -> AsyncIterator[Item]:
        """Every page that is there now. Raises Unavailable where none of the first addresses can be had."""
        del since  # the whole site is walked; what is unchanged is not transferred
        pages = Pages(self._memory)
        folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="outcrop-web-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        try:
            async with self._fetcher() as fetcher:
                self._crawl = Crawl(self._plan, fetcher, pages, Path(folder))
                async for item in self._crawl.items():
                    yield item
        finally:
            pages.close()

    async def fetch(self, item: Item) -> Blob:
        """The page. Raises Unreadable where it is gone, does not come in time or is too large."""
        name = item.name.rpartition("/")[2]
        kept = self._crawl.files.pop(item.uri, None) if self._crawl is not None else None
        if kept is not None:
            return Blob(name=name, path=kept, temporary=True)
        with tempfile.NamedTemporaryFile(prefix="outcrop-web-", delete=False) as file:
            into = Path(file.name)
        try:
            await self._fetched(item.uri, into)
        except BaseException:
            await asyncio.to_thread(into.unlink, missing_ok=True)
            raise
        return Blob(name=name, path=into, temporary=True)

    async def _fetched(self, url: str, into: Path) -> None:
        try:
            async with self._fetcher() as fetcher:
                reply = await fetcher.follow(url, into)
        except Unreadable:
            raise
        except OutcropError as error:
            raise Unreadable("unreachable", error.message) from error
        if reply.status != OK:
            raise Unreadable("unreachable", f"{urlsplit(url).netloc} answers with HTTP {reply.status}.")

    async def forget(self) -> None:
        """Remove what is remembered of the pages."""
        for end in ("", "-wal", "-shm", "-journal"):
            await asyncio.to_thread(self._memory.with_name(self._memory.name + end).unlink, missing_ok=True)


def open_source(configuration: Mapping[str, Any], settings: Settings) -> WebSource:
    """The source for `urls` and `sitemaps`; docs/sources.md explains every member.

    Raises:
        Invalid: A member is unknown, of the wrong type or out of its bounds, or there is no address.
        Denied: The credential is not one that may be named.
    """
    check_members("A website", MEMBERS, configuration)
    seeds, sitemaps = _addresses(configuration, "urls"), _addresses(configuration, "sitemaps")
    if not seeds and not sitemaps:
        raise Invalid("A data source of the kind web needs its urls, or sitemaps.")
    credential = Credential.of(configuration.get("credential"), settings)
    limits = _limits(configuration, settings)
    plan = _plan(configuration, seeds, sitemaps)
    reach = Reach(settings.private_hosts)
    key = hashlib.sha256(json.dumps([seeds, sitemaps, configuration.get("scope")]).encode()).hexdigest()[:24]
    return WebSource(
        plan,
        lambda: Fetcher(reach, limits, credential, (*seeds, *sitemaps)[0]),
        settings.data / "sources" / f"web-{key}.db",
    )


def _addresses(configuration: Mapping[str, Any], name: str) -> list[str]:
    found = []
    for given in texts(configuration, name, MOST_URLS):
        url = normalised(given)
        if url is None:
            raise Invalid(f"{given!r:.200} is no address of a page. Write one such as https://example.com/docs/")
        found.append(url)
    return list(dict.fromkeys(found))


def _limits(configuration: Mapping[str, Any], settings: Settings) -> Limits:
    agent = configuration.get("user_agent_header") or configuration.get("user_agent") or AGENT
    if not agent.isascii() or not agent.isprintable():
        raise Invalid("A user agent consists of printable ASCII characters.")
    most = bounded(configuration, "page_mb", settings.max_file_mb, 0.001, settings.max_file_mb)
    return Limits(
        seconds=bounded(configuration, "page_seconds", 60.0, 0.1, 3600),
        most_bytes=int(most * MIB),
        delay=bounded(configuration, "delay", 0.2, 0, 3600),
        agent=agent,
    )


def _plan(configuration: Mapping[str, Any], seeds: list[str], sitemaps: list[str]) -> Plan:
    kind = configuration.get("scope", "prefix")
    if kind not in get_args(ScopeKind):
        raise Invalid(f"The scope of a website is one of {', '.join(get_args(ScopeKind))}; {kind!r:.60} is none.")
    scopes = [Scope.of(kind, seed) for seed in seeds]
    scopes += [Scope.of("subdomains" if kind == "subdomains" else "host", one) for one in sitemaps]
    patterns = Patterns.of(configuration.get("include", ()), configuration.get("exclude", ()))
    included = Expressions(texts(configuration, "include_expressions", MOST_FILTERS))
    excluded = Expressions(texts(configuration, "exclude_expressions", MOST_FILTERS))
    meant = [*configuration.get("include", ()), *configuration.get("include_expressions", ())]
    depth = int(bounded(configuration, "depth", 10, 0, 1000))
    return Plan(
        seeds=seeds,
        sitemaps=sitemaps,
        scopes=scopes,
        wanted=lambda url: patterns.wanted(page_path(url)) and (not included or included.match(url)),
        excluded=lambda url: patterns.excluded(page_path(url)) or excluded.match(url),
        extensions=frozenset(re.findall(r"\w+", " ".join(meant).lower())),
        depth=depth,
        most_pages=int(bounded(configuration, "max_pages", 1000, 1, 1_000_000)),
        robot=str(configuration.get("user_agent", AGENT)).partition("/")[0],
        robots_sitemaps=configuration.get("robots_sitemaps", depth > 0),
    )
