"""Files and vector stores through OpenAI's client, the waiting helpers included."""

from __future__ import annotations

import io
from uuid import uuid4

import httpx
import openai
import pytest

PARKING = b"# Parking\n\nVisitors park on deck two. Employees park on deck five.\n"
TRAVEL = b"# Trains\n\nSecond class is booked for journeys shorter than three hours.\n"


def upload(client, name, content, **more):
    return client.files.create(**{"file": (name, content), "purpose": "assistants", **more})


@pytest.fixture
def store(client):
    made = client.vector_stores.create(name="Site rules & más", metadata={"team": "site"})
    yield made
    client.vector_stores.delete(made.id)


def test_a_file_is_kept_shown_and_deleted(client):
    made = upload(client, "Größe 50%.md", PARKING, purpose="user_data")
    assert (made.filename, made.bytes, made.purpose, made.status) == (
        "Größe 50%.md",
        len(PARKING),
        "user_data",
        "processed",
    )
    assert client.files.retrieve(made.id) == made
    assert client.files.content(made.id).content == PARKING
    assert client.files.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.content(made.id)


def test_files_are_listed_in_pages_and_by_purpose(client):
    purpose = "evals"
    made = [upload(client, f"{number}.txt", b"x", purpose=purpose).id for number in range(3)]
    assert [one.id for one in client.files.list(purpose=purpose, order="asc", limit=2)] == made
    first = client.files.list(purpose=purpose, limit=2)
    assert ([one.id for one in first.data], first.has_more) == (made[:0:-1], True)
    with pytest.raises(openai.BadRequestError) as error:
        client.files.list(after="nothing")
    assert error.value.param == "after"
    for one in made:
        client.files.delete(one)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"content": b""}, None),
        ({"purpose": "pleasure"}, "purpose"),
        ({"extra_body": {"surprise": "1"}}, "surprise"),
        ({"expires_after": {"anchor": "created_at", "seconds": 3600}}, "expires_after"),
    ],
)
def test_an_upload_that_is_wrong_is_refused(client, given, param):
    given = {"content": PARKING, **given}
    with pytest.raises(openai.BadRequestError) as error:
        upload(client, "a.txt", given.pop("content"), **given)
    assert error.value.param == param


def test_an_upload_that_is_no_form_is_refused(server):
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x", "application/json", "text/plain"):
        headers = {"authorization": f"Bearer {server.key}", "content-type": content_type}
        reply = httpx.post(f"{server.url}/v1/files", content=b"nonsense", headers=headers)
        assert reply.status_code == 400, (content_type, reply.text)
        assert reply.json()["error"]["type"] == "invalid_request_error"


def test_a_vector_store_is_a_knowledge_base(client, server, store):
    assert (store.name, store.metadata, store.status) == ("Site rules & más", {"team": "site"}, "completed")
    base = server.outcrop.knowledge_base(store.id)
    assert base.name.startswith("Site-rules")
    assert f"kb/{store.id}" in [model.id for model in client.models.list()]
    changed = client.vector_stores.update(store.id, name="Rules", metadata={})
    assert (changed.name, changed.metadata) == ("Rules", {})
    assert client.vector_stores.retrieve(store.id).name == "Rules"
    again = client.vector_stores.create(name="Site rules & más")
    assert again.id != store.id
    listed = [one.id for one in client.vector_stores.list(limit=2)]
    assert listed[0] == again.id
    client.vector_stores.delete(again.id)
    with pytest.raises(openai.NotFoundError):
        client.vector_stores.retrieve(again.id)


def test_a_folders_documents_are_files_of_their_vector_store(client, server):
    found = list(client.vector_stores.files.list("handbook"))
    assert len(found) == 3
    assert client.vector_stores.retrieve("handbook").file_counts.completed == 3
    assert client.vector_stores.files.retrieve(found[0].id, vector_store_id="handbook").status == "completed"
    with pytest.raises(openai.BadRequestError, match="comes from a data source"):
        client.vector_stores.files.delete(found[0].id, vector_store_id="handbook")


def test_files_are_attached_searched_answered_and_taken_out(client, store):
    file = upload(client, "parking.md", PARKING)
    attached = client.vector_stores.files.create_and_poll(
        file.id, vector_store_id=store.id, attributes={"area": "site", "year": 2026, "open": True}
    )
    assert (attached.status, attached.last_error) == ("completed", None)
    assert attached.attributes == {"area": "site", "year": 2026, "open": True}
    hit = client.vector_stores.search(store.id, query="Where do visitors park?").data[0]
    assert (hit.file_id, hit.filename, hit.attributes["area"]) == (file.id, "parking.md", "site")
    assert "deck two" in hit.content[0].text
    said = [{"role": "user", "content": "Where do visitors park?"}]
    answer = client.chat.completions.create(model=f"kb/{store.id}", messages=said)
    assert "deck two" in answer.choices[0].message.content
    assert "[1] parking.md" in answer.choices[0].message.content
    text = "".join(part.text for part in client.vector_stores.files.content(file.id, vector_store_id=store.id))
    assert "deck two" in text
    assert client.vector_stores.files.delete(file.id, vector_store_id=store.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.vector_stores.files.retrieve(file.id, vector_store_id=store.id)
    assert client.files.retrieve(file.id)


def test_a_filter_finds_by_attributes(client, store):
    for name, content, year in (("parking.md", PARKING, 2025), ("trains.md", TRAVEL, 2026)):
        file = upload(client, name, content)
        client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id, attributes={"year": year})

    def found(**given):
        page = client.vector_stores.search(store.id, query=["journeys", "park"], max_num_results=5, **given)
        return {one.filename for one in page.data}

    assert found() == {"parking.md", "trains.md"}
    assert found(filters={"type": "gte", "key": "year", "value": 2026}) == {"trains.md"}
    both = [{"type": "in", "key": "year", "value": [2025, 2027]}, {"type": "ne", "key": "year", "value": 2026}]
    assert found(filters={"type": "and", "filters": both}) == {"parking.md"}
    assert found(ranking_options={"score_threshold": 1.0, "ranker": "none"}) == set()
    assert found(ranking_options={"ranker": "outcrop.evidence-rerank-v1:0"}) == {"parking.md", "trains.md"}


