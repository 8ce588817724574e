"""Frames of application/vnd.amazon.eventstream, with both checksums.

Frame: total length, length of the headers, CRC-32 of those eight bytes; headers; payload; CRC-32 of all before it.
Header: length of its name (one byte), name, type 7 (string), length of the value (two bytes), value.
Source: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import struct
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any
from zlib import crc32

from outcrop.bedrock.check import NOTHING, Check, Extends
from outcrop.bedrock.errors import WireError, named
from outcrop.bedrock.parse import JSON
from outcrop.bedrock.render import checked, checker, to_json
from outcrop.bedrock.spec import Operation, Shape
from outcrop.web.asgi import closing

STRING = 7


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One frame."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    message = b"".join((prelude, struct.pack(">I", crc32(prelude)), head, payload))
    return message + struct.pack(">I", crc32(message))


def event(name: str, payload: bytes) -> bytes:
    """The frame of an event."""
    return frame({":event-type": name, ":content-type": JSON, ":message-type": "event"}, payload)


def exception(stream: Shape, error: WireError) -> bytes:
    """The frame that ends a stream with an error, under the name of the member that has the error's shape."""
    names = {member.shape.name: name for name, member in stream.members.items()}
    name = names.get(error.name) or names.get("InternalServerException", error.name)
    headers = {":exception-type": name, ":content-type": JSON, ":message-type": "exception"}
    return frame(headers, to_json({"message": error.message}))


async def opened(
    operation: Operation, events: AsyncIterator[Mapping[str, Any]], extends: Extends = NOTHING
) -> AsyncIterator[bytes]:
    """The frames of events, each checked against its shape; an error later on becomes the last frame.

    Waits for the first event, so that an error before it is raised and can be answered with its own status.
    """
    pieces = _frames(checker(extends).check(_stream(operation)), events)
    first = await anext(pieces, None)
    return _chained(first, _ended(operation, pieces))


async def _frames(check: Check, events: AsyncIterator[Mapping[str, Any]]) -> AsyncGenerator[bytes]:
    async with closing(events):
        async for given in events:
            for name, value in checked(check, given).items():
                yield event(name, to_json(value))


async def _ended(operation: Operation, pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The pieces, and the error that ends them, if one does."""
    async with closing(pieces):
        try:
            async for piece in pieces:
                yield piece
        except Exception as error:  # noqa: BLE001 # the edge: the status is sent, so the error is a frame
            yield exception(_stream(operation), named(error, operation))


async def _chained(first: bytes | None, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with closing(rest):
        if first is not None:
            yield first
        async for piece in rest:
            yield piece


def _stream(operation: Operation) -> Shape:
    payload = operation.output.payload
    if payload is None:
        raise TypeError(f"{operation} does not stream.")
    return payload.shape


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return b"".join((bytes((len(key),)), key, bytes((STRING,)), struct.pack(">H", len(text)), text))
