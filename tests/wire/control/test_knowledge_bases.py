"""An unmodified boto3 client makes, finds, changes and deletes knowledge bases."""

from __future__ import annotations

import uuid

import pytest

from outcrop.core.errors import Unavailable
from outcrop.core.records import ClientToken, DataSource, Document, IngestionJob

RDS = {
    "resourceArn": "arn:aws:rds:us-east-1:123456789012:cluster:house",
    "credentialsSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:house",
    "databaseName": "postgres",
    "tableName": "bedrock_integration.bedrock_kb",
    "fieldMapping": {
        "primaryKeyField": "id", "vectorField": "embedding", "textField": "chunks", "metadataField": "metadata",
    },
}  # fmt: skip


def test_a_folder_becomes_answers_by_boto3_alone(client, make):
    make.write("pumps.txt", "The pump needs four litres of oil a year.", {"team": "plant"})
    make.write("leave.txt", "Everyone has twenty-eight days of leave.")
    base = make.base()
    job = make.synced(make.source(base))
    assert job["status"] == "COMPLETE"
    assert job["statistics"]["numberOfNewDocumentsIndexed"] == 2
    found = client("bedrock-agent-runtime").retrieve(
        knowledgeBaseId=base["knowledgeBaseId"], retrievalQuery={"text": "How much oil does the pump need?"}
    )["retrievalResults"]
    assert found[0]["content"]["text"].startswith("The pump needs four litres")
    assert found[0]["metadata"]["team"] == "plant"


def test_what_was_said_of_a_knowledge_base_comes_back(agent, make):
    made = make.base("handbook", description="For all.", tags={"team": "plant"})
    assert made["status"] == "ACTIVE"
    assert (made["name"], made["description"], made["roleArn"]) == ("handbook", "For all.", make.role)
    assert made["knowledgeBaseConfiguration"] == make.vector
    assert made["knowledgeBaseArn"].endswith(f":knowledge-base/{made['knowledgeBaseId']}")
    assert agent.get_knowledge_base(knowledgeBaseId=made["knowledgeBaseId"])["knowledgeBase"] == made
    assert agent.list_tags_for_resource(resourceArn=made["knowledgeBaseArn"])["tags"] == {"team": "plant"}


@pytest.mark.parametrize("kind", ["OUTCROP_EMBEDDED", "OUTCROP_STORE:embedded"])
def test_a_store_may_be_named_and_is_given_back(agent, make, kind):
    made = make.base(storageConfiguration={"type": kind})
    assert made["status"] == "ACTIVE"
    assert made["storageConfiguration"] == {"type": kind}
    found = agent.get_knowledge_base(knowledgeBaseId=made["knowledgeBaseId"])["knowledgeBase"]
    assert found["storageConfiguration"] == {"type": kind}


@pytest.mark.parametrize(
    ("storage", "complaint"),
    [
        ({"type": "RDS"}, "rdsConfiguration is required for the type RDS"),
        ({"type": "NEPTUNE_ANALYTICS"}, "type NEPTUNE_ANALYTICS is not supported by Outcrop; it has: RDS"),
        ({"type": "RDS", "rdsConfiguration": RDS}, "type RDS is not configured on this server for 'arn:aws:rds:"),
        ({"type": "S3"}, "must be one of OPENSEARCH_SERVERLESS"),
    ],
)
def test_a_store_that_is_not_set_up_is_refused_by_name(make, refused, storage, complaint):
    code, status, message = refused(make.base, storageConfiguration=storage)
    assert (code, status) == ("ValidationException", 400)
    assert complaint in message


