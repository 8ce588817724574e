"""StartIngestionJob, GetIngestionJob, ListIngestionJobs, StopIngestionJob."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from outcrop.bedrock import resources
from outcrop.bedrock.ops.data_sources import found
from outcrop.bedrock.ops.knowledge_bases import AGENT, DEFAULT_PAGE
from outcrop.bedrock.paging import cursor_of, next_cursor
from outcrop.bedrock.table import Call, op
from outcrop.core.records import IngestionJob

NEWEST_FIRST: Mapping[str, str] = {"attribute": "STARTED_AT", "order": "DESCENDING"}


@op(AGENT, "StartIngestionJob")
async def start_ingestion_job(
    call: Call, *, knowledgeBaseId: str, dataSourceId: str, description: str | None = None
) -> dict[str, Any]:
    """Begin to bring the index in step with a data source."""
    base, source = await found(call, knowledgeBaseId, dataSourceId)
    job = await call.services.jobs.start(base, source, description=description, job_id=call.resource_id)
    return {"ingestionJob": resources.ingestion_job(job)}


@op(AGENT, "GetIngestionJob")
async def get_ingestion_job(
    call: Call, *, knowledgeBaseId: str, dataSourceId: str, ingestionJobId: str
) -> dict[str, Any]:
    """One ingestion job, and how far it is."""
    _, source = await found(call, knowledgeBaseId, dataSourceId)
    return {"ingestionJob": resources.ingestion_job(await call.services.jobs.get(source, ingestionJobId))}


@op(AGENT, "ListIngestionJobs", accepts=("filters.**", "sortBy.**"))
async def list_ingestion_jobs(
    call: Call,
    *,
    knowledgeBaseId: str,
    dataSourceId: str,
    filters: Sequence[Mapping[str, Any]] = (),
    sortBy: Mapping[str, str] = NEWEST_FIRST,
    maxResults: int = DEFAULT_PAGE,
    nextToken: str | None = None,
) -> dict[str, Any]:
    """The ingestion jobs of a data source, the newest first unless sorted otherwise."""
    _, source = await found(call, knowledgeBaseId, dataSourceId)
    bound = (source.id, filters, sortBy)
    after = cursor_of(nextToken, *bound)
    descending = sortBy["order"] == "DESCENDING"
    wanted = {value for one in filters for value in one["values"]} if filters else None
    jobs = [job for job in await call.services.jobs.of(source) if wanted is None or job.status in wanted]
    keyed = sorted(((_key(job, sortBy["attribute"]), job) for job in jobs), key=lambda one: one[0], reverse=descending)
    rest = [one for one in keyed if after is None or (one[0] < after if descending else one[0] > after)]
    page = rest[:maxResults]
    return {
        "ingestionJobSummaries": [resources.ingestion_job_summary(job) for _, job in page],
        "nextToken": next_cursor(page[-1][0], *bound) if len(rest) > len(page) else None,
    }


@op(AGENT, "StopIngestionJob")
async def stop_ingestion_job(
    call: Call, *, knowledgeBaseId: str, dataSourceId: str, ingestionJobId: str
) -> dict[str, Any]:
    """Ask an ingestion job to stop: it is STOPPING, and soon STOPPED."""
    _, source = await found(call, knowledgeBaseId, dataSourceId)
    return {"ingestionJob": resources.ingestion_job(await call.services.jobs.stop(source, ingestionJobId))}


def _key(job: IngestionJob, attribute: str) -> list[str]:
    """What a job is sorted by; the rest of it makes the order the same each time."""
    started = [f"{job.created_at:%Y-%m-%dT%H:%M:%S.%f}", job.id]
    return [job.status, *started] if attribute == "STATUS" else started
