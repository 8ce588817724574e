"""An unmodified boto3 client puts, shows, fetches and deletes single documents."""

from __future__ import annotations

import json

import httpx
import pytest
from tests.wire.control.conftest import ids, until

CUSTOM = {"type": "CUSTOM"}
DONE = ("INDEXED", "PARTIALLY_INDEXED", "FAILED", "IGNORED", "NOT_FOUND", "METADATA_UPDATE_FAILED")
OIL = "The pump needs four litres of oil a year."


@pytest.fixture
def server(server, services):
    yield server
    server.call(services.direct.close())


@pytest.fixture
def source(make):
    return make.source(make.base(), "desk", CUSTOM)


@pytest.fixture
def desk(agent, source):
    return Desk(agent, source)


class Desk:
    def __init__(self, agent, source):
        self.agent, self.source = agent, source

    def ingest(self, *documents, **more):
        return self.agent.ingest_knowledge_base_documents(**ids(self.source), documents=documents, **more)[
            "documentDetails"
        ]

    def get(self, *names):
        return self.agent.get_knowledge_base_documents(
            **ids(self.source), documentIdentifiers=[identifier(name) for name in names]
        )["documentDetails"]

    def delete(self, *names):
        return self.agent.delete_knowledge_base_documents(
            **ids(self.source), documentIdentifiers=[identifier(name) for name in names]
        )["documentDetails"]

    def done(self, name):
        return until(lambda: self.get(name)[0], lambda seen: seen["status"] in DONE)


def identifier(name):
    return {"dataSourceType": "CUSTOM", "custom": {"id": name}}


def text(name, data, metadata=None):
    content = {"type": "TEXT", "textContent": {"data": data}}
    return inline(name, content, metadata)


def binary(name, data, media_type, metadata=None):
    return inline(name, {"type": "BYTE", "byteContent": {"mimeType": media_type, "data": data}}, metadata)


def inline(name, content, metadata):
    custom = {"customDocumentIdentifier": {"id": name}, "sourceType": "IN_LINE", "inlineContent": content}
    document = {"content": {"dataSourceType": "CUSTOM", "custom": custom}}
    if metadata is not None:
        attributes = [{"key": key, "value": value} for key, value in metadata.items()]
        document["metadata"] = {"type": "IN_LINE_ATTRIBUTE", "inlineAttributes": attributes}
    return document


METADATA = {
    "team": {"type": "STRING", "stringValue": "plant"},
    "year": {"type": "NUMBER", "numberValue": 2026},
    "public": {"type": "BOOLEAN", "booleanValue": False},
    "topics": {"type": "STRING_LIST", "stringListValue": ["pumps", "oil"]},
}


def retrieved(client, source, question, where=None):
    search = {"vectorSearchConfiguration": {"filter": where}} if where else {}
    return client("bedrock-agent-runtime").retrieve(
        knowledgeBaseId=source["knowledgeBaseId"], retrievalQuery={"text": question}, retrievalConfiguration=search
    )["retrievalResults"]


def test_a_text_is_answered_at_once_and_soon_retrieved_with_its_metadata(client, desk):
    [taken] = desk.ingest(text("pumps", OIL, METADATA))
    assert (taken["status"], taken["identifier"]) == ("STARTING", identifier("pumps"))
    assert desk.done("pumps")["status"] == "INDEXED"
    [found] = retrieved(client, desk.source, "oil for the pump")
    assert found["location"] == {"type": "CUSTOM", "customDocumentLocation": {"id": "pumps"}}
    assert (found["content"]["text"], found["metadata"]["topics"]) == (OIL, ["pumps", "oil"])
    for key, value, count in (("year", 2026, 1), ("public", False, 1), ("team", "sales", 0)):
        assert len(retrieved(client, desk.source, "oil", {"equals": {"key": key, "value": value}})) == count


def test_bytes_are_read_by_their_media_type_and_one_bad_one_fails_alone(desk):
    desk.ingest(binary("good", OIL.encode(), "text/markdown"), binary("bad", b"FAIL encrypted", "text/plain"))
    assert desk.done("good")["status"] == "INDEXED"
    bad = desk.done("bad")
    assert (bad["status"], bad["statusReason"]) == ("FAILED", "It is said to be encrypted.")


