"""Knowledge bases and their data sources: made, found, listed, and deleted without a trace."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from outcrop.core.chunks import DOCUMENT_ID, Adopted, Point
from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, Invalid, ModelFailed, NotFound
from outcrop.core.filters import all_of, equals
from outcrop.core.ids import NewId
from outcrop.core.protocols import Adapters, MetadataStore, every
from outcrop.core.records import Chunking, DataSource, Document, KnowledgeBase
from outcrop.core.settings import Settings
from outcrop.ingest.deletion import Deletion, Deletions
from outcrop.ingest.means import place_of

# Bedrock's rule for names (API_agent_CreateKnowledgeBase.html), and room for spaces between words.
NAME = re.compile(r"[0-9a-zA-Z](?:[ _.-]?[0-9a-zA-Z]){0,99}")
MAX_NAME = 100
MAX_DESCRIPTION = 200


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
        self._deletions = Deletions(metadata, adapters, settings, clock)

    async def create(  # noqa: PLR0913 # the attributes of the record
        self,
        name: str,
        *,
        description: str | None = None,
        embedding_model: str | None = None,
        dimensions: int | None = None,
        vector_store: str | None = None,
        adopts: Adopted | None = None,
        declared: Mapping[str, Any] | None = None,
        base_id: str | None = None,
    ) -> KnowledgeBase:
        """Make an empty knowledge base and its index; the embedding model is asked for its dimensions.

        With `base_id` it may be called again, after a crash too: the knowledge base of that id is given, made once.

        Raises:
            Invalid: The name, the description, the model or the vector store.
            Conflict: The name is taken.
        """
        if base_id is not None and (made := await self._made(base_id)) is not None:
            return await self._opened(made)
        _check_words(name, description)
        model = embedding_model or self._settings.embedding_model
        new_id, now = base_id or self._new_id(), self._clock()
        base = KnowledgeBase(
            id=new_id,
            created_at=now,
            updated_at=now,
            name=name,
            description=description,
            embedding_model=model,
            dimensions=await self._dimensions(model, dimensions),
            index=f"kb-{new_id.lower()}",
            vector_store=self._usable(vector_store or self._settings.vector_store),
            adopts=adopts,
            status="CREATING",
            declared=dict(declared or {}),
        )
        base = await self._put_new(base)  # first, so that a crash leaves something that can be seen and deleted
        try:
            return await self._opened(base)
        except BaseException:
            await self._metadata.delete(KnowledgeBase, base.id)
            raise

    async def _made(self, base_id: str) -> KnowledgeBase | None:
        try:
            return await self._metadata.get(KnowledgeBase, base_id)
        except NotFound:
            return None

    async def _opened(self, base: KnowledgeBase) -> KnowledgeBase:
        """The knowledge base with its index, which is made where it is not there."""
        if base.status != "CREATING":
            return base
        store = self._adapters.vector_store(base.vector_store)
        await store.create(base.spec())
        return await self._metadata.put(replace(base, status="ACTIVE"), expect=base.version)

    async def change(self, base: KnowledgeBase) -> KnowledgeBase:
        """Keep a knowledge base with another name, description or `declared`.

        Raises:
            Invalid: The name or the description.
            Conflict: The name is taken; or it is not ACTIVE, or changed since it was read.
        """
        _check_words(base.name, base.description)
        if base.status != "ACTIVE":
            raise Conflict(f"The knowledge base {base.name} is {base.status}; only an ACTIVE one can be changed.")
        page = await self._metadata.page(KnowledgeBase, equals("name", base.name), None, 1)
        if any(other.id != base.id for other in page.records):
            raise Conflict(_taken(base.name))
        return await self._metadata.put(replace(base, updated_at=self._clock()), expect=base.version)

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
        await self._deletions.finish(await self.begin_deletion(await self.get(reference)))

    async def begin_deletion(self, base: KnowledgeBase, source: DataSource | None = None) -> Deletion:
        """Mark a knowledge base, or a data source of it, as DELETING and hold it, for `finish_deletion`.

        Raises:
            Conflict: It is being synced.
        """
        if source is None:
            return await self._deletions.of_base(base, await self.sources(base))
        return await self._deletions.of_source(base, source)

    async def finish_deletion(self, deletion: Deletion) -> None:
        """Remove what `begin_deletion` marked. What fails is DELETE_UNSUCCESSFUL with the reason, and raised."""
        await self._deletions.finish(deletion)

    async def add_source(  # noqa: PLR0913 # the attributes of the record
        self,
        base: KnowledgeBase,
        *,
        name: str,
        kind: str,
        configuration: Mapping[str, Any],
        chunking: Chunking = Chunking(),  # noqa: B008 # frozen
        description: str | None = None,
        deletion_policy: Literal["DELETE", "RETAIN"] = "DELETE",
        declared: Mapping[str, Any] | None = None,
        source_id: str | None = None,
    ) -> DataSource:
        """Add a data source; nothing is read before its first sync.

        With `source_id` it may be called again: the data source of that id is given, made once.

        Raises:
            Invalid: The name, the kind, the configuration or the chunking.
            Conflict: The knowledge base is being deleted.
        """
        now = self._clock()
        source = DataSource(
            id=source_id or self._new_id(),
            created_at=now,
            updated_at=now,
            knowledge_base_id=base.id,
            name=name,
            kind=kind,
            configuration=dict(configuration),
            chunking=chunking,
            description=description,
            deletion_policy=deletion_policy,
            declared=dict(declared or {}),
        )
        self._check_source(base, source)
        async with self._metadata.transaction() as inside:
            if (await inside.get(KnowledgeBase, base.id)).status != "ACTIVE":
                raise Conflict(f"The knowledge base {base.name} is not ACTIVE.")
            try:
                return await inside.get(DataSource, source.id)
            except NotFound:
                return await inside.put(source, expect=0)

    async def change_source(self, base: KnowledgeBase, source: DataSource) -> DataSource:
        """Keep a data source with other attributes; the next sync goes by them.

        Raises:
            Invalid: The name, the configuration or the chunking.
            Conflict: It is being deleted, or changed since it was read.
        """
        self._check_source(base, source)
        if source.status != "AVAILABLE":
            raise Conflict(f"The data source {source.name} is {source.status}; only an AVAILABLE one can be changed.")
        return await self._metadata.put(replace(source, updated_at=self._clock()), expect=source.version)

    async def source(self, base: KnowledgeBase, source_id: str) -> DataSource:
        """The data source of a knowledge base with this id. Raises NotFound."""
        source = await self._metadata.get(DataSource, source_id)
        if source.knowledge_base_id != base.id:
            raise NotFound(f"The knowledge base {base.id} has no data source {source_id}.")
        return source

    def _check_source(self, base: KnowledgeBase, source: DataSource) -> None:
        """Raise Invalid unless a sync could begin with a data source."""
        if not 1 <= len(source.name) <= MAX_NAME or not source.name.isprintable():
            raise Invalid(f"A data source is named with 1 to {MAX_NAME} printable characters.")
        _check_description(source.description)
        place_of(source, self._metadata, self._adapters)
        self._adapters.chunker(source.chunking, self._adapters.embedder(base.embedding_model))

    async def sources(self, base: KnowledgeBase) -> Sequence[DataSource]:
        """The data sources of a knowledge base, oldest first."""
        return [source async for source in every(self._metadata, DataSource, equals("knowledge_base_id", base.id))]

    async def delete_source(self, base: KnowledgeBase, source: DataSource) -> None:
        """Remove a data source with its jobs and documents; its points too, unless its deletion policy is RETAIN.

        Raises:
            Conflict: It is being synced.
        """
        await self._deletions.finish(await self._deletions.of_source(base, source))

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

    async def _dimensions(self, model: str, wanted: int | None) -> int:
        """The length of a model's vectors, as it really gives them. Raises Invalid where another one is wanted."""
        embedder = self._adapters.embedder(model)
        vectors = await embedder.embed(["What is this knowledge base about?"], "document")
        if vectors.ndim != 2 or vectors.shape[0] != 1 or not vectors.shape[1]:  # noqa: PLR2004 # rows and columns
            raise ModelFailed(f"The embedding model {model} gave no vector for a sentence.")
        if wanted not in (None, vectors.shape[1]):
            raise Invalid(f"The embedding model {model} gives vectors of {vectors.shape[1]} numbers, not of {wanted}.")
        return int(vectors.shape[1])

    def _usable(self, store: str) -> str:
        """The name of a vector store that can be opened. Raises Invalid."""
        self._adapters.vector_store(store)
        return store

    async def _put_new(self, base: KnowledgeBase) -> KnowledgeBase:
        page = await self._metadata.page(KnowledgeBase, equals("name", base.name), None, 1)
        taken = _taken(base.name)
        if page.records:
            status = page.records[0].status
            raise Conflict(taken if status == "ACTIVE" else f"{taken} It is {status}: delete it first.")
        try:
            return await self._metadata.put(base, expect=0)
        except Conflict as error:  # someone else was a moment faster
            raise Conflict(taken) from error


def _taken(name: str) -> str:
    return f"There is a knowledge base {name!r} already."


def _check_description(description: str | None) -> None:
    if description is not None and not 1 <= len(description) <= MAX_DESCRIPTION:
        raise Invalid(f"A description has 1 to {MAX_DESCRIPTION} characters.")


def _check_words(name: str, description: str | None) -> None:
    """Raise Invalid unless a knowledge base may have this name and description."""
    _check_description(description)
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        rule = "letters and digits, with single spaces, dots, dashes or underscores between them"
        raise Invalid(f"A knowledge base is named with 1 to {MAX_NAME} {rule}; {name!r:.120} is not.")
