"""The operations that are offered, one module a resource; importing this package fills the table."""

from outcrop.bedrock.ops import knowledge_base_retrieval

__all__ = ["knowledge_base_retrieval"]
