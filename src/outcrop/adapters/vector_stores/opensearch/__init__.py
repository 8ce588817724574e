"""The store in OpenSearch: a cluster of one's own, a managed one, or Serverless."""

from outcrop.adapters.vector_stores.opensearch.store import open_store

__all__ = ["open_store"]
