"""A server that is killed in the middle of a job leaves nothing that runs for ever."""

from __future__ import annotations

import os
import signal
import time

import boto3
import pytest

PATIENCE = 120  # seconds
ROLE = "arn:aws:iam::123456789012:role/any"
MODEL = "outcrop.all-minilm-l6-v2"
pytestmark = pytest.mark.slow


@pytest.fixture
def docs(tmp_path):
    made = tmp_path / "docs"
    made.mkdir()
    for number in range(24):
        sentences = (f"Pump {number} of line {line} needs {line + 2} litres of oil a year." for line in range(60))
        (made / f"{number:02}.txt").write_text(" ".join(sentences))
    return made


def agent_of(server, client_of=boto3.client):
    key = {
        name.lower(): value for name, value in server.environment.items() if name.startswith("AWS_") and "KEY" in name
    }
    return client_of("bedrock-agent", endpoint_url=server.address, region_name="us-east-1", **key)


def until(look, wanted):
    deadline = time.monotonic() + PATIENCE
    while not wanted(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.02)
    return seen


def test_a_job_that_was_killed_is_failed_and_the_next_one_goes_on(serve, docs, tmp_path):
    data = tmp_path / "data"
    with serve(data=data, OUTCROP_SOURCE_FOLDERS=f'["{docs}"]') as server:
        key = server.environment
        agent = agent_of(server)
        vector = {"type": "VECTOR", "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": MODEL}}
        base = agent.create_knowledge_base(name="pumps", roleArn=ROLE, knowledgeBaseConfiguration=vector)
        connector = {"connectorParameters": {"type": "FOLDER", "path": str(docs)}}
        source = agent.create_data_source(
            knowledgeBaseId=base["knowledgeBase"]["knowledgeBaseId"],
            name="docs",
            dataSourceConfiguration={
                "type": "MANAGED_KNOWLEDGE_BASE_CONNECTOR",
                "managedKnowledgeBaseConnectorConfiguration": connector,
            },
        )["dataSource"]
        ids = {name: source[name] for name in ("knowledgeBaseId", "dataSourceId")}
        job = agent.start_ingestion_job(**ids)["ingestionJob"]["ingestionJobId"]
        look = lambda: agent.get_ingestion_job(**ids, ingestionJobId=job)["ingestionJob"]  # noqa: E731
        until(look, lambda now: now["status"] == "IN_PROGRESS")
        os.kill(server.pid, signal.SIGKILL)
    with serve(data=data) as server:
        agent = agent_of(type(server)(server.address, "", key, {}))
        left = agent.get_ingestion_job(**ids, ingestionJobId=job)["ingestionJob"]
        assert left["status"] == "FAILED"
        assert "The process that ran it was interrupted" in left["failureReasons"][0]
        job = agent.start_ingestion_job(**ids)["ingestionJob"]["ingestionJobId"]
        look = lambda: agent.get_ingestion_job(**ids, ingestionJobId=job)["ingestionJob"]  # noqa: E731
        ended = until(look, lambda now: now["status"] not in ("STARTING", "IN_PROGRESS"))
        assert (ended["status"], ended["statistics"]["numberOfDocumentsScanned"]) == ("COMPLETE", 24)
