"""A whole Outcrop behind a real server, and unmodified boto3 clients that make and change things on it."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

from outcrop.bedrock.app import bedrock_app
from outcrop.testing.serving import served
from outcrop.testing.whole import Whole

ROLE = "arn:aws:iam::123456789012:role/AmazonBedrockExecutionRoleForKnowledgeBase"
MODEL = "arn:aws:bedrock:us-east-1::foundation-model/test.token-hash-model"
VECTOR = {"type": "VECTOR", "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": MODEL}}
CONNECTOR = "managedKnowledgeBaseConnectorConfiguration"
ENDED = ("COMPLETE", "FAILED", "STOPPED")
PATIENCE = 20  # seconds


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "docs"
    made.mkdir()
    return made


@pytest.fixture
def whole(tmp_path):
    return Whole(tmp_path / "data")


@pytest.fixture
def services(whole, folder):
    return whole.services(source_folders=(folder,))


@pytest.fixture
def server(services):
    with served(lambda: bedrock_app(services)) as running:
        yield running
        running.call(services.jobs.close())


@pytest.fixture
def agent(client):
    return client("bedrock-agent")


@pytest.fixture
def refused():
    """The code, status and message of the error that a call ends with."""

    def caught(call, **parameters):
        with pytest.raises(ClientError) as raised:
            call(**parameters)
        reply = raised.value.response
        return reply["Error"]["Code"], reply["ResponseMetadata"]["HTTPStatusCode"], reply["Error"]["Message"]

    return caught


@pytest.fixture
def make(agent, folder):
    """Makes knowledge bases, data sources and jobs with the least that has to be said."""
    return Maker(agent, folder)


class Maker:
    role, model, vector = ROLE, MODEL, VECTOR

    def __init__(self, agent, folder):
        self.agent, self.folder = agent, folder

    def base(self, name="handbook", **more):
        given = {"roleArn": ROLE, "knowledgeBaseConfiguration": VECTOR, **more}
        return self.agent.create_knowledge_base(name=name, **given)["knowledgeBase"]

    def source(self, base, name="docs", configuration=None, **more):
        configuration = configuration or self.folder_configuration()
        made = self.agent.create_data_source(
            knowledgeBaseId=base["knowledgeBaseId"], name=name, dataSourceConfiguration=configuration, **more
        )
        return made["dataSource"]

    def folder_configuration(self, **more):
        """The declared extension for a folder of the server."""
        parameters = {"type": "FOLDER", "path": str(self.folder), **more}
        return {"type": "MANAGED_KNOWLEDGE_BASE_CONNECTOR", CONNECTOR: {"connectorParameters": parameters}}

    def write(self, name, text, metadata=None):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if metadata is not None:
            sidecar = path.with_name(f"{path.name}.metadata.json")
            sidecar.write_text(json.dumps({"metadataAttributes": metadata}))

    def start(self, source, **more):
        return self.agent.start_ingestion_job(**ids(source), **more)["ingestionJob"]

    def job(self, job):
        return self.agent.get_ingestion_job(**ids(job), ingestionJobId=job["ingestionJobId"])["ingestionJob"]

    def ended(self, job):
        return until(lambda: self.job(job), lambda now: now["status"] in ENDED)

    def synced(self, source):
        return self.ended(self.start(source))

    def until(self, look, wanted):
        return until(look, wanted)

    def ids(self, record):
        return ids(record)

    def gone(self, get, **parameters):
        """Wait until something that is being deleted is not found any more."""

        def missing():
            try:
                get(**parameters)
            except ClientError as error:
                return error.response["Error"]["Code"] == "ResourceNotFoundException"
            return False

        until(missing, bool)


def ids(record):
    return {name: record[name] for name in ("knowledgeBaseId", "dataSourceId")}


def until(look, wanted):
    """What one sees once it is as wanted, as a client polls."""
    deadline = time.monotonic() + PATIENCE
    while not wanted(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.01)
    return seen