@pytest.mark.parametrize("name", ["s3://bucket/key", "https://example.com/a?b=c", "a folder/", "文書 №1", "custom:x"])
def test_any_id_comes_back_as_it_was_given(client, desk, name):
    desk.ingest(text(name, OIL))
    assert desk.done(name)["identifier"]["custom"]["id"] == name
    [found] = retrieved(client, desk.source, "oil")
    assert found["location"] == {"type": "CUSTOM", "customDocumentLocation": {"id": name}}
    assert desk.delete(name)[0]["status"] == "DELETING"


def test_a_deleted_document_is_gone_and_a_missing_one_is_said_to_be(client, desk):
    desk.ingest(text("pumps", OIL))
    desk.done("pumps")
    assert [one["status"] for one in desk.delete("pumps", "nothing")] == ["DELETING", "NOT_FOUND"]
    until(lambda: desk.get("pumps")[0]["status"], lambda status: status == "NOT_FOUND")
    assert retrieved(client, desk.source, "oil") == []


def test_lists_have_pages(agent, desk):
    for start in range(0, 20, 10):
        desk.ingest(*(text(f"document {number:02}", OIL) for number in range(start, start + 10)))
    pages = agent.get_paginator("list_knowledge_base_documents")
    found = pages.paginate(**ids(desk.source), PaginationConfig={"PageSize": 7}).build_full_result()
    assert [one["identifier"]["custom"]["id"] for one in found["documentDetails"]] == [
        f"document {number:02}" for number in range(20)
    ]


def test_a_request_that_is_repeated_with_its_token_changes_nothing(desk, refused):
    token = "a-token-of-at-least-thirty-three-characters"
    first = desk.ingest(text("pumps", OIL), clientToken=token)
    desk.done("pumps")
    desk.delete("pumps")
    until(lambda: desk.get("pumps")[0]["status"], lambda status: status == "NOT_FOUND")
    assert desk.ingest(text("pumps", OIL), clientToken=token) == first
    assert desk.get("pumps")[0]["status"] == "NOT_FOUND"
    code, *_ = refused(
        desk.agent.ingest_knowledge_base_documents,
        **ids(desk.source),
        documents=[text("other", "Other.")],
        clientToken=token,
    )
    assert (code, desk.get("other")[0]["status"]) == ("ValidationException", "NOT_FOUND")


def test_an_ingestion_job_leaves_what_was_handed_over(make, desk):
    desk.ingest(text("pumps", OIL))
    desk.done("pumps")
    job = make.synced(desk.source)
    assert (job["status"], job["statistics"]["numberOfDocumentsDeleted"]) == ("COMPLETE", 0)
    assert desk.get("pumps")[0]["status"] == "INDEXED"


@pytest.mark.parametrize("reference", ["pumps", "a folder/"])
def test_the_content_can_be_fetched_for_some_minutes_by_whoever_has_the_address(client, desk, reference):
    desk.ingest(binary(reference, OIL.encode(), "text/plain"))
    desk.done(reference)
    runtime = client("bedrock-agent-runtime")
    given = runtime.get_document_content(**ids(desk.source), documentId=reference)
    assert (given["mimeType"], given["documentContentLength"]) == ("text/plain", len(OIL))
    reply = httpx.get(given["presignedUrl"])
    assert (reply.status_code, reply.text, reply.headers["content-type"]) == (200, OIL, "text/plain")
    assert reply.headers["content-disposition"].startswith("attachment")
    assert httpx.head(given["presignedUrl"]).headers["content-length"] == str(len(OIL))
    extracted = runtime.get_document_content(**ids(desk.source), documentId=reference, outputFormat="EXTRACTED")
    assert extracted["mimeType"] == "application/json"
    assert httpx.get(extracted["presignedUrl"]).json()["text"] == OIL


