"""Walks a website from its first addresses: breadth first, each page once, within its scope and limits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from outcrop.adapters.parsers.decode import decode
from outcrop.adapters.parsers.formats import ALIASES, HTML, by_name, named
from outcrop.adapters.sources.addresses import Scope, is_trap, normalised, origin, page_path
from outcrop.adapters.sources.http import MOST_REDIRECTS, Fetcher, Reply, redirected
from outcrop.adapters.sources.links import Found, directives, read_links
from outcrop.adapters.sources.pages import Page, Pages
from outcrop.adapters.sources.robots import MOST_BYTES as MOST_ROBOTS
from outcrop.adapters.sources.robots import Robots, read_robots
from outcrop.adapters.sources.sitemaps import MOST_BYTES as MOST_SITEMAP
from outcrop.adapters.sources.sitemaps import read_sitemap
from outcrop.core.errors import Denied, OutcropError, Unavailable, Unreadable
from outcrop.core.protocols import Item

Origin = Literal["seed", "sitemap", "link"]
OK, NOT_MODIFIED, GONE = 200, 304, frozenset({404, 410})
CLIENT_ERRORS, SERVER_ERRORS = range(400, 500), 500
MOST_SITEMAPS = 200
MOST_QUERIES = 200  # addresses that differ in their query alone
MOST_WAITING = 200_000  # addresses
UNTYPED = frozenset({"", "text/plain", "application/octet-stream", "binary/octet-stream", "application/force-download"})
TYPED = {HTML, "text/plain", "text/markdown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is crawled: seeds, sitemaps and the scope around them; how deep, how many pages; which are meant."""

    seeds: Sequence[str]
    sitemaps: Sequence[str]
    scopes: Sequence[Scope]
    wanted: Callable[[str], bool]  # whether a page is a document
    excluded: Callable[[str], bool]  # whether it is not even asked for
    extensions: frozenset[str]  # those that the patterns name
    depth: int
    most_pages: int
    robot: str  # our name in robots.txt
    robots_sitemaps: bool


@dataclass(frozen=True, slots=True)
class Target:
    """An address that is to be visited."""

    url: str
    depth: int
    origin: Origin


class _Gone(Unreadable):
    """The server says that there is no such page."""


