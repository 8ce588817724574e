"""The connections to Redis, and the server's errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from outcrop.adapters.vector_stores.redis.options import RedisOptions
from outcrop.core.errors import Denied, Invalid, OutcropError, TimedOut, Unavailable


def connected(name: str, address: str, options: RedisOptions) -> Any:
    """A client that opens connections as they are needed. Raises Invalid where the address is none of Redis."""
    try:
        pool = BlockingConnectionPool.from_url(
            address,
            max_connections=options.connections,
            timeout=options.timeout,
            socket_timeout=options.timeout,
            socket_connect_timeout=options.timeout,
            protocol=2,
            retry=Retry(NoBackoff(), 1),  # a connection that the server closed meanwhile is opened again
            health_check_interval=30,
        )
    except ValueError as error:  # its text may hold a password
        raise Invalid(f"[vector_stores.{name}]: the address is not one of Redis: redis://host:6379/0.") from error
    return Redis(connection_pool=pool)  # as Any: its types leave open whether texts come as bytes


_KINDS: tuple[tuple[Any, type[OutcropError], str], ...] = (
    (
        (exceptions.AuthenticationError, exceptions.AuthorizationError, exceptions.NoPermissionError),
        Denied,
        "refuses the credentials",
    ),
    (exceptions.TimeoutError, TimedOut, "did not answer in time"),
    ((exceptions.OutOfMemoryError, exceptions.ReadOnlyError), Unavailable, "takes no more data"),
    (exceptions.BusyLoadingError, Unavailable, "is starting"),
    (exceptions.ConnectionError, Unavailable, "cannot be reached"),
    (exceptions.ResponseError, OutcropError, "rejects a command"),
    (exceptions.RedisError, Unavailable, "failed"),
)


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Tell Redis's errors in our words; what a reply holds is not repeated, as it may quote data."""
    try:
        yield
    except exceptions.RedisError as error:
        for kinds, ours, what in _KINDS:
            if isinstance(error, kinds):
                raise ours(f"The vector store {name} (Redis) {what}.") from error
        raise
