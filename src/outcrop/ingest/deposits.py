"""The source of documents that were handed over one by one, and the keeping of their contents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from outcrop.core.errors import Invalid, NotFound, OutcropError, Unreadable
from outcrop.core.filters import equals
from outcrop.core.ids import derived_id
from outcrop.core.parsed import Blob
from outcrop.core.protocols import Blobs, Item, MetadataStore, every
from outcrop.core.records import DataSource, Deposit, DepositStatus, Record, Upload
from outcrop.ingest.fingerprints import metadata_hash
from outcrop.ingest.locks import held

LEAVING: frozenset[DepositStatus] = frozenset({"DELETING", "DELETE_IN_PROGRESS"})
UNFINISHED: frozenset[DepositStatus] = LEAVING | {"PENDING", "IN_PROGRESS"}
REFERRING: tuple[type[Record], ...] = (Deposit, Upload)  # the kinds of records whose attribute `blob` is a key
LOCK = "blobs"


class DepositSource:
    """A custom data source: what it was handed, as it was handed over."""

    allow_empty = True  # an empty list is what its owner left, not a drive that is missing

    def __init__(self, source: DataSource, metadata: MetadataStore, blobs: Blobs) -> None:
        if source.configuration:
            raise Invalid(f"A custom data source has no settings; it was given {', '.join(source.configuration)}.")
        self._source = source
        self._metadata = metadata
        self._blobs = blobs

    async def list(self, since: str | None) -> AsyncIterator[Item]:
        """Every document that is not being deleted."""
        del since  # no journal is kept
        async for deposit in every(self._metadata, Deposit, equals("data_source_id", self._source.id)):
            if deposit.status not in LEAVING:
                yield item_of(deposit)

    async def fetch(self, item: Item) -> Blob:
        """The content whose key the item's version begins with. Raises Unreadable where it is gone."""
        try:
            return Blob(name=item.name, data=await self._blobs.read((item.version or "").partition("+")[0]))
        except OutcropError as error:
            raise Unreadable("unreachable", error.message) from error


def item_of(deposit: Deposit) -> Item:
    """A deposit as an item of its source; a fault where its content was never had."""
    fault = None if deposit.blob else Unreadable("unreachable", deposit.reason or "Its content is yet to be fetched.")
    return Item(
        uri=deposit.uri,
        name=deposit.name,
        size=deposit.size,
        version=f"{deposit.blob}+{derived_id(metadata_hash(deposit.metadata), *deposit.embedded)}",
        metadata=deposit.metadata,
        embedded=deposit.embedded,
        fault=fault,
    )


class Keeping:
    """Contents that live as long as a record refers to them by its attribute `blob`."""

    def __init__(self, metadata: MetadataStore, blobs: Blobs, data: Path) -> None:
        self._metadata = metadata
        self._blobs = blobs
        self._data = data

    @asynccontextmanager
    async def keep(self, content: bytes) -> AsyncIterator[str]:
        """The key of a content, which nobody removes before the block ends: put the record that refers to it there."""
        async with held(self._data, LOCK):
            key = await self._blobs.put(content)
            try:
                yield key
            except BaseException:
                await self._drop(key)
                raise

    async def release(self, *keys: str) -> None:
        """Remove those contents that no record refers to any more."""
        for key in filter(None, keys):
            async with held(self._data, LOCK):
                await self._drop(key)

    async def sweep(self) -> None:
        """Remove every content that no record refers to: what a crash left."""
        async for key in self._blobs.kept():
            await self.release(key)

    async def _drop(self, key: str) -> None:
        for kind in REFERRING:
            if (await self._metadata.page(kind, equals("blob", key), None, 1)).records:
                return
        await self._blobs.delete(key)


async def deposit_of(metadata: MetadataStore, id: str) -> Deposit | None:
    """The deposit of a document, if there is one."""
    try:
        return await metadata.get(Deposit, id)
    except NotFound:
        return None


async def current(deposit: Deposit, store: MetadataStore) -> bool:
    """Whether a deposit is as it is stored: it was not handed over anew, or deleted, meanwhile."""
    found = await deposit_of(store, deposit.id)
    return found is not None and found.version == deposit.version