class Crawl:
    """One walk. What it fetches lies in `folder`, a file a page, until somebody takes it."""

    def __init__(self, plan: Plan, fetcher: Fetcher, pages: Pages, folder: Path) -> None:
        self._plan = plan
        self._fetcher = fetcher
        self._pages = pages
        self._folder = folder
        self._scopes = list(plan.scopes)
        self._waiting: deque[Target] = deque()
        self._met: set[str] = set()  # addresses that were ever waiting
        self._listed: set[str] = set()
        self._contents: set[str] = set()  # digests of pages whose links were followed
        self._queries: dict[str, int] = {}
        self._robots: dict[str, Robots | Unreadable] = {}
        self._files = 0
        self._had = bool(plan.sitemaps)  # whether anything could be had
        self._failures: list[OutcropError] = []  # of the seeds
        self.files: dict[str, Path] = {}  # by the address of the item

    async def items(self) -> AsyncIterator[Item]:
        """The documents as they are found. Raises Unavailable where none of the first addresses can be had."""
        for url in self._plan.seeds:
            self._meet(Target(url, 0, "seed"))
        await self._read_sitemaps()
        visited = 0
        held: list[Item] = []  # until something is had: else nothing may be listed
        while self._waiting and visited < self._plan.most_pages:
            visited += 1
            item = await self._tried(self._waiting.popleft())
            held += [item] if item is not None else []
            while self._had and held:
                yield held.pop(0)
        if not self._had and self._failures:
            raise Unavailable(f"{self._failures[0].message} Nothing was changed.")
        if self._waiting:
            yield self._unfinished()

    async def _tried(self, target: Target) -> Item | None:
        """The document at an address, with its fault where it has one; None where it is none, or gone."""
        try:
            item = await self._visited(target)
        except OutcropError as error:
            if target.origin == "seed":
                self._failures.append(error)
            return None if isinstance(error, _Gone) else self._faulty(target, error)
        self._had = True
        return item

    def _unfinished(self) -> Item:
        """What stands for the pages behind the limit; what was indexed of them before stays."""
        sentence = f"Only the first {self._plan.most_pages} pages were visited; raise max_pages for the others."
        first = (*self._plan.seeds, *self._plan.sitemaps)[0]
        return Item(uri="http", name=first, fault=Unreadable("too_large", sentence), unlisted=True)

    def _faulty(self, target: Target, error: OutcropError) -> Item | None:
        """A page that could not be had; of one that was had before, the links are followed as they were."""
        before = self._pages.get(target.url)
        if before is not None:
            self._follow(before, target.depth)
            return self._item(before, fault=_fault(error)) if self._takes(before) else None
        if target.origin == "link" and isinstance(error, Denied):
            return None
        return Item(uri=target.url, name=self._name(target.url), fault=_fault(error))

    async def _visited(self, target: Target) -> Item | None:
        """The document at an address, if it is one; its links wait to be visited."""
        page = await self._page(target)
        if page is None:
            return None
        self._follow(page, target.depth)
        return self._item(page) if self._takes(page) else None

    def _takes(self, page: Page) -> bool:
        """Whether a page is a document that was not listed yet, under this address or its canonical one."""
        uri = self._address(page)
        if uri in self._listed or not page.listed or not self._plan.wanted(uri):
            return False
        self._listed.add(uri)
        self._met.add(uri)
        return True

    def _address(self, page: Page) -> str:
        """The canonical address where the page names one on its own host and in the scope, else its own."""
        canonical = page.canonical
        same = canonical is not None and origin(canonical) == origin(page.url) and self._inside(canonical)
        return canonical if same and canonical is not None else page.url

    def _item(self, page: Page, fault: Unreadable | None = None) -> Item:
        uri = self._address(page)
        if page.url != uri and page.url in self.files:
            self.files[uri] = self.files.pop(page.url)
        name = named(self._name(uri), page.media_type)
        return Item(uri=uri, name=name, size=page.size, version=page.digest, fault=fault)

    def _name(self, url: str) -> str:
        """The path of a page, with its host where the crawl knows several; the host for a page without a path."""
        host, path = urlsplit(url).netloc, page_path(url)
        scopes = self._plan.scopes
        alone = len({scope.host for scope in scopes}) == 1 and scopes[0].kind != "subdomains"
        return (path if alone else f"{host}/{path}".rstrip("/")) or host

    def _follow(self, page: Page, depth: int) -> None:
        if depth >= self._plan.depth or page.digest in self._contents:
            return
        self._contents.add(page.digest)
        for link in page.links:
            self._meet(Target(link, depth + 1, "link"))

    def _meet(self, target: Target) -> None:
        """Put an address among those that wait, once, where it may be visited at all."""
        url = target.url
        if url in self._met or len(self._met) >= MOST_WAITING:
            return
        if target.origin != "seed" and (not self._inside(url) or is_trap(url) or self._plan.excluded(url)):
            return
        bare, question, _ = url.partition("?")
        self._queries[bare] = self._queries.get(bare, 0) + bool(question)
        if self._queries[bare] > MOST_QUERIES or not self._promising(url):
            return
        self._met.add(url)
        self._waiting.append(target)

    def _promising(self, url: str) -> bool:
        """Whether a page may be a document, or lead to some, as far as its address tells."""
        name = urlsplit(url).path.rpartition("/")[2]
        extension = name.rpartition(".")[2].lower() if "." in name else ""
        return extension not in IGNORED or extension in self._plan.extensions

    def _inside(self, url: str) -> bool:
        return any(scope.holds(url) for scope in self._scopes)

    async def _page(self, target: Target) -> Page | None:
        """The page at an address; None where it is gone, elsewhere, or not for us. Raises Unreadable and Denied."""
        url, before = target.url, await asyncio.to_thread(self._pages.get, target.url)
        self._files += 1
        into = self._folder / str(self._files)
        for _ in range(MOST_REDIRECTS + 1):
            if not await self._allowed(url, target):
                return None
            reply = await self._fetcher.get(url, into, _conditions(before) if before and before.url == url else None)
            further = redirected(reply)
            if further is None:
                return await self._received(target, reply, before, into)
            if target.origin == "seed" and not self._inside(further):
                self._scopes.append(replace(Scope.of(self._scopes[0].kind, further)))  # the site has moved
            if not self._inside(further) or (further in self._met and further != target.url):
                return None  # elsewhere, or visited under its own address
            self._met.add(further)
            url = further
        raise Unreadable("unreachable", f"More than {MOST_REDIRECTS} redirects follow one another.")

    async def _allowed(self, url: str, target: Target) -> bool:
        """Whether robots.txt lets us ask for a page. Raises Unreadable for one that we were told of by name."""
        parts = urlsplit(url)
        robots = await self._robots_of(url)
        if robots.allows(f"{parts.path}?{parts.query}" if parts.query else parts.path):
            return True
        if target.origin == "link":
            return False
        raise Unreadable("unsupported", f"The robots.txt of {parts.netloc} does not let {self._plan.robot} read it.")

    async def _robots_of(self, url: str) -> Robots:
        """The rules of a host, asked for once. Raises Unreadable where the host does not answer."""
        place = origin(url)
        if place not in self._robots:
            self._robots[place] = await self._asked_robots(place)
        found = self._robots[place]
        if isinstance(found, Unreadable):
            raise found
        return found

    async def _asked_robots(self, place: str) -> Robots | Unreadable:
        into = self._folder / "robots"
        try:
            reply = await self._fetcher.follow(f"{place}/robots.txt", into, most=MOST_ROBOTS)
        except Unreadable as error:
            return error
        if reply.status >= SERVER_ERRORS:
            return Unreadable("unreachable", f"{place} has a robots.txt that it cannot give (HTTP {reply.status}).")
        if reply.status != OK:
            return Robots()
        robots = read_robots(into.read_bytes().decode("utf-8-sig", "replace"), self._plan.robot)
        self._fetcher.slow_down(urlsplit(place).netloc, robots.delay)
        return robots

    async def _read_sitemaps(self) -> None:
        """Meet what the sitemaps list: those of the plan, and those that robots.txt names."""
        named_there = []
        if self._plan.robots_sitemaps:
            for seed in self._plan.seeds:
                try:
                    named_there += [normalised(one) for one in (await self._robots_of(seed)).sitemaps]
                except OutcropError:
                    continue  # the seed's own visit tells
        found = [one for one in named_there if one is not None]
        waiting = deque((url, False) for url in dict.fromkeys(found))
        waiting.extendleft((url, True) for url in reversed(list(self._plan.sitemaps)))
        read: set[str] = set()
        while waiting and len(read) < MOST_SITEMAPS:
            url, needed = waiting.popleft()
            if url not in read:
                read.add(url)
                waiting.extend((one, False) for one in await self._read_sitemap(url, needed=needed))

    async def _read_sitemap(self, url: str, *, needed: bool) -> list[str]:
        """Meet the pages of a sitemap; the addresses of an index. Raises Unavailable where one that is needed fails."""
        into = self._folder / "sitemap"
        try:
            reply = await self._fetcher.follow(url, into, most=MOST_SITEMAP)
            if reply.status != OK:
                raise Unreadable("unreachable", f"The sitemap {url} cannot be had (HTTP {reply.status}).")
        except OutcropError as error:
            if needed:
                raise Unavailable(f"{error.message} Nothing was changed.") from error
            return []
        sitemap = await asyncio.to_thread(lambda: read_sitemap(into.read_bytes()))
        addresses = [one for one in map(normalised, sitemap.addresses) if one is not None]
        if sitemap.index:
            return [one for one in addresses if origin(one) == origin(url)]
        for one in addresses:
            self._meet(Target(one, 0, "sitemap"))
        return []

    async def _received(self, target: Target, reply: Reply, before: Page | None, into: Path) -> Page | None:
        """What an answer that is no redirect gives. Raises Unreadable."""
        if reply.status == NOT_MODIFIED and before is not None:
            return before
        if reply.status in GONE:
            await asyncio.to_thread(self._pages.forget, target.url)
            raise _Gone("unreachable", f"There is no page at {reply.url} (HTTP {reply.status}).")
        if reply.status != OK:
            raise Unreadable("unreachable", f"{urlsplit(reply.url).netloc} answers with HTTP {reply.status}.")
        page = await asyncio.to_thread(_read, reply, into)
        await asyncio.to_thread(self._pages.put, target.url, page)
        self.files[page.url] = into
        return page