@pytest.mark.parametrize(
    ("configuration", "complaint"),
    [
        ({"type": "KENDRA"}, "type KENDRA is not supported"),
        ({"type": "MANAGED", "managedKnowledgeBaseConfiguration": {}}, "managedKnowledgeBaseConfiguration"),
        ({"type": "VECTOR"}, "vectorKnowledgeBaseConfiguration is required"),
        ({"type": "GRAPH"}, "must be one of VECTOR, KENDRA, SQL, MANAGED"),
        (
            {
                "type": "VECTOR",
                "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": "amazon.titan-embed-text-v2:0"},
            },
            "test.token-hash-model",
        ),
    ],
)
def test_a_configuration_that_is_not_supported_is_refused_by_name(make, refused, configuration, complaint):
    code, status, message = refused(make.base, knowledgeBaseConfiguration=configuration)
    assert (code, status) == ("ValidationException", 400)
    assert complaint in message


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ({"dimensions": 16}, None),
        ({"dimensions": 17}, "vectors of 16 numbers, not of 17"),
        ({"embeddingDataType": "FLOAT32"}, None),
        ({"embeddingDataType": "BINARY"}, "embeddingDataType BINARY is not supported"),
    ],
)
def test_the_vectors_are_as_asked_or_refused(make, refused, model, complaint):
    vector = {
        **make.vector["vectorKnowledgeBaseConfiguration"],
        "embeddingModelConfiguration": {"bedrockEmbeddingModelConfiguration": model},
    }
    configuration = {"type": "VECTOR", "vectorKnowledgeBaseConfiguration": vector}
    if complaint is None:
        assert make.base(knowledgeBaseConfiguration=configuration)["knowledgeBaseConfiguration"] == configuration
    else:
        assert complaint in refused(make.base, knowledgeBaseConfiguration=configuration)[2]


def test_a_model_is_named_by_its_id_or_an_arn(make):
    for number, name in enumerate(("test.token-hash-model", make.model)):
        vector = {"type": "VECTOR", "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": name}}
        assert make.base(f"base-{number}", knowledgeBaseConfiguration=vector)["knowledgeBaseConfiguration"] == vector


def test_a_taken_name_is_a_conflict(make, refused):
    make.base("handbook")
    assert refused(make.base, name="handbook")[:2] == ("ConflictException", 409)


def test_the_paginator_lists_every_knowledge_base_once(agent, make):
    names = [make.base(f"base-{number}")["name"] for number in range(5)]
    pages = list(agent.get_paginator("list_knowledge_bases").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["knowledgeBaseSummaries"]) for page in pages] == [2, 2, 1]
    assert [one["name"] for page in pages for one in page["knowledgeBaseSummaries"]] == names


def test_a_knowledge_base_is_renamed_and_its_configuration_stays(agent, make, refused):
    base = make.base("old", description="Old.")
    same = {name: base[name] for name in ("knowledgeBaseId", "knowledgeBaseConfiguration")}
    role = "arn:aws:iam::123456789012:role/another"
    changed = agent.update_knowledge_base(**same, name="new", roleArn=role)["knowledgeBase"]
    assert (changed["name"], changed["roleArn"], "description" in changed) == ("new", role, False)
    assert agent.get_knowledge_base(knowledgeBaseId=base["knowledgeBaseId"])["knowledgeBase"] == changed
    other = {"type": "VECTOR", "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": "amazon.titan-embed-text-v1"}}
    code, _, _ = refused(
        agent.update_knowledge_base,
        knowledgeBaseId=base["knowledgeBaseId"],
        name="new",
        roleArn=role,
        knowledgeBaseConfiguration=other,
    )
    assert code == "ValidationException"
    make.base("taken")
    assert refused(agent.update_knowledge_base, **same, name="taken", roleArn=role)[0] == "ConflictException"


def test_a_name_from_the_command_line_is_shown_in_bedrocks_characters(agent, server, services):
    base = server.call(services.knowledge_bases.create("Plant 2.1 handbook"))
    shown = agent.get_knowledge_base(knowledgeBaseId=base.id)["knowledgeBase"]
    assert shown["name"] == "Plant-2-1-handbook"
    assert shown["roleArn"].startswith("arn:aws:iam::")
    same = {name: shown[name] for name in ("knowledgeBaseId", "name", "roleArn", "knowledgeBaseConfiguration")}
    agent.update_knowledge_base(**same, description="Changed.")
    assert server.call(services.knowledge_bases.get(base.id)).name == "Plant 2.1 handbook"


