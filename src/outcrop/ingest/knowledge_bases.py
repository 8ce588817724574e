"""Knowledge bases and their data sources: made, found, listed, and deleted without a trace."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TypeVar

from outcrop.core.chunks import DATA_SOURCE_ID, DOCUMENT_ID, IndexSpec, Point
from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, Invalid, ModelFailed, NotFound, OutcropError
from outcrop.core.filters import all_of, equals
from outcrop.core.ids import NewId
from outcrop.core.protocols import Adapters, MetadataStore, every
from outcrop.core.records import (
    Attachment,
    AttachmentBatch,
    Chunking,
    DataSource,
    Deposit,
    Document,
    IngestionJob,
    KnowledgeBase,
    Record,
    Session,
    StoreLabel,
)
from outcrop.core.settings import Settings
from outcrop.ingest.deposits import Keeping
from outcrop.ingest.locks import lock_file, locked
from outcrop.ingest.means import place_of

R = TypeVar("R", bound=Record)
# Bedrock's rule for names (API_agent_CreateKnowledgeBase.html), and room for spaces between words.
NAME = re.compile(r"[0-9a-zA-Z](?:[ _.-]?[0-9a-zA-Z]){0,99}")
MAX_NAME = 100
MAX_DESCRIPTION = 200
AT_ONCE = 500


class KnowledgeBases:
    """The knowledge bases of one metadata store."""

    def __init__(
        self, metadata: MetadataStore, adapters: Adapters, settings: Settings, clock: Clock, new_id: NewId
    ) -> None:
        self._metadata = metadata
        self._adapters = adapters
        self._settings = settings
        self._clock = clock
        self._new_id = new_id

    async def create(
        self,
        name: str,
        *,
        description: str | None = None,
        embedding_model: str | None = None,
        vector_store: str = "embedded",
    ) -> KnowledgeBase:
        """Make an empty knowledge base and its index; the embedding model is asked for its dimensions.

        Raises:
            Invalid: The name, the description, the model or the vector store.
            Conflict: The name is taken.
        """
        _check_name("A knowledge base", name)
        if description is not None and not 1 <= len(description) <= MAX_DESCRIPTION:
            raise Invalid(f"A description has 1 to {MAX_DESCRIPTION} characters.")
        model = embedding_model or self._settings.embedding_model
        store = self._adapters.vector_store(vector_store)
        new_id, now = self._new_id(), self._clock()
        base = KnowledgeBase(
            id=new_id,
            created_at=now,
            updated_at=now,
            name=name,
            description=description,
            embedding_model=model,
            dimensions=await self._dimensions(model),
            index=f"kb-{new_id.lower()}",
            vector_store=vector_store,
            status="CREATING",
        )
        base = await self._put_new(base)  # first, so that a crash leaves something that can be seen and deleted
        try:
            await store.create(IndexSpec(name=base.index, dimensions=base.dimensions))
        except BaseException:
            await self._metadata.delete(KnowledgeBase, base.id)
            raise
        return await self._metadata.put(replace(base, status="ACTIVE"), expect=base.version)

    async def get(self, reference: str) -> KnowledgeBase:
        """The knowledge base with this id or name. Raises NotFound."""
        try:
            return await self._metadata.get(KnowledgeBase, reference)
        except NotFound:
            page = await self._metadata.page(KnowledgeBase, equals("name", reference), None, 1)
        if not page.records:
            raise NotFound(f"There is no knowledge base {reference!r}. See: outcrop kb list")
        return page.records[0]

    async def list(self) -> Sequence[KnowledgeBase]:
        """Every knowledge base, oldest first."""
        return [base async for base in every(self._metadata, KnowledgeBase, None)]

    async def delete(self, reference: str) -> None:
        """Remove a knowledge base with its index, sources, documents, jobs and sessions.

        One whose deletion was interrupted is DELETING, and deleting it again goes on.

        Raises:
            NotFound: There is none.
            Conflict: One of its data sources is being synced.
        """
        base = await self.get(reference)
        deleting = await self._metadata.put(replace(base, status="DELETING", updated_at=self._clock()))
        sources = await self.sources(base)
        with ExitStack() as locks:
            try:
                for source in sources:
                    locks.enter_context(locked(self._settings.data, source))
            except Conflict:
                await self._metadata.put(replace(deleting, status=base.status))
                raise
            await self._remove(deleting)
            for source in sources:
                lock_file(self._settings.data, source.id).unlink(missing_ok=True)

    async def add_source(
        self,
        base: KnowledgeBase,
        *,
        name: str,
        kind: str,
        configuration: Mapping[str, Any],
        chunking: Chunking = Chunking(),  # noqa: B008 # frozen
    ) -> DataSource:
        """Add a data source; nothing is read before its first sync.

        Raises:
            Invalid: The name, the kind, the configuration or the chunking.
            Conflict: The knowledge base is being deleted.
        """
        if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
            raise Invalid(f"A data source is named with 1 to {MAX_NAME} printable characters.")
        now = self._clock()
        source = DataSource(
            id=self._new_id(),
            created_at=now,
            updated_at=now,
            knowledge_base_id=base.id,
            name=name,
            kind=kind,
            configuration=dict(configuration),
            chunking=chunking,
        )
        place_of(source, self._metadata, self._adapters)
        self._adapters.chunker(chunking, self._adapters.embedder(base.embedding_model))
        async with self._metadata.transaction() as inside:
            if (await inside.get(KnowledgeBase, base.id)).status != "ACTIVE":
                raise Conflict(f"The knowledge base {base.name} is not ACTIVE.")
            return await inside.put(source, expect=0)

    async def sources(self, base: KnowledgeBase) -> Sequence[DataSource]:
        """The data sources of a knowledge base, oldest first."""
        return [source async for source in every(self._metadata, DataSource, equals("knowledge_base_id", base.id))]

    async def delete_source(self, base: KnowledgeBase, source: DataSource) -> None:
        """Remove a data source with its jobs and documents; its points too, unless its deletion policy is RETAIN.

        Raises:
            Conflict: It is being synced.
        """
        with locked(self._settings.data, source):
            source = await self._metadata.get(DataSource, source.id)
            await self._metadata.put(replace(source, status="DELETING", updated_at=self._clock()))
            if source.deletion_policy == "DELETE":
                store = self._adapters.vector_store(base.vector_store)
                await store.delete(base.index, equals(DATA_SOURCE_ID, source.id))
            await self._empty(Document, "data_source_id", source.id)
            await self._empty(IngestionJob, "data_source_id", source.id)
            await self._empty(Attachment, "data_source_id", source.id)
            await self._give_up("data_source_id", source.id)
            await self._metadata.delete(DataSource, source.id)
            lock_file(self._settings.data, source.id).unlink(missing_ok=True)

    async def documents(self, base: KnowledgeBase, status: str | None = None) -> AsyncIterator[Document]:
        """The documents of a knowledge base, oldest first; of one status where that is given."""
        where = all_of(equals("knowledge_base_id", base.id), equals("status", status) if status is not None else None)
        async for document in every(self._metadata, Document, where):
            yield document

    async def document(self, base: KnowledgeBase, reference: str) -> Document:
        """The document with this id, address or name.

        Raises:
            NotFound: There is none.
            Conflict: Several have this name.
        """
        try:
            document = await self._metadata.get(Document, reference)
            if document.knowledge_base_id == base.id:
                return document
        except NotFound:
            pass
        where = all_of(equals("knowledge_base_id", base.id), equals("uri", reference))
        found = [document async for document in every(self._metadata, Document, where)]
        found = found or [document async for document in self.documents(base) if document.name == reference]
        if not found:
            raise NotFound(f"{base.name} has no document {reference!r}. See: outcrop docs {base.name}")
        if len(found) > 1:
            ids = ", ".join(document.id for document in found[:5])
            raise Conflict(f"{base.name} has {len(found)} documents {reference!r}. Name one by its id: {ids}")
        return found[0]

    async def chunks(self, base: KnowledgeBase, document: Document) -> Sequence[Point]:
        """The points of a document in order, parents too."""
        store = self._adapters.vector_store(base.vector_store)
        found: list[Point] = []
        async for points in store.scan(base.index, equals(DOCUMENT_ID, document.id)):
            found.extend(points)
        return sorted(found, key=lambda point: point.chunk.ordinal)

    async def _dimensions(self, model: str) -> int:
        """The length of a model's vectors, as it really gives them."""
        embedder = self._adapters.embedder(model)
        vectors = await embedder.embed(["What is this knowledge base about?"], "document")
        if vectors.ndim != 2 or vectors.shape[0] != 1 or not vectors.shape[1]:  # noqa: PLR2004 # rows and columns
            raise ModelFailed(f"The embedding model {model} gave no vector for a sentence.")
        return int(vectors.shape[1])

    async def _put_new(self, base: KnowledgeBase) -> KnowledgeBase:
        page = await self._metadata.page(KnowledgeBase, equals("name", base.name), None, 1)
        taken = f"There is a knowledge base {base.name!r} already."
        if page.records:
            status = page.records[0].status
            raise Conflict(taken if status == "ACTIVE" else f"{taken} It is {status}: delete it first.")
        try:
            return await self._metadata.put(base, expect=0)
        except Conflict as error:  # someone else was a moment faster
            raise Conflict(taken) from error

    async def _remove(self, base: KnowledgeBase) -> None:
        """Everything of a knowledge base, its record last."""
        try:
            await self._adapters.vector_store(base.vector_store).drop(base.index)
        except OutcropError as error:
            reasons = (f"The index could not be removed: {error.message}",)
            failed = replace(base, status="DELETE_UNSUCCESSFUL", failure_reasons=reasons, updated_at=self._clock())
            await self._metadata.put(failed)
            raise
        await self._give_up("knowledge_base_id", base.id)
        for kind in (Document, IngestionJob, Session, Attachment, AttachmentBatch, StoreLabel, DataSource):
            await self._empty(kind, "knowledge_base_id", base.id)
        await self._metadata.delete(KnowledgeBase, base.id)

    async def _give_up(self, attribute: str, value: str) -> None:
        """Remove the deposits with this attribute, and their contents."""
        blobs = {deposit.blob async for deposit in every(self._metadata, Deposit, equals(attribute, value))}
        await self._empty(Deposit, attribute, value)
        await Keeping(self._metadata, self._adapters.blobs(), self._settings.data).release(*blobs)

    async def _empty(self, kind: type[R], attribute: str, value: str) -> None:
        """Remove every record of a kind with this attribute, some at a time."""
        while (page := await self._metadata.page(kind, equals(attribute, value), None, AT_ONCE)).records:
            async with self._metadata.transaction() as inside:
                for record in page.records:
                    await inside.delete(kind, record.id)


def _check_name(what: str, name: str) -> None:
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        rule = "letters and digits, with single spaces, dots, dashes or underscores between them"
        raise Invalid(f"{what} is named with 1 to {MAX_NAME} {rule}; {name!r:.120} is not.")
