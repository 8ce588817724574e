"""The routes of the native API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import APIRouter, Depends, HTTPException, Query, Request

from outcrop.api.events import AnswerStream
from outcrop.api.shapes import (
    AskIn,
    DocumentOut,
    DocumentsOut,
    HitOut,
    KnowledgeBaseOut,
    KnowledgeBasesOut,
    RetrieveIn,
    RetrieveOut,
    StepOut,
)
from outcrop.core import filters
from outcrop.core.answers import AskRequest, RetrieveRequest
from outcrop.core.records import Document, DocumentStatus
from outcrop.web.gate import CALLER, authorised

if TYPE_CHECKING:
    from outcrop.services import Services


def services_of(request: Request) -> Services:
    """The services of the application that answers a request."""
    return cast("Services", request.app.state.services)


def enter(request: Request) -> None:
    """Let in whoever holds the console's token."""
    if not authorised(request.scope, services_of(request).console):
        raise HTTPException(401, UNAUTHORISED, {"WWW-Authenticate": "Bearer"})


UNAUTHORISED = "Open the address that `outcrop up` printed, or send its token as `Authorization: Bearer`."

router = APIRouter(prefix="/api", dependencies=[Depends(enter)])


@router.get("/knowledge-bases")
async def list_knowledge_bases(request: Request) -> KnowledgeBasesOut:
    """Every knowledge base."""
    services = services_of(request)
    found = await services.knowledge_bases.list()
    return KnowledgeBasesOut(
        knowledge_bases=[KnowledgeBaseOut.of(base) for base in found], model=services.settings.model
    )


@router.post("/knowledge-bases/{reference}/retrieve")
async def retrieve(request: Request, reference: str, body: RetrieveIn) -> RetrieveOut:
    """The passages that are nearest to a question."""
    services = services_of(request)
    base = await services.knowledge_bases.get(reference)
    where = filters.from_json(body.filter) if body.filter is not None else None
    asked = RetrieveRequest(question=body.question, limit=body.limit, mode=body.mode, where=where)
    found = await services.answers.retrieve(base, asked)
    return RetrieveOut(
        question=found.question,
        hits=[HitOut.of(hit) for hit in found.hits],
        trace=[StepOut.of(span) for span in found.trace],
    )


@router.post("/knowledge-bases/{reference}/ask", status_code=200, response_class=AnswerStream, response_model=None)
async def ask(request: Request, reference: str, body: AskIn) -> AnswerStream:
    """The answer to a question as server-sent events: `text`, `citation`, `final`, or `error`."""
    services = services_of(request)
    base = await services.knowledge_bases.get(reference)
    where = filters.from_json(body.filter) if body.filter is not None else None
    asked = AskRequest(question=body.question, caller=CALLER, session_id=body.session_id, mode=body.mode, where=where)
    return AnswerStream(services.answers.ask(base, asked))


@router.get("/knowledge-bases/{reference}/documents")
async def list_documents(
    request: Request,
    reference: str,
    status: DocumentStatus | None = None,
    after: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> DocumentsOut:
    """The documents of a knowledge base, and what became of each."""
    services = services_of(request)
    base = await services.knowledge_bases.get(reference)
    by_status = filters.equals("status", status) if status else None
    where = filters.all_of(filters.equals("knowledge_base_id", base.id), by_status)
    page = await services.metadata.page(Document, where, after, limit)
    return DocumentsOut(documents=[DocumentOut.of(document) for document in page.records], next=page.after)
