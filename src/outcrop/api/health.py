"""Whether the process is up, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from outcrop.api.routes import services_of
from outcrop.api.shapes import HealthOut
from outcrop.core.errors import IndexMissing, OutcropError
from outcrop.core.protocols import VectorStore
from outcrop.core.records import KnowledgeBase

router = APIRouter()


@router.get("/health")
async def health() -> HealthOut:
    """The process is up."""
    return HealthOut(status="ok")


@router.get("/ready")
async def ready(request: Request, response: Response) -> HealthOut:
    """Whether the metadata can be read and every vector store opened; 503 with a reason where not."""
    services = services_of(request)
    opened: set[str] = set()
    try:
        page = await services.metadata.page(KnowledgeBase, None, None, 500)
        for base in page.records:
            if base.vector_store not in opened:
                await _open(services.adapters.vector_store(base.vector_store), base.index)
                opened.add(base.vector_store)
    except (OutcropError, OSError) as error:
        response.status_code = 503
        return HealthOut(status="unavailable", reason=str(error))
    return HealthOut(status="ok")


async def _open(store: VectorStore, index: str) -> None:
    try:
        await store.count(index)
    except IndexMissing:
        return  # a knowledge base that was never synced is no fault
