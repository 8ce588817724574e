"""Uploaded files as documents of knowledge bases: attached, looked at, detached."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, NotFound, Unsupported
from outcrop.core.filters import Metadata, all_of, equals
from outcrop.core.ids import NewId, derived_id
from outcrop.core.protocols import MetadataStore, every
from outcrop.core.records import (
    CUSTOM,
    Attachment,
    AttachmentBatch,
    Chunking,
    DataSource,
    Document,
    KnowledgeBase,
    Upload,
)
from outcrop.ingest.deposits import LEAVING
from outcrop.ingest.direct import Direct, DirectDocument, State
from outcrop.ingest.knowledge_bases import KnowledgeBases
from outcrop.ingest.steps import id_at
from outcrop.ingest.uploads import Uploads

SOURCE_NAME = "files"  # of the data sources that attached files are in, one a chunking
WAITING = frozenset({"PENDING", "IN_PROGRESS", "DELETING", "DELETE_IN_PROGRESS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A document of a knowledge base as a file of it: what has become of it, and how it is cut.

    `id` is its upload's, or its own where it came from elsewhere: then `record` is None.
    """

    id: str
    created_at: datetime
    state: State
    chunking: Chunking
    record: Attachment | None = None

    @property
    def status(self) -> str:
        """The status of its state; CANCELLED where it was given up before it was done."""
        return "CANCELLED" if self.record is not None and self.record.cancelled else self.state.status

    @property
    def reason(self) -> str | None:
        """Why it is not searchable, as a sentence."""
        return self.state.reason

    @property
    def document(self) -> Document | None:
        """What is indexed of it."""
        return self.state.document

    @property
    def document_id(self) -> str | None:
        """The id of its document."""
        return self.record.document_id if self.record is not None else self.id

    @property
    def size(self) -> int:
        """Its size in bytes."""
        kept = self.state.deposit or self.state.document
        return kept.size if kept is not None else 0

    @property
    def name(self) -> str:
        """Its file's name."""
        kept = self.state.deposit or self.state.document
        return kept.name if kept is not None else self.state.uri

    @property
    def metadata(self) -> Metadata:
        """Its attributes."""
        kept = self.state.deposit or self.state.document
        return kept.metadata if kept is not None else {}


