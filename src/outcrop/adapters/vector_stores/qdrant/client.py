"""Qdrant's client in threads, and its errors in our words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

import httpx
from grpc import RpcError  # type: ignore[import-untyped]  # ships no types
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from outcrop.adapters.vector_stores.qdrant.options import QdrantOptions
from outcrop.core.errors import Conflict, Denied, IndexBroken, IndexMissing, OutcropError, TimedOut, Unavailable
from outcrop.core.stores import NamedStore

T = TypeVar("T")


class Client:
    """One client for all calls. Local mode takes one call at a time, as its collections are plain Python objects."""

    def __init__(self, store: NamedStore, options: QdrantOptions) -> None:
        self._store = store
        self._options = options
        self._made: QdrantClient | None = None
        self._lock = Lock()
        workers = options.connections if options.path is None else 1
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="outcrop-qdrant")

    @property
    def is_local(self) -> bool:
        """Whether it is local mode."""
        return self._options.path is not None

    async def run(self, work: Callable[[QdrantClient], T]) -> T:
        """What some work with the client gives, done in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, work)

    def _run(self, work: Callable[[QdrantClient], T]) -> T:
        with translated(self._store.name):
            return work(self._opened())

    def _opened(self) -> QdrantClient:
        with self._lock:
            if self._made is None:
                self._made = self._open()
            return self._made

    def _open(self) -> QdrantClient:
        options = self._options
        if options.path is not None:
            return QdrantClient(path=str(options.path), force_disable_check_same_thread=True)
        return QdrantClient(
            url=self._store.address(options),
            api_key=self._store.secret(options.key_variable),
            timeout=max(1, round(options.timeout)),
            prefer_grpc=options.grpc_port is not None,
            grpc_port=options.grpc_port or 6334,
            check_compatibility=False,  # asks the server for its version, and warns
        )

    async def close(self) -> None:
        """Close the client."""
        made, self._made = self._made, None
        if made is not None:
            await asyncio.get_running_loop().run_in_executor(self._threads, made.close)
        self._threads.shutdown(wait=False)


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Tell the client's errors in our words."""
    try:
        yield
    except (ApiException, QdrantException, RpcError, ValueError, RuntimeError) as error:
        raise _translation(name, error) from error


def _translation(name: str, error: Exception) -> OutcropError:
    if isinstance(error, UnexpectedResponse):
        return _of_status(name, error.status_code or 500, error.reason_phrase)
    if isinstance(error, ResponseHandlingException):
        if isinstance(error.source, httpx.TimeoutException):
            return TimedOut(f"The vector store {name} (Qdrant) took longer than its time-out.")
        return Unavailable(f"The vector store {name} (Qdrant) cannot be reached: {error.source}")
    if "already accessed" in str(error):
        return Conflict(f"Another process has the folder of the vector store {name} (Qdrant) open.")
    if isinstance(error, ValueError) and "not found" in str(error):  # local mode's
        return _missing(name)
    return _of_call(name, error)


def _of_call(name: str, error: Exception) -> OutcropError:
    """The error of a call by gRPC, whose errors have a code."""
    code = getattr(error, "code", lambda: None)()
    word = str(getattr(code, "name", ""))
    known = {"NOT_FOUND": 404, "DEADLINE_EXCEEDED": 408, "UNAVAILABLE": 503, "UNAUTHENTICATED": 401}
    known |= {"PERMISSION_DENIED": 403, "ALREADY_EXISTS": 409, "RESOURCE_EXHAUSTED": 429}
    return _of_status(name, known.get(word, 500), word or str(error)[:300])


def _of_status(name: str, status: int, words: str) -> OutcropError:
    if status == 404:  # noqa: PLR2004 # HTTP's
        return _missing(name)
    kinds: dict[int, type[OutcropError]] = {
        401: Denied, 403: Denied, 408: TimedOut, 409: Conflict, 429: Unavailable, 502: Unavailable, 503: Unavailable,
        504: TimedOut,
    }  # fmt: skip
    return kinds.get(status, IndexBroken)(f"The vector store {name} (Qdrant) answers {status} {words}.")


def _missing(name: str) -> OutcropError:
    return IndexMissing(
        f"The vector store {name} (Qdrant) has no such index. Run a sync of the data source to build it."
    )
