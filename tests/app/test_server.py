"""The server's surfaces share a port, and none delays the start."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from outcrop.app.server import lazily, outcrop_app


def test_the_start_does_not_wait_for_what_a_first_request_to_bedrock_does_not_need():
    code = "import sys; from outcrop.app.server import outcrop_app; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert {"fastapi", "botocore", "boto3", "sqlalchemy", "onnxruntime", "pydantic_ai"}.isdisjoint(loaded)


async def test_an_application_is_made_once_when_it_is_asked():
    made = []

    async def app(scope, receive, send):
        made.append(scope["path"])

    def make():
        made.append("made")
        return app

    lazy = lazily(make)
    assert made == []
    for path in ("/a", "/b"):
        await lazy({"path": path}, None, None)
    assert made == ["made", "/a", "/b"]


@pytest.mark.parametrize(("path", "kind"), [("/", "text/html"), ("/health", "json"), ("/no/such/path", "json")])
async def test_each_path_leads_to_its_surface(services, path, kind):
    transport = httpx.ASGITransport(outcrop_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
        assert kind in (await http.get(path)).headers["content-type"]
