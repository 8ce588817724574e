"""Jobs and schedules through the native API, over real services."""

from __future__ import annotations

import httpx
import pytest

from outcrop.api.app import api_app
from outcrop.testing.small import TOKEN
from outcrop.testing.whole import Whole

PATH = "/api/knowledge-bases/handbook"


@pytest.fixture
async def services(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("Pumps need oil.")
    services = Whole(tmp_path / "data").services()
    base = await services.knowledge_bases.create("handbook")
    configuration = {"path": str(tmp_path / "docs")}
    await services.knowledge_bases.add_source(base, name="docs", kind="folder", configuration=configuration)
    yield services
    await services.jobs.close()


@pytest.fixture
async def client(services):
    headers = {"authorization": f"Bearer {TOKEN}"}
    transport = httpx.ASGITransport(app=api_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers) as client:
        yield client


async def test_a_sync_is_started_now_and_its_job_is_shown(services, client):
    reply = await client.post(f"{PATH}/sync", json={})
    assert reply.status_code == 202, reply.text
    await services.jobs.idle()
    [job] = (await client.get(f"{PATH}/jobs")).json()["jobs"]
    assert job["id"] == reply.json()["jobs"][0]["id"]
    assert (job["status"], job["statistics"]["indexed"], job["pace"]) == ("COMPLETE", 1, None)


async def test_a_schedule_and_a_limit_are_changed_and_say_when_the_next_sync_is(client):
    [source] = (await client.get(f"{PATH}/sources")).json()
    assert (source["schedule"], source["deletion_limit"]) == ("every 1h", None)
    assert source["next_sync_at"] is not None
    changed = (
        await client.patch(f"{PATH}/sources/{source['id']}", json={"schedule": "never", "deletion_limit": 15})
    ).json()
    assert (changed["schedule"], changed["next_sync_at"], changed["deletion_limit"]) == ("never", None, 15)
    kept = (await client.patch(f"{PATH}/sources/{source['id']}", json={"deletion_limit": None})).json()
    assert (kept["schedule"], kept["deletion_limit"]) == ("never", None)


async def test_what_is_no_schedule_is_refused(client):
    [source] = (await client.get(f"{PATH}/sources")).json()
    reply = await client.patch(f"{PATH}/sources/{source['id']}", json={"schedule": "sometimes"})
    assert (reply.status_code, reply.json()["kind"]) == (400, "invalid")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/jobs"), ("POST", "/sync"), ("GET", "/sources"), ("PATCH", "/sources/S")],
)
async def test_every_route_needs_the_token(services, method, path):
    transport = httpx.ASGITransport(app=api_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        assert (await client.request(method, PATH + path, json={})).status_code == 401
