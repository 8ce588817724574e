"""An unmodified boto3 client adds, finds, changes and removes data sources."""

from __future__ import annotations

import pytest

from outcrop.core.errors import IndexMissing

FIXED = {
    "chunkingStrategy": "FIXED_SIZE",
    "fixedSizeChunkingConfiguration": {"maxTokens": 40, "overlapPercentage": 10},
}
HIERARCHICAL = {
    "chunkingStrategy": "HIERARCHICAL",
    "hierarchicalChunkingConfiguration": {
        "levelConfigurations": [{"maxTokens": 400}, {"maxTokens": 100}],
        "overlapTokens": 20,
    },
}
SEMANTIC = {
    "chunkingStrategy": "SEMANTIC",
    "semanticChunkingConfiguration": {"maxTokens": 200, "bufferSize": 1, "breakpointPercentileThreshold": 90},
}
S3 = {
    "type": "S3",
    "s3Configuration": {
        "bucketArn": "arn:aws:s3:::docs",
        "inclusionPrefixes": ["handbook/"],
        "bucketOwnerAccountId": "123456789012",
    },
}

WEB = {
    "type": "WEB",
    "webConfiguration": {
        "sourceConfiguration": {"urlConfiguration": {"seedUrls": [{"url": "https://example.com/docs/"}]}},
        "crawlerConfiguration": {
            "crawlerLimits": {"rateLimit": 30, "maxPages": 500},
            "inclusionFilters": [r".*\.pdf$"],
            "exclusionFilters": ["/drafts/"],
            "scope": "SUBDOMAINS",
            "userAgent": "handbook-crawler-1",
        },
    },
}


def connector(**parameters):
    name = "MANAGED_KNOWLEDGE_BASE_CONNECTOR"
    return {"type": name, "managedKnowledgeBaseConnectorConfiguration": {"connectorParameters": parameters}}


@pytest.fixture
def base(make):
    return make.base()


@pytest.mark.parametrize("chunking", [FIXED, HIERARCHICAL, SEMANTIC, {"chunkingStrategy": "NONE"}, None])
def test_what_was_said_of_a_data_source_comes_back(agent, make, base, chunking):
    form = {"vectorIngestionConfiguration": {"chunkingConfiguration": chunking}} if chunking else {}
    made = make.source(base, description="All documents.", dataDeletionPolicy="RETAIN", **form)
    assert (made["status"], made["dataDeletionPolicy"]) == ("AVAILABLE", "RETAIN")
    assert (made["name"], made["description"]) == ("docs", "All documents.")
    assert made["dataSourceConfiguration"] == make.folder_configuration()
    assert made.get("vectorIngestionConfiguration", {}).get("chunkingConfiguration") == chunking
    assert agent.get_data_source(**make.ids(made))["dataSource"] == made


@pytest.mark.parametrize(
    "configuration", [S3, WEB, {"type": "CUSTOM"}, connector(type="GIT", url="https://a.test/b.git")]
)
def test_every_kind_of_data_source_comes_back(make, base, configuration):
    made = make.source(base, configuration=configuration)
    assert made["dataSourceConfiguration"] == configuration
    assert made["dataDeletionPolicy"] == "DELETE"


def test_a_custom_source_has_nothing_to_sync(make, base):
    job = make.synced(make.source(base, configuration={"type": "CUSTOM"}))
    assert (job["status"], job["statistics"]["numberOfDocumentsScanned"]) == ("COMPLETE", 0)