@pytest.mark.parametrize("operation", ["get_knowledge_base", "delete_knowledge_base", "list_data_sources"])
def test_one_that_is_not_there_is_not_found(agent, refused, operation):
    assert refused(getattr(agent, operation), knowledgeBaseId="NOSUCHBASE")[:2] == ("ResourceNotFoundException", 404)


def test_the_same_token_makes_one_and_gives_the_same_reply(agent, make, refused):
    token = str(uuid.uuid4())
    first = make.base("handbook", clientToken=token)
    assert make.base("handbook", clientToken=token) == first
    assert len(agent.list_knowledge_bases()["knowledgeBaseSummaries"]) == 1
    code, status, message = refused(make.base, name="another", clientToken=token)
    assert (code, status) == ("ConflictException", 409)
    assert "token was used before" in message


def test_a_token_whose_request_was_refused_may_come_again(make, refused):
    token = str(uuid.uuid4())
    make.base("handbook")
    assert refused(make.base, name="handbook", clientToken=token)[0] == "ConflictException"
    assert make.base("another", clientToken=token)["name"] == "another"


def test_a_crash_before_the_reply_was_kept_makes_nothing_twice(agent, make, server, services):
    token = str(uuid.uuid4())
    first = make.base("handbook", clientToken=token)
    for one in server.call(services.metadata.page(ClientToken, None, None, 10)).records:
        server.call(services.metadata.delete(ClientToken, one.id))
    assert make.base("handbook", clientToken=token)["knowledgeBaseId"] == first["knowledgeBaseId"]
    assert len(agent.list_knowledge_bases()["knowledgeBaseSummaries"]) == 1


def test_the_same_holds_for_data_sources_and_jobs(agent, make, server, services):
    token = str(uuid.uuid4())
    base = make.base()
    source = make.source(base, clientToken=token)
    job = make.ended(make.start(source, clientToken=token))
    for one in server.call(services.metadata.page(ClientToken, None, None, 10)).records:
        server.call(services.metadata.delete(ClientToken, one.id))
    assert make.source(base, clientToken=token)["dataSourceId"] == source["dataSourceId"]
    assert make.start(source, clientToken=token)["ingestionJobId"] == job["ingestionJobId"]
    assert len(agent.list_data_sources(knowledgeBaseId=base["knowledgeBaseId"])["dataSourceSummaries"]) == 1
    assert len(agent.list_ingestion_jobs(**make.ids(source))["ingestionJobSummaries"]) == 1


def test_deleting_removes_everything(agent, make, server, services):
    make.write("a.txt", "Pumps need oil.")
    base = make.base(tags={"team": "plant"})
    make.synced(make.source(base))
    reply = agent.delete_knowledge_base(knowledgeBaseId=base["knowledgeBaseId"])
    assert (reply["knowledgeBaseId"], reply["status"]) == (base["knowledgeBaseId"], "DELETING")
    make.gone(agent.get_knowledge_base, knowledgeBaseId=base["knowledgeBaseId"])
    for kind in (DataSource, Document, IngestionJob):
        assert server.call(services.metadata.page(kind, None, None, 10)).records == ()
    assert make.base()["status"] == "ACTIVE"  # its name is free again


def test_a_deletion_that_fails_says_why_and_may_be_tried_again(agent, make, whole):
    base = make.base()
    drop = whole.store.drop

    async def fails(index):
        raise Unavailable("The store does not answer.")

    whole.store.drop = fails
    agent.delete_knowledge_base(knowledgeBaseId=base["knowledgeBaseId"])
    shown = make.until(
        lambda: agent.get_knowledge_base(knowledgeBaseId=base["knowledgeBaseId"])["knowledgeBase"],
        lambda now: now["status"] != "DELETING",
    )
    assert shown["status"] == "DELETE_UNSUCCESSFUL"
    assert "The store does not answer." in shown["failureReasons"][0]
    whole.store.drop = drop
    agent.delete_knowledge_base(knowledgeBaseId=base["knowledgeBaseId"])
    make.gone(agent.get_knowledge_base, knowledgeBaseId=base["knowledgeBaseId"])