def test_attributes_are_changed_without_reading_the_file_again(client, store):
    file = upload(client, "parking.md", PARKING)
    client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id, attributes={"year": 2025})
    client.vector_stores.files.update(file.id, vector_store_id=store.id, attributes={"year": 2030})
    changed = client.vector_stores.files.poll(file.id, vector_store_id=store.id)
    assert changed.attributes == {"year": 2030}
    where = {"type": "eq", "key": "year", "value": 2030}
    assert client.vector_stores.search(store.id, query="park", filters=where).data


def test_what_cannot_be_read_fails_with_its_reason(client, store):
    file = upload(client, "broken.pdf", b"%PDF-1.7 nonsense")
    attached = client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id)
    assert attached.status == "failed"
    assert attached.last_error.code in {"invalid_file", "unsupported_file"}
    assert attached.last_error.message
    assert client.vector_stores.retrieve(store.id).file_counts.failed == 1


def test_files_are_cut_as_asked(client, store):
    file = upload(client, "long.txt", b"Every visitor signs the book. " * 400)
    sizes = {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 20}
    attached = client.vector_stores.files.create_and_poll(
        file.id, vector_store_id=store.id, chunking_strategy={"type": "static", "static": sizes}
    )
    assert attached.chunking_strategy.static.model_dump() == sizes
    parts = list(client.vector_stores.files.content(file.id, vector_store_id=store.id))
    assert len(parts) > 20


def test_batches_attach_several_files(client, store):
    files = [upload(client, name, content) for name, content in (("a.md", PARKING), ("b.md", TRAVEL))]
    batch = client.vector_stores.file_batches.create_and_poll(
        store.id, files=[{"file_id": files[0].id, "attributes": {"n": 1}}, {"file_id": files[1].id}]
    )
    assert (batch.status, batch.file_counts.completed, batch.file_counts.total) == ("completed", 2, 2)
    listed = client.vector_stores.file_batches.list_files(batch.id, vector_store_id=store.id, filter="completed")
    assert {one.id for one in listed} == {one.id for one in files}
    assert client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store.id).file_counts.completed == 2


def test_the_clients_helpers_upload_and_wait(client, store):
    done = client.vector_stores.file_batches.upload_and_poll(
        store.id, files=[("one.md", io.BytesIO(PARKING)), ("two.md", io.BytesIO(TRAVEL))]
    )
    assert done.file_counts.completed == 2
    one = client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("three.md", PARKING))
    assert one.status == "completed"


def test_a_store_is_made_with_its_files_and_a_deleted_file_leaves_it(client):
    file = upload(client, "parking.md", PARKING)
    store = client.vector_stores.create(name=f"with files {uuid4()}", file_ids=[file.id])
    client.vector_stores.files.poll(file.id, vector_store_id=store.id)
    assert client.vector_stores.search(store.id, query="visitors park").data
    client.files.delete(file.id)
    assert [one.id for one in client.vector_stores.files.list(store.id)] == []
    client.vector_stores.delete(store.id)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"query": ""}, "query"),
        ({"max_num_results": 51}, "max_num_results"),
        ({"rewrite_query": True}, "rewrite_query"),
        ({"filters": {"type": "like", "key": "a", "value": "b"}}, "filters.type"),
        ({"filters": {"type": "and", "filters": [{"type": "eq", "key": "a"}]}}, "filters.filters[0].value"),
        ({"ranking_options": {"ranker": "default-2024-11-15"}}, "ranking_options.ranker"),
        ({"ranking_options": {"score_threshold": 2}}, "ranking_options.score_threshold"),
    ],
)
def test_a_search_that_is_wrong_is_refused_by_its_path(client, given, param):
    with pytest.raises(openai.BadRequestError) as error:
        client.vector_stores.search(**{"vector_store_id": "handbook", "query": "leave", **given})
    assert error.value.param == param


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"expires_after": {"anchor": "last_active_at", "days": 1}}, "expires_after"),
        ({"chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 100,
           "chunk_overlap_tokens": 60}}}, "chunking_strategy.static"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"extra_body": {"surprise": 1}}, "surprise"),
    ],
)  # fmt: skip
def test_a_store_that_is_wrong_is_refused_by_its_path(client, given, param):
    with pytest.raises(openai.BadRequestError) as error:
        client.vector_stores.create(name="never made", **given)
    assert error.value.param == param


def test_a_store_with_an_unknown_file_is_not_made(client):
    before = len(list(client.vector_stores.list()))
    with pytest.raises(openai.NotFoundError):
        client.vector_stores.create(name="never made", file_ids=["file-nothing"])
    assert len(list(client.vector_stores.list())) == before


def test_an_uploaded_file_is_shown_to_a_model_by_its_id(client):
    from tests.openai.conftest import script

    model = script(["Deck two."])
    file = upload(client, "parking.md", PARKING, purpose="user_data")
    part = {"type": "input_file", "file_id": file.id}
    client.responses.create(model="test.scripted-v1", input=[{"role": "user", "content": [part]}])
    assert model.requests[0].messages[0].content[0].data == PARKING
