"""Reports in the native API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from outcrop.api.jobs import JobOut
from outcrop.api.routes import enter, services_of
from outcrop.core.records import Document
from outcrop.ingest.report import Report, csv_lines, row

AT_ONCE = 500  # rows that are sent together
Job = Annotated[str | None, Query(max_length=100, description="A job's id, or last for the newest.")]


class ReportOut(BaseModel):
    """What was ingested, in numbers; `job` where it is one job's report."""

    knowledge_base: str
    job: JobOut | None
    documents: int
    statuses: Mapping[str, int]
    reasons: Mapping[str, int]
    languages: Mapping[str, int]
    characters: int
    pages: int
    ocr_pages: int
    empty_pages: int
    ocr_share: float | None
    ocr_confidence: float | None
    chunks: int
    tokens: int
    empty_chunks: int
    duplicate_chunks: int
    duplicate_documents: int
    histogram: Mapping[str, int]

    @classmethod
    def of(cls, report: Report) -> ReportOut:
        """What is shown of a report."""
        values = {name: getattr(report, name) for name in cls.model_fields if name != "job"}
        return cls(job=JobOut.of(report.job) if report.job is not None else None, **values)


router = APIRouter(prefix="/api/knowledge-bases/{reference}", dependencies=[Depends(enter)])


@router.get("/report")
async def report(request: Request, reference: str, job: Job = None) -> ReportOut:
    """Numbers on what was ingested: of the knowledge base as it is, or of one job."""
    reports = services_of(request).reports
    base = await services_of(request).knowledge_bases.get(reference)
    found = await reports.job(base, job) if job is not None else None
    return ReportOut.of(await reports.of(base, found))


@router.get("/report/documents/{document}")
async def report_document(request: Request, reference: str, document: str) -> dict[str, Any]:
    """One document of a report, found by its id, address or name, and what to do about it."""
    bases = services_of(request).knowledge_bases
    return row(await bases.document(await bases.get(reference), document))


@router.get("/report.csv", response_class=StreamingResponse)
async def report_csv(request: Request, reference: str, job: Job = None) -> StreamingResponse:
    """The documents of a report, a line each, with the reason where one failed and what to do."""
    reports = services_of(request).reports
    base = await services_of(request).knowledge_bases.get(reference)
    found = await reports.job(base, job) if job is not None else None
    headers = {"content-disposition": 'attachment; filename="report.csv"'}
    lines = _lines(reports.documents(base, found))
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(documents: AsyncIterator[Document]) -> AsyncIterator[str]:
    """The file, some rows at a time."""
    header, some = True, list[Document]()
    async for document in documents:
        some.append(document)
        if len(some) == AT_ONCE:
            yield _text(some, header=header)
            header, some = False, []
    yield _text(some, header=header)


def _text(documents: list[Document], *, header: bool) -> str:
    lines = list(csv_lines(documents))
    return "".join(lines if header else lines[1:])
