"""Answers from a document in S3 that a question names."""

from __future__ import annotations

import pytest

QUOTES = "arn:aws:bedrock:us-east-1::foundation-model/outcrop.extractive-v1"
RULES = b"# Garden rules\n\nThe garden closes at 21:00. Dogs stay on a lead.\n"


@pytest.fixture
def settings(settings, s3_server):
    return settings.model_copy(update={"s3_endpoint": s3_server})


@pytest.fixture
def bucket(s3):
    s3.create_bucket(Bucket="garden-papers")
    s3.put_object(Bucket="garden-papers", Key="rules/2026 garden.md", Body=RULES)
    yield "garden-papers"
    s3.delete_object(Bucket="garden-papers", Key="rules/2026 garden.md")
    s3.delete_bucket(Bucket="garden-papers")


def asking(uri):
    source = {"sourceType": "S3", "s3Location": {"uri": uri}}
    return {
        "input": {"text": "When does the garden close?"},
        "retrieveAndGenerateConfiguration": {
            "type": "EXTERNAL_SOURCES",
            "externalSourcesConfiguration": {"modelArn": QUOTES, "sources": [source]},
        },
    }


def test_a_document_in_s3_is_fetched_read_and_cited(runtime, bucket):
    uri = f"s3://{bucket}/rules/2026 garden.md"
    reply = runtime.retrieve_and_generate(**asking(uri))
    part = reply["citations"][0]["generatedResponsePart"]["textResponsePart"]
    assert part["text"] == "The garden closes at 21:00."
    assert reply["output"]["text"][part["span"]["start"] : part["span"]["end"] + 1] == part["text"]
    location = reply["citations"][0]["retrievedReferences"][0]["location"]
    assert location == {"type": "S3", "s3Location": {"uri": uri}}


@pytest.mark.parametrize("place", ["{bucket}/rules/none.md", "no-such-bucket-here/rules/2026 garden.md"])
def test_an_object_that_is_not_there_is_named(runtime, refused, bucket, place):
    uri = f"s3://{place.format(bucket=bucket)}"
    code, message = refused(runtime.retrieve_and_generate, **asking(uri))
    assert code == "ValidationException"
    assert uri in message


def test_only_addresses_in_s3_are_taken(runtime, refused):
    code, message = refused(runtime.retrieve_and_generate, **asking("file:///etc/passwd"))
    assert code == "ValidationException"
    assert "s3Location.uri must match" in message
