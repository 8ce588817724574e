"""The native API: bounded, guarded, streaming."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from outcrop.api.app import api_app
from outcrop.core.errors import IndexBroken, IndexMissing, ModelFailed, Unavailable
from outcrop.testing.serving import served
from outcrop.testing.small import BASE, TOKEN

ASK = f"/api/knowledge-bases/{BASE.id}/ask"
RETRIEVE = f"/api/knowledge-bases/{BASE.name}/retrieve"


def client_of(services, token=TOKEN):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(api_app(services)), base_url="http://localhost:8080", headers=headers
    )


@pytest.fixture
async def client(services):
    async with client_of(services) as one:
        yield one


def events_of(text):
    found = []
    for block in text.strip().split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/knowledge-bases"),
        ("POST", RETRIEVE),
        ("POST", ASK),
        ("GET", f"/api/knowledge-bases/{BASE.id}/documents"),
    ],
)
@pytest.mark.parametrize("token", [None, "wrong", ""])
async def test_every_route_needs_the_token(services, method, path, token):
    async with client_of(services, token) as client:
        reply = await client.request(method, path, json={"question": "x"})
    assert reply.status_code == 401
    assert reply.json()["kind"] == "denied"


async def test_the_pages_cookie_is_as_good_as_the_token(services):
    async with client_of(services, None) as client:
        cookie = {"cookie": f"other=1; outcrop_session_8080={TOKEN}"}
        assert (await client.get("/api/knowledge-bases", headers=cookie)).status_code == 200
        other_port = {"cookie": f"outcrop_session_9090={TOKEN}"}
        assert (await client.get("/api/knowledge-bases", headers=other_port)).status_code == 401


async def test_knowledge_bases_are_listed(client):
    reply = (await client.get("/api/knowledge-bases")).json()
    assert [base["name"] for base in reply["knowledge_bases"]] == ["handbook"]
    assert reply["model"] == "extractive:sentences"


async def test_retrieval_gives_passages_and_steps(client):
    where = {"equals": {"key": "department", "value": "travel"}}
    reply = await client.post(RETRIEVE, json={"question": "flights leave", "limit": 3, "filter": where})
    [hit] = reply.json()["hits"]
    assert (hit["name"], hit["place"]["page"], hit["context"]) == ("travel.pdf", 4, "Travel > Flights")
    assert reply.json()["trace"][0]["name"] == "search"


async def test_an_answer_streams_text_then_citations_then_the_whole(client):
    reply = await client.post(ASK, json={"question": "business class flights?"})
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = events_of(reply.text)
    names = [name for name, _ in events]
    assert names == ["text"] * (len(names) - 2) + ["citation", "final"]
    final = events[-1][1]
    assert final["text"] == "".join(data["text"] for name, data in events if name == "text")
    reference = final["citations"][0]["references"][0]
    passage = reference["before"] + reference["quote"] + reference["after"]
    assert passage.startswith("Employees may book business class")
    assert reference["place"]["page"] == 4
    assert final["available"]
    assert final["trace"]


async def test_a_session_goes_on(client):
    first = events_of((await client.post(ASK, json={"question": "flights?"})).text)[-1][1]
    again = {"question": "And leave?", "session_id": first["session_id"]}
    assert events_of((await client.post(ASK, json=again)).text)[-1][1]["session_id"] == first["session_id"]


async def test_a_failing_answer_ends_in_an_error_event(client, services):
    services.answers.fails, services.answers.fails_after_words = ModelFailed("It stopped."), 2
    events = events_of((await client.post(ASK, json={"question": "flights?"})).text)
    assert [name for name, _ in events] == ["text", "text", "error"]
    assert events[-1][1] == {"kind": "unavailable", "message": "It stopped."}


async def test_an_unforeseen_failure_tells_nothing_of_its_cause(client, services):
    services.answers.fails = RuntimeError("the password is hunter2")
    reply = await client.post(ASK, json={"question": "flights?"})
    assert events_of(reply.text)[-1][1]["kind"] == "internal"
    assert "hunter2" not in reply.text


def test_pieces_arrive_one_by_one_and_the_answer_ends_when_the_client_leaves(services):
    with served(lambda: api_app(services)) as server:
        services.answers.hold = server.call(event())
        url, headers = f"{server.url}{ASK}", {"authorization": f"Bearer {TOKEN}"}
        with httpx.stream("POST", url, json={"question": "flights?"}, headers=headers) as reply:
            first = next(reply.iter_text())  # while the answer stands still
            assert events_of(first) == [("text", {"text": "Employees "})]
        server.call(asyncio.wait_for(services.answers.cancelled.wait(), timeout=20))


async def event():
    return asyncio.Event()


async def test_documents_are_listed_with_what_became_of_them(client):
    path = f"/api/knowledge-bases/{BASE.id}/documents"
    found = (await client.get(path)).json()["documents"]
    assert len(found) == 6
    [failed] = (await client.get(path, params={"status": "FAILED"})).json()["documents"]
    assert (failed["name"], failed["reason_code"]) == ("locked.pdf", "encrypted")
    pages = [await client.get(path, params={"limit": 3})]
    pages.append(await client.get(path, params={"limit": 3, "after": pages[0].json()["next"]}))
    assert [one["id"] for page in pages for one in page.json()["documents"]] == [one["id"] for one in found]
    assert pages[1].json()["next"] is None


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "question"),
        ({"question": ""}, "question"),
        ({"question": "x", "limit": 0}, "limit"),
        ({"question": "x", "mode": "magic"}, "mode"),
        ({"question": "x", "colour": "red"}, "colour"),
        ({"question": "x", "filter": {"like": {}}}, "filter.like"),
    ],
)
async def test_what_is_wrong_is_named(client, body, named):
    reply = await client.post(RETRIEVE, json=body)
    assert reply.status_code == 400
    assert reply.json()["kind"] == "invalid"
    assert named in reply.json()["message"]


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b'{"question": ' + b"[" * 50_000])
async def test_broken_and_deep_json_is_refused(client, content):
    reply = await client.post(RETRIEVE, content=content, headers={"content-type": "application/json"})
    assert reply.status_code == 400


async def test_a_large_body_is_refused(client, services):
    size = services.settings.max_body_mb * 1024 * 1024 + 1
    reply = await client.post(RETRIEVE, content=b"x" * size, headers={"content-type": "application/json"})
    assert reply.status_code == 413


@pytest.mark.parametrize(("path", "code"), [("/api/knowledge-bases/none/documents", 404), ("/api/none", 404)])
async def test_what_is_not_there_is_not_found(client, path, code):
    reply = await client.get(path)
    assert (reply.status_code, reply.json()["kind"]) == (code, "not_found")


async def test_other_hosts_and_origins_are_refused(client):
    assert (await client.get("/api/knowledge-bases", headers={"host": "evil.example"})).status_code == 403
    other = {"origin": "http://evil.example"}
    assert (await client.post(RETRIEVE, json={"question": "x"}, headers=other)).status_code == 403


async def test_health_needs_no_token(services):
    async with client_of(services, None) as client:
        assert (await client.get("/health")).json() == {"status": "ok", "reason": None}
        assert (await client.get("/ready")).status_code == 200


@pytest.mark.parametrize("error", [IndexBroken(), Unavailable("The store does not answer.")])
async def test_a_store_that_does_not_open_is_not_ready(client, services, error):
    services.adapters.fails = error
    reply = await client.get("/ready")
    assert reply.status_code == 503
    assert reply.json()["reason"] == error.message


async def test_a_knowledge_base_that_was_never_synced_is_ready(client, services):
    services.adapters.fails = IndexMissing()
    assert (await client.get("/ready")).status_code == 200


async def test_the_api_describes_itself(client):
    paths = (await client.get("/api/openapi.json")).json()["paths"]
    assert set(paths) >= {"/health", "/ready", "/api/knowledge-bases"}
