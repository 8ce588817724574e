"""Knowledge bases, data sources and ingestion jobs as Bedrock shows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from outcrop.bedrock import chunking, schedules, sources
from outcrop.bedrock.arns import ROLE, arn, model_arn
from outcrop.core.records import DataSource, IngestionJob, KnowledgeBase
from outcrop.models.catalog import embedding_id

KNOWLEDGE_BASE = "knowledge-base"  # in ARNs
MAX_REASON = 2048  # characters


def knowledge_base(base: KnowledgeBase) -> dict[str, Any]:
    """A KnowledgeBase. One that was not made through this surface has a role and a model ARN that stand for it."""
    vector = {"embeddingModelArn": model_arn(_model_id(base.embedding_model))}
    usual = {"type": "VECTOR", "vectorKnowledgeBaseConfiguration": vector}
    return {
        **knowledge_base_summary(base),
        "knowledgeBaseArn": arn(KNOWLEDGE_BASE, base.id),
        "roleArn": base.declared.get("roleArn", ROLE),
        "knowledgeBaseConfiguration": base.declared.get("knowledgeBaseConfiguration", usual),
        "storageConfiguration": base.declared.get("storageConfiguration"),
        "createdAt": base.created_at,
        "failureReasons": reasons(base.failure_reasons),
    }


def knowledge_base_summary(base: KnowledgeBase) -> dict[str, Any]:
    """A KnowledgeBaseSummary."""
    return {
        "knowledgeBaseId": base.id,
        "name": name(base.name),
        "description": base.description,
        "status": base.status,
        "updatedAt": base.updated_at,
    }


def data_source(source: DataSource) -> dict[str, Any]:
    """A DataSource."""
    return {
        **data_source_summary(source),
        "dataSourceConfiguration": schedules.shown(source, sources.configuration_of(source)),
        "vectorIngestionConfiguration": chunking.configuration_of(source.chunking),
        "dataDeletionPolicy": source.deletion_policy,
        "createdAt": source.created_at,
        "failureReasons": reasons(source.failure_reasons),
    }


def data_source_summary(source: DataSource) -> dict[str, Any]:
    """A DataSourceSummary."""
    return {
        "knowledgeBaseId": source.knowledge_base_id,
        "dataSourceId": source.id,
        "name": name(source.name),
        "description": source.description,
        "status": source.status,
        "updatedAt": source.updated_at,
    }


def ingestion_job(job: IngestionJob) -> dict[str, Any]:
    """An IngestionJob."""
    return {**ingestion_job_summary(job), "failureReasons": reasons(job.failure_reasons)}


def ingestion_job_summary(job: IngestionJob) -> dict[str, Any]:
    """An IngestionJobSummary."""
    done = job.statistics
    return {
        "knowledgeBaseId": job.knowledge_base_id,
        "dataSourceId": job.data_source_id,
        "ingestionJobId": job.id,
        "description": job.description,
        "status": job.status,
        "statistics": {
            "numberOfDocumentsScanned": done.scanned,
            "numberOfMetadataDocumentsScanned": done.metadata_scanned,
            "numberOfNewDocumentsIndexed": done.indexed,
            "numberOfModifiedDocumentsIndexed": done.modified,
            "numberOfMetadataDocumentsModified": done.metadata_modified,
            "numberOfDocumentsDeleted": done.deleted,
            "numberOfDocumentsFailed": done.failed,
            "numberOfDocumentsSkipped": done.ignored,
        },
        "startedAt": job.created_at,
        "updatedAt": job.updated_at,
    }


def name(given: str) -> str:
    """A name in the characters that Bedrock allows: names that were given elsewhere may have others."""
    return re.sub(r"[^0-9a-zA-Z_]+|(?<=[_-])[_-]+", "-", given).strip("-_") or "unnamed"


def _model_id(model: str) -> str:
    """The id of an embedding model that is named by its id, which has a dot before its first colon, or by a target."""
    return model if "." in model.partition(":")[0] else embedding_id(model)


def reasons(given: Sequence[str]) -> list[str] | None:
    """Failure reasons in the length that Bedrock allows; None where there are none."""
    return [one[:MAX_REASON] for one in given] or None
