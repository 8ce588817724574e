"""Requests to OpenSearch over HTTP, signed or with a password, and its errors in our words.

https://docs.opensearch.org/latest/api-reference/
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from outcrop.adapters.vector_stores.opensearch.options import OpenSearchOptions
from outcrop.core.errors import (
    Denied,
    IndexMissing,
    Invalid,
    OutcropError,
    Throttled,
    TimedOut,
    Unavailable,
)
from outcrop.core.stores import NamedStore

if TYPE_CHECKING:
    import httpx2

    from outcrop.adapters.aws import Signer

_MOST_BYTES = 8 << 20  # of one bulk request; managed domains take 10 MiB
_ATTEMPTS = 5  # of items that a busy server refuses
_BUSY = frozenset({429, 503})
_ERROR = 400


class Client:
    """One OpenSearch. The connections are opened in the event loop that first asks."""

    def __init__(self, store: NamedStore, options: OpenSearchOptions) -> None:
        self.name = store.name
        self._options = options
        self._url = store.address(options).rstrip("/")
        if not self._url.startswith(("http://", "https://")):
            raise Invalid(f"[vector_stores.{store.name}]: the address is not one of OpenSearch: https://host:9200.")
        password = store.secret(options.password_variable)
        pair = base64.b64encode(f"{options.username}:{password}".encode()).decode()
        self._login = {} if password is None else {"authorization": f"Basic {pair}"}
        self._signer: Signer | None = None
        self._client: httpx2.AsyncClient | None = None

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What OpenSearch answers to a request with a JSON body.

        Raises:
            IndexMissing, Denied, Throttled, TimedOut, Unavailable, OutcropError: As it fails.
        """
        return await self._send(method, path, b"" if body is None else json.dumps(body).encode(), "application/json")

    async def bulk(self, index: str, actions: Sequence[tuple[Mapping[str, Any], Any]], refresh: str) -> None:
        """Carry out actions, each with its document or None; those that a busy server refuses are sent again.

        Raises OutcropError where an item fails otherwise; a deletion of what is not there is no failure.
        """
        for some in _portions(actions):
            left = some
            for attempt in range(_ATTEMPTS):
                body = b"".join(lines for lines, _ in left)
                answer = await self._send("POST", f"/{index}/_bulk{refresh}", body, "application/x-ndjson")
                left = self._refused(left, answer)
                if not left:
                    break
                await asyncio.sleep(0.2 * 2**attempt)
            else:
                raise Throttled(f"The vector store {self.name} (OpenSearch) takes no more at this rate.")

    def _refused(self, sent: Sequence[tuple[bytes, str]], answer: Any) -> list[tuple[bytes, str]]:
        """The items to be sent again."""
        again = []
        for one, item in zip(sent, answer["items"], strict=True):
            result = item[one[1]]
            if result["status"] in _BUSY:
                again.append(one)
            elif result["status"] >= _ERROR and (one[1], result["status"]) != ("delete", 404):
                kind = result.get("error", {}).get("type", "an error")
                raise OutcropError(f"The vector store {self.name} (OpenSearch) refuses a document: {kind}.")
        return again

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _send(self, method: str, path: str, body: bytes, media: str) -> Any:
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=self._options.timeout)
        url = self._url + path
        headers = {"content-type": media, "accept": "application/json", **await self._credentials(method, url, body)}
        try:
            response = await self._client.request(method, url, content=body, headers=headers)
        except httpx2.TimeoutException as error:
            raise TimedOut(f"The vector store {self.name} (OpenSearch) did not answer in time.") from error
        except httpx2.TransportError as error:
            raise Unavailable(f"The vector store {self.name} (OpenSearch) cannot be reached.") from error
        return self._read(response)

    async def _credentials(self, method: str, url: str, body: bytes) -> Mapping[str, str]:
        if self._options.aws is None:
            return self._login
        if self._signer is None:
            from outcrop.adapters.aws import Signer

            self._signer = Signer(self._options.aws, f"The vector store {self.name}")
        return await self._signer.headers(url, body, method)

    def _read(self, response: httpx2.Response) -> Any:
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if response.status_code >= _ERROR:
            self._fail(response.status_code, answer)
        if answer is None:
            raise Unavailable(f"The vector store {self.name} answers with something that is not OpenSearch's.")
        return answer

    def _fail(self, status: int, answer: Any) -> NoReturn:
        error = answer.get("error") if isinstance(answer, dict) else None
        kind = error.get("type", "") if isinstance(error, dict) else ""
        what = f"The vector store {self.name} (OpenSearch)"
        if kind == "index_not_found_exception":
            raise IndexMissing
        if kind == "resource_already_exists_exception":
            raise AlreadyThere
        if status in (401, 403):
            raise Denied(f"{what} refuses the credentials.")
        if status in _BUSY:
            raise Throttled(f"{what} is busy. Try again later.")
        if status >= 500:  # noqa: PLR2004 # the server's own failures
            raise Unavailable(f"{what} failed with HTTP {status}{f' ({kind})' if kind else ''}.")
        raise OutcropError(f"{what} rejects a request with HTTP {status}{f' ({kind})' if kind else ''}.")


class AlreadyThere(OutcropError):
    """The index is there already."""

    kind = "conflict"


def _portions(actions: Sequence[tuple[Mapping[str, Any], Any]]) -> list[list[tuple[bytes, str]]]:
    """Actions as lines of JSON with their verbs, in requests that are not too long."""
    portions: list[list[tuple[bytes, str]]] = []
    room = 0
    for action, document in actions:
        lines = json.dumps(action).encode() + b"\n"
        lines += b"" if document is None else json.dumps(document).encode() + b"\n"
        if not portions or len(lines) > room:
            portions.append([])
            room = _MOST_BYTES
        portions[-1].append((lines, next(iter(action))))
        room -= len(lines)
    return portions