@pytest.mark.parametrize(
    ("configuration", "complaint"),
    [
        ({"type": "WEB"}, "webConfiguration is required for the type WEB"),
        ({"type": "CONFLUENCE"}, "type CONFLUENCE is not supported"),
        ({"type": "SALESFORCE"}, "type SALESFORCE is not supported"),
        ({"type": "SHAREPOINT"}, "type SHAREPOINT is not supported"),
        ({"type": "S3"}, "s3Configuration is required"),
        ({"type": "S3", "s3Configuration": {"bucketArn": "docs"}}, "bucketArn must match the pattern"),
        ({**S3, "type": "CUSTOM"}, "s3Configuration does not go with the type CUSTOM"),
        ({"type": "MANAGED_KNOWLEDGE_BASE_CONNECTOR"}, "ConnectorConfiguration is required"),
        (connector(type="NOTION"), "it has: FOLDER, S3, WEB, GIT, OPENAPI"),
        (connector(type="WEB"), "needs its urls"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(make, base, refused, configuration, complaint):
    code, status, message = refused(make.source, base=base, configuration=configuration)
    assert (code, status) == ("ValidationException", 400)
    assert complaint in message


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        (
            {"parsingConfiguration": {"parsingStrategy": "BEDROCK_FOUNDATION_MODEL"}},
            "parsingStrategy BEDROCK_FOUNDATION_MODEL is not supported",
        ),
        (
            {"parsingConfiguration": {"parsingStrategy": "BEDROCK_DATA_AUTOMATION"}},
            "parsingStrategy BEDROCK_DATA_AUTOMATION is not supported",
        ),
        ({"chunkingConfiguration": {"chunkingStrategy": "FIXED_SIZE"}}, "fixedSizeChunkingConfiguration is required"),
        (
            {"chunkingConfiguration": {**FIXED, "chunkingStrategy": "NONE"}},
            "fixedSizeChunkingConfiguration does not go with the chunkingStrategy NONE",
        ),
        (
            {
                "chunkingConfiguration": {
                    "chunkingStrategy": "HIERARCHICAL",
                    "hierarchicalChunkingConfiguration": {
                        "levelConfigurations": [{"maxTokens": 100}, {"maxTokens": 400}],
                        "overlapTokens": 20,
                    },
                }
            },
            "the second level's maxTokens must be smaller",
        ),
        (
            {
                "contextEnrichmentConfiguration": {
                    "type": "BEDROCK_FOUNDATION_MODEL",
                }
            },
            "contextEnrichmentConfiguration is not supported by Outcrop",
        ),
    ],
)
def test_ingestion_that_is_not_supported_is_refused_by_name(make, base, refused, form, complaint):
    code, _, message = refused(make.source, base=base, vectorIngestionConfiguration=form)
    assert code == "ValidationException"
    assert complaint in message


def test_a_kms_key_is_taken_and_left_out(make, base):
    key = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
    made = make.source(base, serverSideEncryptionConfiguration={"kmsKeyArn": key})
    assert "serverSideEncryptionConfiguration" not in made


def test_a_folder_outside_of_what_is_allowed_is_denied(make, base, refused, tmp_path, folder):
    (tmp_path / "secret").mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    for path in (
        tmp_path / "secret",
        tmp_path,
        "/etc",
        folder / ".." / "secret",
        folder / "link",
        tmp_path / "nothing",
    ):
        code, status, message = refused(
            make.source, base=base, name="docs", configuration=make.folder_configuration(path=str(path))
        )
        assert (code, status) == ("AccessDeniedException", 403)
        assert f"Data sources may read: {folder}." in message
    (folder / "below").mkdir()
    make.source(base, name="below", configuration=make.folder_configuration(path=str(folder / "below")))


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"path": "docs"}, "named by its absolute path"),
        ({"path": 7}, "connectorParameters must be an object such as"),
        ({"type": "SHAREPOINT"}, "connectorParameters.type 'SHAREPOINT' is not supported"),
        ({"depth": 3}, "A folder has no setting 'depth'"),
        ({"include": "*.pdf"}, "must be a list"),
    ],
)
def test_a_folder_that_is_wrongly_described_is_refused(make, base, refused, parameters, complaint):
    code, _, message = refused(make.source, base=base, configuration=make.folder_configuration(**parameters))
    assert code == "ValidationException"
    assert complaint in message


def test_a_folder_that_is_not_there_is_refused(make, base, refused, folder):
    wrong = make.folder_configuration(path=str(folder / "none"))
    assert "There is no folder" in refused(make.source, base=base, configuration=wrong)[2]


def test_a_taken_name_is_a_conflict(make, base, refused):
    make.source(base)
    assert refused(make.source, base=base)[:2] == ("ConflictException", 409)


