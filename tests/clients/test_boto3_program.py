"""A program on boto3 from an empty bucket to an answer, unmodified: the control plane and both runtimes together."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from tests.clients.conftest import Python, documented, opened

from outcrop.testing.chat_formats import Call
from outcrop.testing.s3_server import ACCESS

BUCKET = "documents"
PRESSURE = "s3://documents/pumps/p{}00.txt"
LOOK_UP = Call("call1", "look_up", '{"question": "Pressure of the P-300"}')


@pytest.fixture(scope="module")
def program(tmp_path_factory, serve, s3_server):
    """boto3 with a server that reads an S3 server, which the program itself also writes to."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    storage = boto3.client("s3", endpoint_url=s3_server, **keys)
    storage.create_bucket(Bucket=BUCKET)
    storage.put_object(Bucket=BUCKET, Key="readme.txt", Body=b"The reading room is open on Mondays.")
    storage.close()
    root = tmp_path_factory.mktemp("program")
    with opened(root, serve, OUTCROP_S3_ENDPOINT=s3_server, **ACCESS) as place:
        variables = {**place.variables, "AWS_ENDPOINT_URL_S3": s3_server, "BUCKET": BUCKET}
        yield Python(replace(place, variables=variables), Path(sys.prefix))


@pytest.fixture(scope="module")
def outcome(program):
    replies = (["The P-200 delivers seven bar. [2]"], [LOOK_UP], ["Ten bar."])
    return program.read("boto3_whole.py", *replies)


def test_the_program_of_the_page_ingests_a_bucket(program):
    assert program.run(documented("A knowledge base made by a program", "python")).startswith("COMPLETE ")


def test_the_first_ingestion_job_indexes_what_lies_under_the_prefix(outcome):
    assert outcome.found["first"] == ["COMPLETE", 3, 3, 0, 0, 0]


def test_filters_leave_the_documents_that_they_describe(outcome):
    first, second, third = (PRESSURE.format(number) for number in (1, 2, 3))
    assert {name: sorted(found) for name, found in outcome.found["filtered"].items()} == {
        "equals": [second],
        "in": [first, third],
        "not": [second, third],
        "range": [second],
        "either": [first],
        "list": [first],
    }


def test_the_answer_streams_with_citations_of_objects_in_the_bucket(outcome):
    assert "seven bar" in outcome.found["answer"]["text"]
    assert outcome.found["answer"]["cited"]
    assert set(outcome.found["answer"]["cited"]) <= {PRESSURE.format(number) for number in (1, 2, 3)}


def test_a_conversation_looks_things_up_in_the_knowledge_base(outcome):
    assert outcome.found["conversation"] == "Ten bar."
    [result] = [one["content"] for one in outcome.asked[-1]["messages"] if one["role"] == "tool"]
    assert PRESSURE.format(3) in str(result)


def test_a_document_that_is_handed_over_is_found_until_it_is_deleted(outcome):
    assert outcome.found["note"] == {"became": "INDEXED", "places": ["note-1"], "then": "NOT_FOUND"}


def test_the_second_ingestion_job_takes_in_only_what_changed(outcome):
    assert outcome.found["second"] == ["COMPLETE", 2, 0, 1, 1, 0]
    assert outcome.found["left"] == [PRESSURE.format(2), PRESSURE.format(3)]


def test_lists_are_paged(outcome):
    assert {"policies", "pumps"} <= set(outcome.found["listed"]["bases"])
    assert outcome.found["listed"]["jobs"] == ["COMPLETE", "COMPLETE"]


def test_a_deleted_knowledge_base_is_gone(outcome):
    assert outcome.found["deleted"] == "ResourceNotFoundException"
