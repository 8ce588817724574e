"""The objects of an S3 bucket, on AWS or any server that speaks its API."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from outcrop.adapters.sources.configuration import bounded, check_members
from outcrop.adapters.sources.inventory import Found, Inventory
from outcrop.adapters.sources.notifications import Notifications
from outcrop.adapters.sources.patterns import Patterns, is_litter
from outcrop.adapters.sources.s3_client import Missing, open_client, translated
from outcrop.core.errors import Invalid, OutcropError, Unavailable, Unreadable
from outcrop.core.parsed import Blob
from outcrop.core.protocols import Item
from outcrop.core.settings import Settings
from outcrop.core.sidecars import MAX_BYTES, SUFFIX, orphan, read_sidecar

MEMBERS = {"bucket": str, "prefix": str, "owner": str, "include": list, "exclude": list, "hidden": bool,
           "queue": str, "relist_hours": float, "profile": str}  # fmt: skip
MIB = 1 << 20
IN_MEMORY = 16 * MIB  # larger objects go through a file
BLOCK = 1 << 20  # bytes that are read at a time
UNCHANGED = " Nothing was changed."
QUEUE_SECONDS = 5.0  # between two looks at a queue
UNORDERED = "--x-s3"  # the end of the names of directory buckets, whose lists are in no order


class S3Source:
    """The objects of a bucket below a prefix, in the order of their keys' bytes.

    An object is fetched, and its metadata file too, only where an ETag says that it is another one. What looks like a
    folder (a key that ends with a slash), hidden names and litter are skipped. With a `queue` of notifications the list
    is kept here, and the bucket is asked for it every `relist_hours` only, in case that one went astray.
    """

    page_size = 1000  # keys in one call, the most that S3 gives
    allow_empty = True  # an empty list is what the bucket says, not a drive that is missing

    def __init__(self, configuration: Mapping[str, Any], settings: Settings) -> None:
        self._bucket: str = configuration["bucket"]
        self._prefix: str = configuration.get("prefix", "")
        self._owner = {"ExpectedBucketOwner": configuration["owner"]} if configuration.get("owner") else {}
        self._patterns = Patterns.of(configuration.get("include", ()), configuration.get("exclude", ()))
        self._hidden: bool = configuration.get("hidden", False)
        self._settings = settings
        self._profile: str | None = configuration.get("profile")
        self._opened: Any = None
        queue = configuration.get("queue")
        self._notifications = Notifications(queue, self._bucket, settings) if queue else None
        self._relist = bounded(configuration, "relist_hours", 24, 0, 24 * 365) * 3600
        told = json.dumps({**configuration, "profile": None}, sort_keys=True, default=list)
        key = hashlib.sha256(told.encode()).hexdigest()[:24]
        self._inventory = Inventory(settings.data / "sources" / f"s3-{key}.db")

    async def list(self, since: str | None) -> AsyncIterator[Item]:
        """Every document that is there now. Raises Unavailable where the bucket cannot be listed."""
        del since  # what is there is told as a whole
        found = self._kept() if self._notifications is not None else self._listed()
        async for one in found:
            yield self._item(one)

    async def _kept(self) -> AsyncIterator[Found]:
        """The list that is kept here, brought up to date."""
        try:
            listed_at = await asyncio.to_thread(self._inventory.listed_at)
            if listed_at is None or time.time() - listed_at > self._relist:
                begun = time.time()
                found = [one async for one in self._listed()]
                await asyncio.to_thread(self._inventory.replace, found, begun)
            await asyncio.to_thread(self._heed)
        except OutcropError as error:
            raise Unavailable(f"{error.message.removesuffix(UNCHANGED)}{UNCHANGED}") from error
        after = ""
        while page := await asyncio.to_thread(self._inventory.page, after):
            for one in page:
                yield one
            after = page[-1].key

    def _heed(self) -> None:
        """Look at what the queue says has changed. A message goes when what it tells of is kept, and not before."""
        if self._notifications is None:
            return
        for batch in self._notifications.batches():
            documents = dict.fromkeys(key.removesuffix(SUFFIX) for key in batch.keys)
            ours = [key for key in documents if key.startswith(self._prefix) and self._wanted(key)]
            changed = [found for key in ours for found in self._found_now(key)]
            self._inventory.change(changed, [name for key in ours for name in (key, key + SUFFIX)])
            self._notifications.delete(batch)

    def _found_now(self, key: str) -> Sequence[Found]:
        """A document with its metadata file; that alone where there is no document; nothing where neither is."""
        found, sidecar = self._head(key), self._head(key + SUFFIX)
        if found is not None:
            return [replace(found, sidecar=sidecar.etag if sidecar is not None else None)]
        return [sidecar] if sidecar is not None else []

    async def watch(self) -> AsyncIterator[None]:
        """A sign each time that notifications wait; none without a queue."""
        while self._notifications is not None:
            if await asyncio.to_thread(self._notifications.waiting):
                yield
            await asyncio.sleep(QUEUE_SECONDS)

    async def forget(self) -> None:
        """Remove the list that is kept."""
        await asyncio.to_thread(self._inventory.remove)

    async def _listed(self) -> AsyncIterator[Found]:
        """The list as the bucket gives it. Raises Unavailable where it cannot."""
        pairing = Pairing(ordered=not self._bucket.endswith(UNORDERED))
        token: dict[str, str] = {}
        while True:
            page = await asyncio.to_thread(self._page, token)
            wanted = [_found(one) for one in page.get("Contents", ()) if self._wanted(one["Key"])]
            more = page.get("IsTruncated", False)
            last = page["Contents"][-1]["Key"] if more and page.get("Contents") else None
            for found in pairing.paired(wanted, last):
                yield found
            if not more:
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    async def find(self, uri: str) -> Item | None:
        """The object with this address as the list would show it; None for one that the list leaves out."""
        key = uri.removeprefix(f"s3://{self._bucket}/")
        if key == uri or not key.startswith(self._prefix) or not self._wanted(key):
            return None
        return await asyncio.to_thread(self._looked, key)

    async def describe(self, item: Item) -> Item:
        """The item with what its metadata file says. Raises Unreadable."""
        key = self._key(item) + SUFFIX
        try:
            data = await asyncio.to_thread(self._read, key, MAX_BYTES + 1)
        except Missing:
            return replace(item, described=True)
        sidecar = read_sidecar(key.rpartition("/")[2], data)
        return replace(
            item, metadata=sidecar.metadata, embedded=sidecar.embedded, structure=sidecar.structure, described=True
        )

    async def fetch(self, item: Item) -> Blob:
        """The object. Raises Unreadable where it is gone or may not be read, or is too large."""
        limit = self._settings.max_file_mb
        if item.size > limit * MIB:
            size = f"The object has {item.size / MIB:.0f} MiB; at most {limit} are read."
            raise Unreadable("too_large", f"{size} Split it, or raise OUTCROP_MAX_FILE_MB.")
        name, key = item.name.rpartition("/")[2], self._key(item)
        try:
            if item.size > IN_MEMORY:
                return Blob(name=name, path=await asyncio.to_thread(self._saved, key), temporary=True)
            return Blob(name=name, data=await asyncio.to_thread(self._read, key, limit * MIB + 1))
        except Missing as error:
            raise Unreadable("unreachable", error.message) from error

    def _page(self, token: Mapping[str, str]) -> Mapping[str, Any]:
        """A page of the list; whatever is wrong with the bucket as a whole is Unavailable, and nothing is changed."""
        try:
            with translated(self._bucket):
                page: Mapping[str, Any] = self._client.list_objects_v2(
                    Bucket=self._bucket, Prefix=self._prefix, MaxKeys=self.page_size, **self._owner, **token
                )
                return page
        except OutcropError as error:
            raise Unavailable(f"{error.message}{UNCHANGED}") from error

    def _looked(self, key: str) -> Item | None:
        found = self._found_now(key)
        return self._item(found[0]) if found and found[0].key == key else None

    def _head(self, key: str) -> Found | None:
        """What is known of an object; None where there is none. Raises Denied and Unavailable."""
        try:
            with translated(self._bucket):
                head = self._client.head_object(Bucket=self._bucket, Key=key, **self._owner)
        except Missing:
            return None
        return Found(key, head.get("ETag", "").strip('"'), int(head.get("ContentLength", 0)))

    def _wanted(self, key: str) -> bool:
        name = key.removesuffix(SUFFIX)
        if key.endswith("/") or (not self._hidden and any(is_litter(part) for part in name.split("/"))):
            return False
        return self._patterns.wanted(name)

    def _item(self, found: Found) -> Item:
        document = found.key.removesuffix(SUFFIX)
        return Item(
            uri=f"s3://{self._bucket}/{found.key}",
            name=found.key,
            size=found.size,
            version=found.etag if found.sidecar is None else f"{found.etag}+{found.sidecar}",
            described=found.sidecar is None,
            fault=orphan(document.rpartition("/")[2]) if document != found.key else None,
        )

    def _key(self, item: Item) -> str:
        return item.uri.removeprefix(f"s3://{self._bucket}/")

    def _read(self, key: str, most: int) -> bytes:
        """The first bytes of an object. Raises Missing and Unreadable."""
        with _of_object(self._bucket), self._body(key) as body:
            return b"".join(_blocks(body, most))

    def _saved(self, key: str) -> Path:
        """An object in a file of its own. Raises Missing and Unreadable."""
        with tempfile.NamedTemporaryFile(prefix="outcrop-s3-", delete=False) as file:
            try:
                with _of_object(self._bucket), self._body(key) as body:
                    file.writelines(_blocks(body, self._settings.max_file_mb * MIB + 1))
            except BaseException:
                Path(file.name).unlink()
                raise
        return Path(file.name)

    def _body(self, key: str) -> Any:
        return self._client.get_object(Bucket=self._bucket, Key=key, **self._owner)["Body"]

    @property
    def _client(self) -> Any:
        if self._opened is None:
            self._opened = open_client(self._settings.s3_endpoint, profile=self._profile)
        return self._opened


@contextmanager
def _of_object(bucket: str) -> Iterator[None]:
    """Turn what goes wrong with one object into Unreadable, or Missing where it is not there."""
    try:
        with translated(bucket):
            yield
    except Missing:
        raise
    except OutcropError as error:
        raise Unreadable("unreachable", error.message) from error


def _blocks(body: Any, most: int) -> Iterator[bytes]:
    """The bytes of a reply, block by block up to a limit; reading to the end proves that none are missing."""
    left = most
    while left > 0 and (block := body.read(min(BLOCK, left))):
        left -= len(block)
        yield block


def _found(listed: Mapping[str, Any]) -> Found:
    return Found(listed["Key"], listed.get("ETag", "").strip('"'), int(listed.get("Size", 0)))


class Pairing:
    """Puts metadata files to their documents while the list is read, holding back no more than it must.

    A list in the order of keys shows `a.pdf` before `a.pdf.metadata.json`, but other keys may stand between.
    """

    def __init__(self, *, ordered: bool) -> None:
        self._ordered = ordered
        self._waiting: dict[str, Found] = {}

    def paired(self, page: Sequence[Found], last: str | None) -> Iterator[Found]:
        """What is known to be complete after a page whose last key is `last`; None after the last page."""
        for found in page:
            document = self._waiting.get(found.key.removesuffix(SUFFIX)) if found.key.endswith(SUFFIX) else None
            if document is not None:
                self._waiting[document.key] = replace(document, sidecar=found.etag)
            else:
                self._waiting[found.key] = found
        for found in list(self._waiting.values()):
            if last is None or (self._ordered and found.key + SUFFIX < last):
                yield self._waiting.pop(found.key)


def open_source(configuration: Mapping[str, Any], settings: Settings) -> S3Source:
    """The source for `bucket`; docs/sources.md explains every member.

    Raises:
        Invalid: A member is unknown or of the wrong type, the bucket is missing, or a pattern is none.
    """
    check_members("A bucket", MEMBERS, configuration)
    if not configuration.get("bucket"):
        raise Invalid("A data source of the kind s3 needs the name of its bucket.")
    return S3Source(configuration, settings)
