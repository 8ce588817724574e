"""The store in Redis: vector sets, or the query engine's FT commands."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from outcrop.core.errors import MissingDependency
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore

if TYPE_CHECKING:
    from outcrop.adapters.vector_stores.redis.store import RedisStore


def open_store(settings: Settings, store: NamedStore) -> RedisStore:
    """The store that a table of the kind `redis` sets up.

    Raises:
        MissingDependency: The client of Redis is not installed.
        Invalid: A key of the table is wrong.
    """
    if find_spec("redis") is None:
        raise MissingDependency("Redis needs its client. Install it with: pip install 'outcrop[redis]'")
    from outcrop.adapters.vector_stores.redis import store as opened

    return opened.open_store(settings, store)
