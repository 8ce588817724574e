"""Records what is handed over, its content first, so that nothing that was taken in is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from outcrop.core.errors import Conflict, Invalid
from outcrop.core.filters import Metadata
from outcrop.core.records import CUSTOM, DataSource, Deposit, Elsewhere, KnowledgeBase
from outcrop.core.sidecars import checked_metadata
from outcrop.ingest.deposits import Keeping, deposit_of
from outcrop.ingest.means import Means
from outcrop.ingest.states import State, state_at, state_of
from outcrop.ingest.steps import id_at

MAX_ADDRESS = 4096  # characters
PLAIN = "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectDocument:
    """A document to be put into a data source.

    `uri` is its address there, by which it is found again: in a custom data source `core.addresses.custom_uri` of
    whatever id its owner gives it. `data` is its content (text, or bytes with their media type), or `content_at` where
    it is to be fetched from; in any data source but a custom one both are left out, since the source itself has it.
    `name` is a file's name, where the address ends in none. `metadata` left out is what `metadata_at` holds (in the
    form of Bedrock's metadata files), or else what the data source has beside the document.
    """

    uri: str
    data: str | bytes | None = None
    content_at: Elsewhere | None = None
    media_type: str = ""
    name: str | None = None
    metadata: Metadata | None = None
    metadata_at: Elsewhere | None = None


class Receiving:
    """Writes deposits."""

    def __init__(self, means: Means, keeping: Keeping) -> None:
        self._means = means
        self._keeping = keeping

    async def take(self, source: DataSource, document: DirectDocument) -> Deposit:
        """Record a document as handed over; the content that it replaces is given up."""
        before = await deposit_of(self._means.metadata, id_at(source.id, document.uri))
        deposit = self._deposit(source, document, before)
        if document.data is None:  # until another content is fetched, the one of before stays
            held = (before.blob, before.size) if before is not None else ("", 0)
            return await self._means.metadata.put(replace(deposit, blob=held[0], size=held[1]))
        content = document.data.encode() if isinstance(document.data, str) else document.data
        async with self._keeping.keep(content) as key:
            kept = await self._means.metadata.put(replace(deposit, blob=key, size=len(content)))
        if before is not None and before.blob != key:
            await self._keeping.release(before.blob)
        return kept

    async def give_up(self, source: DataSource, uri: str) -> State:
        """Record that a document is to be deleted; its state then."""
        state = await state_at(self._means.metadata, source, uri)
        if state.status == "NOT_FOUND":
            return state
        deposit = state.deposit or self._deposit(source, DirectDocument(uri=uri), None)
        leaving = replace(deposit, status="DELETING", reason=None, updated_at=self._means.clock())
        return state_of(uri, await self._means.metadata.put(leaving), state.document)

    def _deposit(self, source: DataSource, document: DirectDocument, before: Deposit | None) -> Deposit:
        now = self._means.clock()
        media_type = document.media_type or (PLAIN if isinstance(document.data, str) else "")
        name = document.name or document.uri
        return Deposit(
            id=id_at(source.id, document.uri),
            created_at=before.created_at if before is not None else now,
            updated_at=now,
            knowledge_base_id=source.knowledge_base_id,
            data_source_id=source.id,
            uri=document.uri,
            name=self._means.adapters.reader().named(name, media_type) if media_type else name,
            media_type=media_type,
            content_at=document.content_at,
            metadata=_metadata(document, before),
            embedded=before.embedded if before is not None and document.metadata_at is not None else (),
            metadata_at=document.metadata_at,
            own_metadata=document.metadata is not None or document.metadata_at is not None,
        )


def _metadata(document: DirectDocument, before: Deposit | None) -> Metadata:
    """The metadata of a document: until it is fetched, where it is elsewhere, that of before."""
    if document.metadata is None and document.metadata_at is not None and before is not None:
        return before.metadata
    return checked_metadata(document.metadata or {})


def check_open(base: KnowledgeBase, source: DataSource) -> None:
    """Raise Conflict for a data source that is being deleted, Invalid for one of another knowledge base."""
    if source.knowledge_base_id != base.id:
        raise Invalid(f"The data source {source.id} is none of the knowledge base {base.id}.")
    if base.status != "ACTIVE" or source.status != "AVAILABLE":
        raise Conflict(f"{base.name} is {base.status} and its data source {source.name} {source.status}.")


def check_documents(source: DataSource, documents: Sequence[DirectDocument]) -> None:
    """Raise Invalid for what cannot be taken into a data source."""
    for document in documents:
        if not 1 <= len(document.uri) <= MAX_ADDRESS:
            raise Invalid(f"A document's id has 1 to {MAX_ADDRESS} characters.")
        if source.kind == CUSTOM and bool(document.data) == bool(document.content_at):
            raise Invalid(f"The document {document.uri!r:.200} needs one content, which is not empty.")
        if source.kind != CUSTOM and (document.data is not None or document.content_at is not None):
            message = f"The data source {source.name} has its documents itself; only a custom one is given content."
            raise Invalid(message)
        try:
            checked_metadata(document.metadata or {})
        except ValueError as error:
            raise Invalid(f"The metadata of the document {document.uri!r:.200} cannot be used: {error}.") from error
    if len({document.uri for document in documents}) < len(documents):
        raise Invalid("A document is given twice; name each once.")