def _conditions(before: Page) -> dict[str, str]:
    """The headers that ask for a page only where it is another one."""
    given = {"if-none-match": before.etag, "if-modified-since": before.modified}
    return {name: value for name, value in given.items() if value}


def _fault(error: OutcropError) -> Unreadable:
    return error if isinstance(error, Unreadable) else Unreadable("unsupported", error.message)


def _read(reply: Reply, into: Path) -> Page:
    """A page as it came; its text is made UTF-8 where only the sender says how it is encoded."""
    known = by_name(urlsplit(reply.url).path.rpartition("/")[2])
    media_type = ALIASES.get(reply.media_type, reply.media_type)
    media_type = (
        (known or media_type) if media_type in UNTYPED or (known and media_type == "text/plain") else media_type
    )
    found = Found()
    if media_type in TYPED:
        data = into.read_bytes()
        decoded = decode(data, reply.charset)
        if reply.charset is not None and decoded.encoding not in ("utf-8", "utf-16-le", "utf-16-be"):
            into.write_bytes(b"\xef\xbb\xbf" + decoded.text.encode())
        if media_type == HTML:
            found = read_links(reply.url, decoded.text)
    header = directives(reply.headers.get("x-robots-tag", ""))
    return Page(
        url=reply.url,
        digest=reply.digest,
        size=reply.size,
        media_type=media_type,
        etag=reply.headers.get("etag"),
        modified=reply.headers.get("last-modified"),
        links=tuple(found.links) if found.followed and "nofollow" not in header else (),
        canonical=found.canonical,
        listed=found.listed and "noindex" not in header,
    )


# What pages are made of or what no document is: not asked for, unless a pattern asks for it by name.
_IGNORED = """
css js mjs map ico woff woff2 ttf otf eot png jpg jpeg gif svg webp avif bmp mp3 mp4 m4a ogg wav webm avi mov
zip gz tgz bz2 xz 7z rar tar iso dmg exe msi deb rpm apk jar bin
"""
IGNORED = frozenset(_IGNORED.split())
