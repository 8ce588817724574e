"""A request as the endpoints are given it, and the replies that they give."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from outcrop.access.callers import Caller
from outcrop.core.clock import Clock

if TYPE_CHECKING:
    from starlette.datastructures import FormData

    from outcrop.services import Services

JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One admitted request: whose it is, its path's and query's parameters, and its body or form."""

    services: Services
    caller: Caller
    clock: Clock
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = b""
    form: FormData | None = None

    def seconds(self) -> int:
        """Now, in seconds since 1970, as OpenAI's objects say it."""
        return int(self.clock().timestamp())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply in one piece."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": JSON})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A reply of server-sent events, each sent as it comes."""

    frames: AsyncIterator[bytes]


Endpoint = Callable[[Call], Awaitable["Reply | Stream"]]


def json_reply(data: Mapping[str, Any], status: int = 200) -> Reply:
    """A JSON object as a reply."""
    return Reply(body=to_json(data), status=status)
