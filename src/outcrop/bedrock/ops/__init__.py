"""The operations that are offered, one module a resource; importing this package fills the table."""

from outcrop.bedrock.ops import agentic, generate_query, knowledge_base_retrieval, rerank

__all__ = ["agentic", "generate_query", "knowledge_base_retrieval", "rerank"]
