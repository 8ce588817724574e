"""Reports in the native API."""

from __future__ import annotations

import httpx
import pytest

from outcrop.api.app import api_app
from outcrop.testing.small import TOKEN
from outcrop.testing.whole import Whole

BASE = "/api/knowledge-bases/handbook"


@pytest.fixture
async def client(tmp_path):
    services = Whole(tmp_path / "data").services()
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.txt").write_text("The pump needs oil, and the valve is not to be opened before it has some.")
    (folder / "b.txt").write_text("FAIL encrypted")
    base = await services.knowledge_bases.create("handbook")
    source = await services.knowledge_bases.add_source(
        base, name="docs", kind="folder", configuration={"path": str(folder)}
    )
    await services.syncs.run(base, source)
    headers = {"authorization": f"Bearer {TOKEN}"}
    transport = httpx.ASGITransport(api_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080", headers=headers) as one:
        yield one


async def test_a_report_has_numbers_for_the_knowledge_base_and_for_a_job(client):
    whole = (await client.get(f"{BASE}/report")).json()
    last = (await client.get(f"{BASE}/report", params={"job": "last"})).json()
    assert whole["statuses"] == {"INDEXED": 1, "FAILED": 1}
    assert whole["languages"] == {"en": 1}
    assert (whole["job"], last["job"]["statistics"]["scanned"]) == (None, 2)


async def test_a_job_that_is_not_there_is_not_found(client):
    assert (await client.get(f"{BASE}/report", params={"job": "nothing"})).status_code == 404


async def test_the_documents_come_as_a_csv_file(client):
    reply = await client.get(f"{BASE}/report.csv")
    assert reply.headers["content-type"].startswith("text/csv")
    header, *lines = reply.text.splitlines()
    assert header.startswith("name,uri,status")
    assert len(lines) == 2


async def test_one_document_says_what_to_do(client):
    document = (await client.get(f"{BASE}/report/documents/b.txt")).json()
    assert document["reasonCode"] == "encrypted"
    assert document["whatToDo"]


async def test_reports_need_the_token(client):
    for path in ("report", "report.csv", "report/documents/a.txt"):
        assert (await client.get(f"{BASE}/{path}", headers={"authorization": ""})).status_code == 401
