"""The routes of ingestion jobs: how far they are, started at once, and when data sources are synced by themselves."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from outcrop.api.routes import enter, services_of
from outcrop.api.shapes import Wire
from outcrop.core.records import DataSource, IngestionJob, SyncOptions
from outcrop.ingest.timetable import Timetable

router = APIRouter(prefix="/api", dependencies=[Depends(enter)])


class PaceOut(BaseModel):
    """How fast a job is that runs; `seconds_left` once all is listed."""

    documents: int
    documents_per_second: float
    chunks_per_second: float
    seconds_left: float | None


class JobOut(BaseModel):
    """An ingestion job."""

    id: str
    data_source_id: str
    status: str
    description: str | None
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    resumed: int
    statistics: dict[str, int]
    pace: PaceOut | None
    failure_reasons: list[str]

    @classmethod
    def of(cls, job: IngestionJob) -> JobOut:
        """What is shown of a job."""
        return cls(
            id=job.id,
            data_source_id=job.data_source_id,
            status=job.status,
            description=job.description,
            started_at=job.created_at,
            updated_at=job.updated_at,
            finished_at=job.finished_at,
            resumed=job.resumed,
            statistics=asdict(job.statistics),
            pace=PaceOut(**asdict(job.pace)) if job.pace is not None else None,
            failure_reasons=list(job.failure_reasons),
        )


class JobsOut(BaseModel):
    """Ingestion jobs, the newest first."""

    jobs: list[JobOut]


class SyncIn(Wire):
    """What is to be synced, and how."""

    data_source_id: str | None = Field(None, max_length=100, description="One data source; all when left out.")
    allow_empty: bool = False
    allow_deletions: bool = False
    check: bool = False


class SourceIn(Wire):
    """What is to be changed of a data source; what is left out stays."""

    schedule: str | None = Field(None, max_length=200, description="never, every 1h, or cron's five fields in UTC.")
    deletion_limit: int | None = Field(None, ge=0, le=100, description="Per cent; null for none.")


class SourceOut(BaseModel):
    """A data source, and when it is synced next by itself."""

    id: str
    name: str
    kind: str
    status: str
    schedule: str
    next_sync_at: datetime | None
    deletion_limit: int | None


@router.get("/knowledge-bases/{reference}/jobs")
async def list_jobs(request: Request, reference: str, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> JobsOut:
    """The ingestion jobs of a knowledge base, the newest first, with the progress of those that run."""
    services = services_of(request)
    base = await services.knowledge_bases.get(reference)
    sources = await services.knowledge_bases.sources(base)
    found = [job for source in sources for job in await services.jobs.of(source)]
    newest = sorted(found, key=lambda job: (job.created_at, job.id), reverse=True)[:limit]
    return JobsOut(jobs=[JobOut.of(job) for job in newest])


@router.post("/knowledge-bases/{reference}/sync", status_code=202)
async def start_jobs(request: Request, reference: str, body: SyncIn) -> JobsOut:
    """Sync one data source, or all, now."""
    services = services_of(request)
    base = await services.knowledge_bases.get(reference)
    if body.data_source_id is not None:
        sources = [await services.knowledge_bases.source(base, body.data_source_id)]
    else:
        sources = list(await services.knowledge_bases.sources(base))
    options = SyncOptions(allow_empty=body.allow_empty, allow_deletions=body.allow_deletions, check=body.check)
    return JobsOut(jobs=[JobOut.of(await services.jobs.start(base, source, options)) for source in sources])


@router.get("/knowledge-bases/{reference}/sources")
async def list_sources(request: Request, reference: str) -> list[SourceOut]:
    """The data sources of a knowledge base, and when each is synced next by itself."""
    services = services_of(request)
    base = await services.knowledge_bases.get(reference)
    return [await _shown(request, source) for source in await services.knowledge_bases.sources(base)]


@router.patch("/knowledge-bases/{reference}/sources/{source_id}")
async def change_source(request: Request, reference: str, source_id: str, body: SourceIn) -> SourceOut:
    """Change when a data source is synced by itself, and how much of it a sync may delete."""
    services = services_of(request)
    base = await services.knowledge_bases.get(reference)
    source = await services.knowledge_bases.source(base, source_id)
    if body.schedule is not None:
        source = replace(source, schedule=body.schedule)
    if "deletion_limit" in body.model_fields_set:
        source = replace(source, deletion_limit=body.deletion_limit)
    return await _shown(request, await services.knowledge_bases.change_source(base, source))


async def _shown(request: Request, source: DataSource) -> SourceOut:
    services = services_of(request)
    timetable = Timetable(services.metadata, services.knowledge_bases, services.syncs.means().clock)
    return SourceOut(
        id=source.id,
        name=source.name,
        kind=source.kind,
        status=source.status,
        schedule=source.schedule,
        next_sync_at=await timetable.next(source),
        deletion_limit=source.deletion_limit,
    )