def test_the_content_of_a_file_of_a_folder_can_be_fetched_by_what_a_search_says_of_it(client, make):
    make.write("pumps.txt", OIL)
    source = make.source(make.base())
    make.synced(source)
    [found] = retrieved(client, source, "oil")
    for reference in (found["metadata"]["x-amz-bedrock-kb-source-uri"], found["metadata"]["x-outcrop-document-id"]):
        given = client("bedrock-agent-runtime").get_document_content(**ids(source), documentId=reference)
        assert httpx.get(given["presignedUrl"]).text == OIL


def test_an_address_of_ones_own_making_is_refused(server):
    reply = httpx.get(f"{server.url}/document-content/gAAAAABmade-up")
    assert (reply.status_code, reply.json()["__type"]) == (403, "AccessDeniedException")


def test_a_content_that_is_not_there_is_not_found(client, desk, refused):
    code, status, _ = refused(
        client("bedrock-agent-runtime").get_document_content, **ids(desk.source), documentId="nothing"
    )
    assert (code, status) == ("ResourceNotFoundException", 404)


def wrong(change):
    document = json.loads(json.dumps(text("pumps", OIL, METADATA)))
    change(document)
    return document


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: one["content"].update(s3={"s3Location": {"uri": "s3://b/k"}}), "content.s3 does not go with"),
        (lambda one: one["content"].update(dataSourceType="S3"), "content.s3 is required"),
        (lambda one: one["content"]["custom"].update(sourceType="S3_LOCATION"), "custom.s3Location is required"),
        (lambda one: one["content"]["custom"]["inlineContent"].update(type="BYTE"), "byteContent is required"),
        (lambda one: one["metadata"].update(type="S3_LOCATION"), "metadata.s3Location is required"),
        (lambda one: one["metadata"]["inlineAttributes"][0]["value"].update(type="NUMBER"), "numberValue is required"),
        (lambda one: one["metadata"]["inlineAttributes"][0].update(key="x-amz-bedrock-kb-chunk-id"), "reserved"),
        (lambda one: one["metadata"]["inlineAttributes"][0].update(key="year"), "given twice"),
        (
            lambda one: one["metadata"].update(accessControlList=[{"name": "a", "type": "USER", "access": "ALLOW"}]),
            "accessControlList is not supported",
        ),
    ],
)
def test_members_that_do_not_go_together_are_refused_by_name(agent, desk, refused, change, words):
    code, _, message = refused(agent.ingest_knowledge_base_documents, **ids(desk.source), documents=[wrong(change)])
    assert code == "ValidationException"
    assert words in message
    assert desk.get("pumps")[0]["status"] == "NOT_FOUND"


def test_a_document_twice_in_one_request_is_refused(agent, desk, refused):
    code, _, message = refused(
        agent.ingest_knowledge_base_documents, **ids(desk.source), documents=[text("a", OIL), text("a", "Other.")]
    )
    assert (code, "given twice" in message) == ("ValidationException", True)


def test_a_folder_is_given_no_documents_but_shows_its_own(agent, make, refused):
    make.write("pumps.txt", OIL)
    source = make.source(make.base())
    make.synced(source)
    code, _, message = refused(agent.ingest_knowledge_base_documents, **ids(source), documents=[text("a", OIL)])
    assert (code, "is a folder" in message) == ("ValidationException", True)
    [listed] = agent.list_knowledge_base_documents(**ids(source))["documentDetails"]
    [got] = agent.get_knowledge_base_documents(**ids(source), documentIdentifiers=[listed["identifier"]])[
        "documentDetails"
    ]
    assert got == listed
    assert listed["status"] == "INDEXED"


def test_more_documents_than_the_model_allows_are_refused(agent, desk, refused):
    documents = [text(str(number), OIL) for number in range(11)]
    code, _, message = refused(agent.ingest_knowledge_base_documents, **ids(desk.source), documents=documents)
    assert (code, "10" in message) == ("ValidationException", True)


@pytest.fixture
def bucket(s3):
    name = "documents-one-by-one"
    s3.create_bucket(Bucket=name)
    yield name
    for found in s3.list_objects_v2(Bucket=name).get("Contents", ()):
        s3.delete_object(Bucket=name, Key=found["Key"])
    s3.delete_bucket(Bucket=name)