class Attachments:
    """Attaches uploads to knowledge bases."""

    def __init__(
        self, metadata: MetadataStore, bases: KnowledgeBases, direct: Direct, uploads: Uploads, clock: Clock
    ) -> None:
        self._metadata = metadata
        self._bases = bases
        self._direct = direct
        self._uploads = uploads
        self._clock = clock

    async def attach(
        self,
        base: KnowledgeBase,
        upload: Upload,
        attributes: Metadata,
        chunking: Chunking,
        batch: AttachmentBatch | None = None,
    ) -> Attached:
        """Hand a file over to be ingested in the background; attaching it again takes it anew.

        Raises:
            Invalid: It is no document, or the chunking is not possible.
            Conflict: The knowledge base is being deleted.
        """
        source = await self._source(base, chunking)
        before = await self._find(base, upload.id)
        if before is not None and before.data_source_id != source.id:
            await self._detach(base, before)
        uri = f"{upload.id}/{quote(upload.name)}"
        content = await self._uploads.content(upload)
        document = DirectDocument(
            uri=uri, data=content, media_type=upload.media_type, name=upload.name, metadata=attributes
        )
        await self._direct.submit(base, source, [document])
        now = self._clock()
        record = Attachment(
            id=derived_id(base.id, upload.id),
            created_at=now,
            updated_at=now,
            knowledge_base_id=base.id,
            upload_id=upload.id,
            data_source_id=source.id,
            document_id=id_at(source.id, uri),
            uri=uri,
            batch_id=batch.id if batch is not None else "",
        )
        return await self._attached(await self._metadata.put(record))

    async def relabel(self, base: KnowledgeBase, attached: Attached, attributes: Metadata) -> Attached:
        """Give an attached file other attributes; its content is neither read nor embedded again.

        Raises Unsupported for a document that is not an attached file: its data source has its metadata.
        """
        record, deposit = attached.record, attached.state.deposit
        if record is None or deposit is None:
            raise Unsupported(f"{attached.name} comes from a data source, which has its attributes itself.")
        source = await self._metadata.get(DataSource, record.data_source_id)
        document = DirectDocument(
            uri=record.uri,
            data=(await self._direct.content(source, record.uri)).data,
            media_type=deposit.media_type,
            name=deposit.name,
            metadata=attributes,
        )
        await self._direct.submit(base, source, [document])
        return await self._attached(record)

    async def get(self, base: KnowledgeBase, id: str) -> Attached:
        """A file of a knowledge base, by its upload's id or its document's. Raises NotFound."""
        record = await self._find(base, id)
        found = await self._attached(record) if record is not None else await self._document(base, id)
        if found is None or found.status == "NOT_FOUND":
            raise NotFound(f"The file {id!r:.100} is not in {base.name}.")
        return found

    async def list(self, base: KnowledgeBase, batch: AttachmentBatch | None = None) -> Sequence[Attached]:
        """The attached files of a knowledge base, or those of one batch, oldest first."""
        in_batch = equals("batch_id", batch.id) if batch is not None else None
        where = all_of(equals("knowledge_base_id", base.id), in_batch)
        found = [await self._attached(record) async for record in every(self._metadata, Attachment, where)]
        return [one for one in found if one.status != "NOT_FOUND"]

    async def everything(self, base: KnowledgeBase) -> Sequence[Attached]:
        """The attached files of a knowledge base, and its other documents, oldest first."""
        attached = await self.list(base)
        known = {one.document_id for one in attached}
        sources = {source.id: source for source in await self._bases.sources(base)}
        others = [
            await self._other(document, sources[document.data_source_id])
            async for document in self._bases.documents(base)
            if document.id not in known and document.data_source_id in sources
        ]
        kept = [one for one in others if one.status not in LEAVING]
        return sorted([*attached, *kept], key=lambda one: (one.created_at, one.id))

    async def settle(self, base: KnowledgeBase, seconds: float) -> None:
        """Wait, for so long at most, until what was handed over to a knowledge base is done."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for source in await self._bases.sources(base):
                    await self._direct.settled(source)

    async def detach(self, base: KnowledgeBase, attached: Attached) -> None:
        """Take a file out of a knowledge base; the upload itself stays.

        Raises:
            Unsupported: It comes from a data source, whose next sync would bring it back.
            Conflict: The knowledge base is being deleted.
        """
        if attached.record is None:
            raise Unsupported(f"{attached.name} comes from a data source. Delete it there and sync again.")
        await self._detach(base, attached.record)

    async def detach_everywhere(self, upload_id: str) -> None:
        """Take a file out of every knowledge base."""
        records = [one async for one in every(self._metadata, Attachment, equals("upload_id", upload_id))]
        for record in records:
            await self._detach(await self._bases.get(record.knowledge_base_id), record)

    async def uploads_of(self, document_ids: Sequence[str]) -> dict[str, str]:
        """The uploads that documents were made of, by the document's id."""
        found = {}
        for wanted in dict.fromkeys(document_ids):
            page = await self._metadata.page(Attachment, equals("document_id", wanted), None, 1)
            if page.records:
                found[wanted] = page.records[0].upload_id
        return found

    async def begin_batch(self, base: KnowledgeBase, new_id: NewId) -> AttachmentBatch:
        """A batch without files."""
        now = self._clock()
        batch = AttachmentBatch(id=new_id(), created_at=now, updated_at=now, knowledge_base_id=base.id)
        return await self._metadata.put(batch, expect=0)

    async def batch(self, base: KnowledgeBase, id: str) -> AttachmentBatch:
        """A batch of a knowledge base. Raises NotFound."""
        try:
            found = await self._metadata.get(AttachmentBatch, id)
        except NotFound:
            found = None
        if found is None or found.knowledge_base_id != base.id:
            raise NotFound(f"There is no batch {id!r:.100} of files in {base.name}.")
        return found

    async def cancel(self, base: KnowledgeBase, batch: AttachmentBatch) -> AttachmentBatch:
        """Give up those files of a batch that are not done yet."""
        for attached in await self.list(base, batch):
            record = attached.record
            if record is None or attached.status not in WAITING:
                continue
            source = await self._metadata.get(DataSource, record.data_source_id)
            await self._direct.delete(base, source, [record.uri])
            await self._metadata.put(replace(record, cancelled=True, updated_at=self._clock()))
        return await self._metadata.put(replace(batch, cancelled=True, updated_at=self._clock()))

    async def _detach(self, base: KnowledgeBase, record: Attachment) -> None:
        source = await self._metadata.get(DataSource, record.data_source_id)
        await self._direct.delete(base, source, [record.uri])
        await self._metadata.delete(Attachment, record.id)

    async def _find(self, base: KnowledgeBase, upload_id: str) -> Attachment | None:
        try:
            return await self._metadata.get(Attachment, derived_id(base.id, upload_id))
        except NotFound:
            return None

    async def _attached(self, record: Attachment) -> Attached:
        source = await self._metadata.get(DataSource, record.data_source_id)
        state = (await self._direct.states(source, [record.uri]))[0]
        return Attached(
            id=record.upload_id, created_at=record.created_at, state=state, chunking=source.chunking, record=record
        )

    async def _document(self, base: KnowledgeBase, id: str) -> Attached | None:
        """A document that is not an attached file, by its id."""
        try:
            document = await self._metadata.get(Document, id)
        except NotFound:
            return None
        if document.knowledge_base_id != base.id:
            return None
        return await self._other(document, await self._metadata.get(DataSource, document.data_source_id))

    async def _other(self, document: Document, source: DataSource) -> Attached:
        """A document that is not an attached file; one that was handed over by itself may be on its way."""
        if source.kind == CUSTOM:
            state = (await self._direct.states(source, [document.uri]))[0]
        else:
            state = State(uri=document.uri, status=document.status, reason=document.reason, document=document)
        return Attached(id=document.id, created_at=document.created_at, state=state, chunking=source.chunking)

    async def _source(self, base: KnowledgeBase, chunking: Chunking) -> DataSource:
        """The data source for attached files that are cut so, made if it is not there."""
        if base.status != "ACTIVE":
            raise Conflict(f"{base.name} is {base.status}.")
        for source in await self._bases.sources(base):
            same = source.kind == CUSTOM and source.name == SOURCE_NAME and source.chunking == chunking
            if same and source.status == "AVAILABLE":
                return source
        return await self._bases.add_source(base, name=SOURCE_NAME, kind=CUSTOM, configuration={}, chunking=chunking)
