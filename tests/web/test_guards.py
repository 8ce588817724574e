"""Only requests for our own names, from our own page, come through; bodies are bounded; clients may leave."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from outcrop.web.body import ClientLeft, limited
from outcrop.web.connection import while_connected
from outcrop.web.guards import same_site

ANYWHERE = "0.0.0.0"  # noqa: S104 # what a server may be bound to


async def echo(scope, receive, send):
    body = (await receive()).get("body", b"")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def status(app, method="GET", headers=None, content=b""):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        return (await client.request(method, "/", headers=headers, content=content)).status_code


@pytest.mark.parametrize(
    ("bound", "host", "expected"),
    [
        ("127.0.0.1", "127.0.0.1:8080", 200),
        ("127.0.0.1", "localhost:8080", 200),
        ("127.0.0.1", "[::1]:8080", 200),
        ("127.0.0.1", "LOCALHOST", 200),
        ("127.0.0.1", "docs.example.org", 200),
        ("127.0.0.1", "evil.example", 403),
        ("127.0.0.1", "127.0.0.1.evil.example", 403),
        ("127.0.0.1", "192.168.1.5", 403),
        ("127.0.0.1", "", 403),
        (ANYWHERE, "192.168.1.5:8080", 200),
        (ANYWHERE, "evil.example", 403),
        ("wiki.local", "wiki.local", 200),
    ],
)
async def test_only_own_host_names_are_answered(bound, host, expected):
    assert await status(same_site(echo, bound, ("docs.example.org",)), headers={"host": host}) == expected


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://localhost:8080", 200),
        ("http://localhost:9090", 403),
        ("http://evil.example", 403),
        ("null", 403),
        (None, 200),
    ],
)
async def test_other_sites_cannot_post(origin, expected):
    headers = {"host": "localhost:8080", **({"origin": origin} if origin else {})}
    assert await status(same_site(echo, "127.0.0.1"), "POST", headers) == expected


@pytest.mark.parametrize(("size", "expected"), [(10, 200), (11, 413)])
async def test_bodies_are_bounded_whether_or_not_they_say_their_length(size, expected):
    async def pieces():
        for _ in range(size):
            yield b"x"

    assert await status(limited(echo, 10), "POST", content=b"x" * size) == expected
    assert await status(limited(echo, 10), "POST", content=pieces()) == expected


async def test_work_ends_when_the_client_leaves():
    ended, began = asyncio.Event(), asyncio.Event()

    async def receive():
        await began.wait()
        return {"type": "http.disconnect"}

    async def work():
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(ClientLeft):
        await while_connected(receive, work())
    assert ended.is_set()


async def test_work_that_fails_fails():
    async def receive():
        await asyncio.Event().wait()

    async def work():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await while_connected(receive, work())
