"""Fetches what documents that are handed over name by its address in S3: contents, and metadata files."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from outcrop.core.errors import Invalid, OutcropError, Unreadable
from outcrop.core.protocols import Item
from outcrop.core.records import DataSource, Deposit, DepositStatus, Elsewhere
from outcrop.core.sidecars import read_sidecar
from outcrop.ingest.deposits import Keeping, current
from outcrop.ingest.means import Means

S3 = "s3"  # the kind of data source that reads these addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A deposit with all that was elsewhere, or the status and reason that it ends with."""

    deposit: Deposit
    failed: DepositStatus | None = None
    reason: str = ""


class Fetching:
    """Completes deposits."""

    def __init__(self, means: Means, keeping: Keeping) -> None:
        self._means = means
        self._keeping = keeping

    async def complete(self, deposit: Deposit, source: DataSource) -> Fetched:
        """The deposit with its content kept and its metadata read."""
        try:
            deposit = await self._with_content(deposit, source)
        except OutcropError as error:
            return Fetched(deposit=deposit, failed="FAILED", reason=f"Its content cannot be had: {error.message}")
        try:
            return Fetched(deposit=await self._with_metadata(deposit, source))
        except OutcropError as error:
            reason = f"Its metadata cannot be had: {error.message}"
            return Fetched(deposit=deposit, failed="METADATA_UPDATE_FAILED", reason=reason)

    async def _with_content(self, deposit: Deposit, source: DataSource) -> Deposit:
        if deposit.content_at is None:
            return deposit
        content = await self._read(deposit.content_at, source)
        if not content:
            raise Unreadable("empty", "The object is empty (0 bytes).")
        if len(content) > self._means.settings.max_file_mb << 20:
            raise Unreadable("too_large", f"The object has more than {self._means.settings.max_file_mb} MiB.")
        async with self._keeping.keep(content) as key:
            kept = await self._put(deposit, replace(deposit, blob=key, size=len(content), content_at=None))
        await self._keeping.release(deposit.blob)
        return kept

    async def _with_metadata(self, deposit: Deposit, source: DataSource) -> Deposit:
        if deposit.metadata_at is None:
            return deposit
        name = deposit.metadata_at.uri.rpartition("/")[2]
        sidecar = read_sidecar(name, await self._read(deposit.metadata_at, source))
        if sidecar.structure is not None:
            raise Unreadable("unsupported", "A table's structure is heeded in data sources of files and buckets alone.")
        changed = replace(deposit, metadata=sidecar.metadata, embedded=sidecar.embedded, metadata_at=None)
        return await self._put(deposit, changed)

    async def _put(self, before: Deposit, after: Deposit) -> Deposit:
        """Keep a deposit; one that was handed over anew meanwhile is left to its next turn."""
        async with self._means.metadata.transaction() as inside:
            return await inside.put(after) if await current(before, inside) else after

    async def _read(self, place: Elsewhere, source: DataSource) -> bytes:
        """The bytes of an object. Raises Invalid, Unreadable, Unavailable."""
        bucket, _, key = place.uri.removeprefix("s3://").partition("/")
        if not place.uri.startswith("s3://") or not bucket or not key:
            raise Invalid(f"{place.uri!r:.200} is no address of an object in S3.")
        owner = {"owner": place.owner} if place.owner is not None else {}
        bucket_source = replace(source, kind=S3, configuration={"bucket": bucket, **owner})
        item = Item(uri=place.uri, name=key.rpartition("/")[2])
        blob = await self._means.adapters.source(bucket_source).fetch(item)
        try:
            return await asyncio.to_thread(blob.read)
        finally:
            blob.release()
