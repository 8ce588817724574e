"""The store in PostgreSQL with pgvector."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from outcrop.core.errors import MissingDependency
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore

if TYPE_CHECKING:
    from outcrop.adapters.vector_stores.pgvector.store import PgvectorStore


def open_store(settings: Settings, store: NamedStore) -> PgvectorStore:
    """The store that a table of the kind `pgvector` sets up.

    Raises:
        MissingDependency: psycopg is not installed.
        Invalid: A key of the table is wrong.
    """
    if find_spec("psycopg") is None or find_spec("psycopg_pool") is None:
        raise MissingDependency("PostgreSQL needs psycopg. Install it with: pip install 'outcrop[postgres]'")
    from outcrop.adapters.vector_stores.pgvector import store as opened

    return opened.open_store(settings, store)
