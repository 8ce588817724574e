"""The operations that are offered, one module a resource; importing this package fills the table."""

from outcrop.bedrock.ops import data_sources, documents, ingestion_jobs, knowledge_base_retrieval, knowledge_bases, tags

__all__ = ["data_sources", "documents", "ingestion_jobs", "knowledge_base_retrieval", "knowledge_bases", "tags"]
