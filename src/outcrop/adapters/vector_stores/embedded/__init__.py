"""The embedded vector store: a folder of files, no server, used by many processes of one machine at once."""

from outcrop.adapters.vector_stores.embedded.store import EmbeddedVectorStore, open_store

__all__ = ["EmbeddedVectorStore", "open_store"]
