"""Services that are asked by HTTP in JSON, and what goes wrong with them, in our words."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Self

from outcrop.core.errors import Denied, ModelFailed, Throttled, TimedOut, Unavailable

if TYPE_CHECKING:
    import httpx2

Sign = Callable[[str, bytes], Awaitable[Mapping[str, str]]]  # the headers for an address and a body

MOST_BYTES = 64 << 20  # of a reply
_SERVER_ERROR = 500
_REFUSED = frozenset({401, 403})
_BUSY = frozenset({429, 503})


class JsonService:
    """One service under one name; what its replies hold is not repeated in errors, as it may hold secrets."""

    def __init__(self, name: str, seconds: float, sign: Sign) -> None:
        self.name = name
        self._seconds = seconds
        self._sign = sign
        self._client: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def post(self, url: str, value: Any) -> Any:
        """What the service answers.

        Raises:
            Throttled, TimedOut, Unavailable, Denied, ModelFailed: As it fails.
        """
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=self._seconds)
        body = json.dumps(value).encode()
        headers = {"content-type": "application/json", "accept": "application/json", **await self._sign(url, body)}
        try:
            async with self._client.stream("POST", url, content=body, headers=headers) as response:
                if response.status_code >= 400:  # noqa: PLR2004 # where errors begin
                    self._fail(response.status_code, response.headers.get("retry-after"))
                return self._read(await self._bytes(response))
        except httpx2.TimeoutException as error:
            raise TimedOut(f"{self.name} did not answer within {self._seconds:g} seconds.") from error
        except httpx2.TransportError as error:
            raise Unavailable(f"{self.name} does not answer. Try again later.") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _bytes(self, response: httpx2.Response) -> bytes:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > MOST_BYTES:
                raise ModelFailed(f"{self.name} answers with more than {MOST_BYTES >> 20} MiB.")
        return bytes(body)

    def _read(self, body: bytes) -> Any:
        try:
            return json.loads(body)
        except ValueError as error:
            raise ModelFailed(f"{self.name} answers with something that is no JSON.") from error

    def _fail(self, status: int, after: str | None) -> NoReturn:
        wait = float(after) if after is not None and after.isdecimal() else None
        if status in _BUSY:
            again = "" if wait is None else f" Try again in {wait:.0f} seconds."
            raise Throttled(f"{self.name} answers that there were too many requests.{again}", wait)
        if status in _REFUSED:
            raise Denied(f"{self.name} refuses the key. Check the provider's key in the environment.")
        if status >= _SERVER_ERROR:
            raise Unavailable(f"{self.name} does not answer (HTTP {status}). Try again later.", wait)
        raise ModelFailed(f"{self.name} rejects the request (HTTP {status}).")
