"""The store in Qdrant: a server, or its local mode in a folder."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from outcrop.core.errors import MissingDependency
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore

if TYPE_CHECKING:
    from outcrop.adapters.vector_stores.qdrant.store import QdrantStore


def open_store(settings: Settings, store: NamedStore) -> QdrantStore:
    """The store that a table of the kind `qdrant` sets up.

    Raises:
        MissingDependency: qdrant-client is not installed.
        Invalid: A key of the table is wrong.
    """
    if find_spec("qdrant_client") is None:
        raise MissingDependency("Qdrant needs its client. Install it with: pip install 'outcrop[qdrant]'")
    from outcrop.adapters.vector_stores.qdrant import store as opened

    return opened.open_store(settings, store)
