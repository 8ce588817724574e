"""What there is of a document: what it is to be, and what is indexed of it, as one state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from outcrop.core.errors import Invalid, NotFound
from outcrop.core.filters import equals
from outcrop.core.protocols import MetadataStore
from outcrop.core.records import DataSource, Deposit, DepositStatus, Document, DocumentStatus
from outcrop.ingest.deposits import UNFINISHED, deposit_of
from outcrop.ingest.steps import id_at

DEPOSITS, DOCUMENTS = "d", "i"  # the two parts of a list, as its tokens begin


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A document by its address; NOT_FOUND where there is neither a deposit nor a record of it."""

    uri: str
    status: DepositStatus | DocumentStatus | Literal["NOT_FOUND"]
    reason: str | None = None
    updated_at: datetime | None = None
    deposit: Deposit | None = None
    document: Document | None = None


def state_of(uri: str, deposit: Deposit | None, document: Document | None) -> State:
    """The state: that of the deposit while it is not done, and where it failed later than the record was written."""
    if deposit is not None and _speaks(deposit, document):
        status, reason, updated_at = deposit.status, deposit.reason, deposit.updated_at
        return State(uri=uri, status=status, reason=reason, updated_at=updated_at, deposit=deposit, document=document)
    if document is None:
        return State(uri=uri, status="NOT_FOUND", deposit=deposit)
    return State(
        uri=uri,
        status=document.status,
        reason=document.reason,
        updated_at=document.updated_at,
        deposit=deposit,
        document=document,
    )


def _speaks(deposit: Deposit, document: Document | None) -> bool:
    """Whether a deposit's own status is the latest word."""
    if deposit.status in UNFINISHED:
        return True
    return deposit.status != "KEPT" and (document is None or document.updated_at <= deposit.updated_at)


async def state_at(metadata: MetadataStore, source: DataSource, uri: str) -> State:
    """What there is at an address of a data source."""
    name = id_at(source.id, uri)
    return state_of(uri, await deposit_of(metadata, name), await document_of(metadata, name))


async def document_of(metadata: MetadataStore, id: str) -> Document | None:
    """The record of a document, if there is one."""
    try:
        return await metadata.get(Document, id)
    except NotFound:
        return None


async def states_after(
    metadata: MetadataStore, source: DataSource, after: str | None, limit: int
) -> tuple[Sequence[State], str | None]:
    """A page of a data source's documents, and the token of the next: the deposits, then what has none.

    Raises Invalid for a token that is none.
    """
    part, token = (DEPOSITS, None) if after is None else (after[:1], after[1:] or None)
    if part not in (DEPOSITS, DOCUMENTS):
        raise Invalid("This is no page token of this list; leave it out to begin at the start.")
    found: list[State] = []
    if part == DEPOSITS:
        page = await metadata.page(Deposit, equals("data_source_id", source.id), token, limit)
        found = [state_of(one.uri, one, await document_of(metadata, one.id)) for one in page.records]
        if page.after is not None:
            return found, DEPOSITS + page.after
        token = None
    return await _with_documents(metadata, source, found, token, limit)


async def _with_documents(
    metadata: MetadataStore, source: DataSource, found: list[State], token: str | None, limit: int
) -> tuple[Sequence[State], str | None]:
    """The page filled with documents that were never handed over by themselves."""
    while len(found) < limit:
        page = await metadata.page(Document, equals("data_source_id", source.id), token, limit - len(found))
        found += [state async for state in _without_deposit(metadata, page.records)]
        if page.after is None:
            return found, None
        token = page.after
    return found, DOCUMENTS + (token or "")


async def _without_deposit(metadata: MetadataStore, documents: Sequence[Document]) -> AsyncIterator[State]:
    for document in documents:
        if await deposit_of(metadata, document.id) is None:
            yield state_of(document.uri, None, document)
