"""The operations that are offered, one module a resource; importing this package fills the table."""

from outcrop.bedrock.ops import (
    inference_profiles,
    knowledge_base_retrieval,
    models_catalog,
    models_converse,
    models_invoke,
)

__all__ = [
    "inference_profiles",
    "knowledge_base_retrieval",
    "models_catalog",
    "models_converse",
    "models_invoke",
]