def test_the_paginator_lists_every_data_source_of_one_knowledge_base(agent, make, base):
    other = make.base("other")
    make.source(other)
    names = [make.source(base, name=f"docs-{number}")["name"] for number in range(3)]
    pages = agent.get_paginator("list_data_sources").paginate(
        knowledgeBaseId=base["knowledgeBaseId"], PaginationConfig={"PageSize": 2}
    )
    assert [one["name"] for page in pages for one in page["dataSourceSummaries"]] == names


def test_a_change_reaches_the_next_job(agent, make, base):
    make.write("a.txt", "one two three four five six seven eight nine ten " * 8)
    make.write("b.md", "Pumps need oil.")
    source = make.source(base)
    assert make.synced(source)["statistics"]["numberOfNewDocumentsIndexed"] == 2
    changed = agent.update_data_source(
        **make.ids(source),
        name="texts",
        dataSourceConfiguration=make.folder_configuration(include=["*.txt"]),
        vectorIngestionConfiguration={"chunkingConfiguration": FIXED},
    )["dataSource"]
    assert (changed["name"], changed["vectorIngestionConfiguration"]["chunkingConfiguration"]) == ("texts", FIXED)
    assert changed["updatedAt"] > source["updatedAt"]
    done = make.synced(source)["statistics"]
    assert (done["numberOfModifiedDocumentsIndexed"], done["numberOfDocumentsDeleted"]) == (1, 1)


def test_the_type_of_a_data_source_stays(agent, make, base, refused):
    source = make.source(base)
    wrong = {**make.ids(source), "name": "docs", "dataSourceConfiguration": {"type": "CUSTOM"}}
    assert refused(agent.update_data_source, **wrong)[0] == "ConflictException"


def retrieved(client, base):
    question = {"knowledgeBaseId": base["knowledgeBaseId"], "retrievalQuery": {"text": "Do pumps need oil?"}}
    return client("bedrock-agent-runtime").retrieve(**question)["retrievalResults"]


@pytest.mark.parametrize(("policy", "left"), [("DELETE", 0), ("RETAIN", 1)])
def test_the_deletion_policy_decides_what_stays_searchable(client, agent, make, base, policy, left):
    make.write("a.txt", "Pumps need oil.")
    source = make.source(base, dataDeletionPolicy=policy)
    make.synced(source)
    reply = agent.delete_data_source(**make.ids(source))
    assert (reply["dataSourceId"], reply["status"]) == (source["dataSourceId"], "DELETING")
    make.gone(agent.get_data_source, **make.ids(source))
    assert len(retrieved(client, base)) == left


@pytest.mark.parametrize(("policy", "kept"), [("DELETE", False), ("RETAIN", True)])
@pytest.mark.parametrize("first", [True, False])
def test_retained_points_outlive_their_knowledge_base(agent, make, base, server, whole, policy, kept, first):
    make.write("a.txt", "Pumps need oil.")
    source, other = make.source(base, dataDeletionPolicy=policy), make.source(base, name="again")
    make.synced(source)
    make.synced(other)
    if first:
        agent.delete_data_source(**make.ids(source))
        make.gone(agent.get_data_source, **make.ids(source))
    agent.delete_knowledge_base(knowledgeBaseId=base["knowledgeBaseId"])
    make.gone(agent.get_knowledge_base, knowledgeBaseId=base["knowledgeBaseId"])
    index = f"kb-{base['knowledgeBaseId'].lower()}"

    async def held():
        return [point async for points in whole.store.scan(index) for point in points]

    if not kept:
        with pytest.raises(IndexMissing):
            server.call(held())
        return
    assert {point.data_source_id for point in server.call(held())} == {source["dataSourceId"]}


def test_one_of_another_knowledge_base_is_not_found(agent, make, base, refused):
    source = make.source(make.base("other"))
    wrong = {"knowledgeBaseId": base["knowledgeBaseId"], "dataSourceId": source["dataSourceId"]}
    for call in (agent.get_data_source, agent.delete_data_source, agent.start_ingestion_job, agent.list_ingestion_jobs):
        assert refused(call, **wrong)[:2] == ("ResourceNotFoundException", 404)
