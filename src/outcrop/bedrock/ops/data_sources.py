"""CreateDataSource, GetDataSource, ListDataSources, UpdateDataSource, DeleteDataSource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from outcrop.bedrock import chunking, resources, schedules, sources
from outcrop.bedrock.ops.knowledge_bases import AGENT, DEFAULT_PAGE
from outcrop.bedrock.table import Call, op
from outcrop.core.errors import Conflict
from outcrop.core.filters import all_of, equals
from outcrop.core.records import DataSource, KnowledgeBase
from outcrop.ingest.folders import allowed_file, allowed_folder
from outcrop.jobs.schedules import HOURLY

_FORM = (*sources.ACCEPTED, *schedules.ACCEPTED, *chunking.ACCEPTED)
_IGNORED = {
    "serverSideEncryptionConfiguration.kmsKeyArn": "data is kept on Outcrop's own disk; encrypt that instead.",
}


@op(AGENT, "CreateDataSource", accepts=_FORM, ignores=_IGNORED)
async def create_data_source(
    call: Call,
    *,
    knowledgeBaseId: str,
    name: str,
    dataSourceConfiguration: Mapping[str, Any],
    vectorIngestionConfiguration: Mapping[str, Any] | None = None,
    dataDeletionPolicy: Literal["DELETE", "RETAIN"] = "DELETE",
    description: str | None = None,
) -> dict[str, Any]:
    """Add a data source to a knowledge base; nothing is read before its first ingestion job."""
    base = await call.services.metadata.get(KnowledgeBase, knowledgeBaseId)
    await _check_name(call, base, name)
    kind, configuration = await _place(call, schedules.without(dataSourceConfiguration))
    schedule, limit = schedules.asked(dataSourceConfiguration, HOURLY, None)
    source = await call.services.knowledge_bases.add_source(
        base,
        name=name,
        kind=kind,
        configuration=configuration,
        chunking=chunking.chunking_of(vectorIngestionConfiguration),
        description=description,
        deletion_policy=dataDeletionPolicy,
        schedule=schedule,
        deletion_limit=limit,
        source_id=call.resource_id,
    )
    return {"dataSource": resources.data_source(source)}


@op(AGENT, "GetDataSource")
async def get_data_source(call: Call, *, knowledgeBaseId: str, dataSourceId: str) -> dict[str, Any]:
    """One data source."""
    _, source = await found(call, knowledgeBaseId, dataSourceId)
    return {"dataSource": resources.data_source(source)}


@op(AGENT, "ListDataSources")
async def list_data_sources(
    call: Call, *, knowledgeBaseId: str, maxResults: int = DEFAULT_PAGE, nextToken: str | None = None
) -> dict[str, Any]:
    """The data sources of a knowledge base, oldest first."""
    base = await call.services.metadata.get(KnowledgeBase, knowledgeBaseId)
    where = equals("knowledge_base_id", base.id)
    page = await call.services.metadata.page(DataSource, where, nextToken, maxResults)
    return {
        "dataSourceSummaries": [resources.data_source_summary(source) for source in page.records],
        "nextToken": page.after,
    }


@op(AGENT, "UpdateDataSource", accepts=_FORM, ignores=_IGNORED)
async def update_data_source(
    call: Call,
    *,
    knowledgeBaseId: str,
    dataSourceId: str,
    name: str,
    dataSourceConfiguration: Mapping[str, Any],
    vectorIngestionConfiguration: Mapping[str, Any] | None = None,
    dataDeletionPolicy: Literal["DELETE", "RETAIN"] | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    """Another name, description, place or way of chunking; the next ingestion job goes by them."""
    base, source = await found(call, knowledgeBaseId, dataSourceId)
    if name != resources.name(source.name):
        await _check_name(call, base, name)
        source = replace(source, name=name)
    kind, configuration = await _place(call, schedules.without(dataSourceConfiguration))
    if kind != source.kind:
        raise Conflict("The type of a data source cannot be changed. Make another data source, and delete this one.")
    schedule, limit = schedules.asked(dataSourceConfiguration, source.schedule, source.deletion_limit)
    changed = replace(
        source,
        schedule=schedule,
        deletion_limit=limit,
        configuration=configuration,
        description=description,
        chunking=chunking.chunking_of(vectorIngestionConfiguration) or source.chunking,
        deletion_policy=dataDeletionPolicy or source.deletion_policy,
    )
    return {"dataSource": resources.data_source(await call.services.knowledge_bases.change_source(base, changed))}


@op(AGENT, "DeleteDataSource")
async def delete_data_source(call: Call, *, knowledgeBaseId: str, dataSourceId: str) -> dict[str, Any]:
    """Begin to delete a data source; it is DELETING until it is gone."""
    base, source = await found(call, knowledgeBaseId, dataSourceId)
    await call.services.jobs.delete(base, source)
    return {"knowledgeBaseId": base.id, "dataSourceId": source.id, "status": "DELETING"}


async def found(call: Call, base_id: str, source_id: str) -> tuple[KnowledgeBase, DataSource]:
    """A knowledge base and a data source of it. Raises NotFound."""
    base = await call.services.metadata.get(KnowledgeBase, base_id)
    return base, await call.services.knowledge_bases.source(base, source_id)


async def _check_name(call: Call, base: KnowledgeBase, name: str) -> None:
    """Raise Conflict where another data source of the knowledge base has this name."""
    where = all_of(equals("knowledge_base_id", base.id), equals("name", name))
    page = await call.services.metadata.page(DataSource, where, None, 1)
    if any(other.id != call.resource_id for other in page.records):
        raise Conflict(f"The knowledge base {base.id} has a data source {name} already.")


async def _place(call: Call, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind of data source and its configuration, whose folder or file must be one that may be read."""
    kind, configuration = sources.source_of(given)
    services = call.services
    if kind in ("folder", "git") and isinstance(configuration.get("path"), str):
        configuration["path"] = await allowed_folder(configuration["path"], services.settings, services.metadata)
    if kind == "openapi" and isinstance(configuration.get("file"), str):
        configuration["file"] = await allowed_file(configuration["file"], services.settings, services.metadata)
    return kind, configuration
