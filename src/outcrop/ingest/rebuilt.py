"""The records of documents while their index is built anew: what is written does not serve yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from typing import TypeVar, cast

from outcrop.core.errors import NotFound
from outcrop.core.filters import Filter
from outcrop.core.protocols import MetadataStore, Page
from outcrop.core.rebuilds import RebuiltDocument
from outcrop.core.records import Document, Record

R = TypeVar("R", bound=Record)
D = TypeVar("D", bound=Document)


class RebuiltRecords:
    """A metadata store whose documents are those of the index that is being built; all else is as it is.

    A document that is not there yet is found as it is in the index that is being replaced, but not listed.
    """

    def __init__(self, metadata: MetadataStore) -> None:
        self._metadata = metadata

    async def get(self, kind: type[R], id: str) -> R:
        """The record. Raises NotFound."""
        if kind is not Document:
            return await self._metadata.get(kind, id)
        try:
            return cast("R", as_kind(Document, await self._metadata.get(RebuiltDocument, id)))
        except NotFound:
            return await self._metadata.get(kind, id)

    async def put(self, record: R, expect: int | None = None) -> R:
        """Keep a record."""
        if not isinstance(record, Document):
            return await self._metadata.put(record, expect)
        kept = await self._metadata.put(as_kind(RebuiltDocument, record), expect)
        return cast("R", as_kind(Document, kept))

    async def delete(self, kind: type[R], id: str) -> None:
        """Remove a record."""
        await self._metadata.delete(RebuiltDocument if kind is Document else kind, id)

    async def page(self, kind: type[R], where: Filter | None, after: str | None, limit: int) -> Page[R]:
        """Records in order of creation, then id."""
        if kind is not Document:
            return await self._metadata.page(kind, where, after, limit)
        page = await self._metadata.page(RebuiltDocument, where, after, limit)
        return cast("Page[R]", Page(tuple(as_kind(Document, one) for one in page.records), page.after))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MetadataStore]:
        """All or nothing."""
        async with self._metadata.transaction() as inside:
            yield RebuiltRecords(inside)


async def rebuilt(metadata: MetadataStore, document_id: str) -> bool:
    """Whether a document is in the index that is being built."""
    try:
        await metadata.get(RebuiltDocument, document_id)
    except NotFound:
        return False
    return True


def as_kind(kind: type[D], document: Document) -> D:
    """The same document as a record of another collection."""
    return kind(**{one.name: getattr(document, one.name) for one in fields(Document)})
