"""The page is served whole from package data, under a strict policy, and lets in who holds the token."""

from __future__ import annotations

import re

import httpx
import pytest

from outcrop.console.page import console_app
from outcrop.testing.small import TOKEN


@pytest.fixture
async def client(services):
    transport = httpx.ASGITransport(console_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as one:
        yield one


async def test_everything_that_the_page_asks_for_is_served_here(client):
    seen, waiting = set(), ["/"]
    while waiting:
        path = waiting.pop()
        reply = await client.get(path)
        assert reply.status_code == 200, path
        seen.add(path)
        text = reply.text if not path.endswith(".woff2") else ""
        assert not re.search(
            r"(?:https?:)?//(?!www\.w3\.org/)[a-z]", re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)
        ), path
        links = re.findall(r"""["'(](/static/[\w./-]+)""", text)
        links += [f"/static/{name}" for name in re.findall(r'from "\./([\w.]+)"', text)]
        waiting += [link for link in links if link not in seen]
    assert {"/static/main.js", "/static/page.css", "/static/logo.svg", "/static/passage.js"} <= seen


async def test_the_policy_allows_no_inline_script_and_no_other_site(client):
    policy = (await client.get("/")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = (await client.get("/")).text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", page)


async def test_scripts_never_parse_html(client):
    for name in ("main", "api", "answer", "dom", "documents", "passage", "sources", "tables", "turn"):
        source = (await client.get(f"/static/{name}.js")).text
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", source)


async def test_the_token_becomes_a_cookie_and_leaves_the_address(client):
    reply = await client.get("/", params={"token": TOKEN})
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith(f"outcrop_session_8080={TOKEN};")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie


async def test_a_wrong_token_opens_nothing(client):
    reply = await client.get("/", params={"token": "wrong"})
    assert reply.status_code == 401
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "path", ["/static/", "/static/../page.py", "/static/%2e%2e/page.py", "/static/nothing.js", "/static/index.html"]
)
async def test_there_is_no_way_out_of_the_folder(client, path):
    assert (await client.get(path)).status_code == 404


async def test_nothing_is_sent_twice(client):
    first = await client.get("/static/page.css")
    again = await client.get("/static/page.css", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_other_hosts_are_refused(client):
    assert (await client.get("/", headers={"host": "evil.example"})).status_code == 403


async def test_the_page_is_only_read(client):
    assert (await client.post("/")).status_code == 404