@pytest.fixture
def put(s3, bucket):
    def put(key, body):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"

    return put


class TestWithS3:
    @pytest.fixture
    def services(self, whole, folder, s3_server):
        return whole.services(source_folders=(folder,), s3_endpoint=s3_server)

    def test_a_custom_document_is_fetched_from_s3_with_its_metadata(self, client, desk, put):
        desk.ingest(elsewhere("pumps", put("deep/pumps.txt", OIL.encode()), put("facts.json", sidecar(team="plant"))))
        assert desk.done("pumps")["status"] == "INDEXED"
        [found] = retrieved(client, desk.source, "oil")
        assert (found["location"]["type"], found["metadata"]["team"]) == ("CUSTOM", "plant")
        given = client("bedrock-agent-runtime").get_document_content(**ids(desk.source), documentId="pumps")
        assert httpx.get(given["presignedUrl"]).text == OIL

    def test_an_object_that_is_not_there_fails_its_document_with_the_reason(self, client, desk, bucket, put):
        desk.ingest(elsewhere("pumps", f"s3://{bucket}/nothing.txt"))
        seen = desk.done("pumps")
        assert (seen["status"], "not there" in seen["statusReason"]) == ("FAILED", True)
        desk.ingest(elsewhere("pumps", put("pumps.txt", OIL.encode())))
        assert desk.done("pumps")["status"] == "INDEXED"

    def test_metadata_that_cannot_be_had_leaves_the_document_as_it_was(self, client, desk, put):
        desk.ingest(text("pumps", OIL, METADATA))
        desk.done("pumps")
        document = text("pumps", "Another text.")
        document["metadata"] = {"type": "S3_LOCATION", "s3Location": {"uri": put("facts.json", b"not JSON")}}
        desk.ingest(document)
        seen = desk.done("pumps")
        assert (seen["status"], "cannot be used" in seen["statusReason"]) == ("METADATA_UPDATE_FAILED", True)
        [found] = retrieved(client, desk.source, "oil")
        assert (found["content"]["text"], found["metadata"]["team"]) == (OIL, "plant")

    def test_an_object_of_a_bucket_is_brought_up_to_date_alone(self, client, agent, make, bucket, put):
        configuration = {"type": "S3", "s3Configuration": {"bucketArn": f"arn:aws:s3:::{bucket}"}}
        source = make.source(make.base(), "bucket", configuration)
        uri, other = put("pumps.txt", OIL.encode()), put("valves.txt", b"Valves need no oil at all.")
        put("pumps.txt.metadata.json", sidecar(team="plant"))
        document = {"content": {"dataSourceType": "S3", "s3": {"s3Location": {"uri": uri}}}}
        named = {"dataSourceType": "S3", "s3": {"uri": uri}}
        desk = Desk(agent, source)
        assert desk.ingest(document)[0]["identifier"] == named

        def seen(identifier=named):
            given = agent.get_knowledge_base_documents(**ids(source), documentIdentifiers=[identifier])
            return given["documentDetails"][0]["status"]

        until(seen, lambda status: status == "INDEXED")
        [found] = retrieved(client, source, "oil")
        assert (found["location"], found["metadata"]["team"]) == (
            {"type": "S3", "s3Location": {"uri": uri}},
            "plant",
        )
        agent.delete_knowledge_base_documents(**ids(source), documentIdentifiers=[named])
        until(seen, lambda status: status == "NOT_FOUND")
        assert make.synced(source)["statistics"]["numberOfNewDocumentsIndexed"] == 2
        assert seen({"dataSourceType": "S3", "s3": {"uri": other}}) == "INDEXED"


def sidecar(**attributes):
    return json.dumps({"metadataAttributes": attributes}).encode()


def elsewhere(name, uri, metadata=None):
    custom = {
        "customDocumentIdentifier": {"id": name},
        "sourceType": "S3_LOCATION",
        "s3Location": {"uri": uri},
    }
    document = {"content": {"dataSourceType": "CUSTOM", "custom": custom}}
    if metadata is not None:
        document["metadata"] = {"type": "S3_LOCATION", "s3Location": {"uri": metadata}}
    return document
