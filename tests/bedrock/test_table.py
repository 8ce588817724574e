"""Operations are declared in agreement with the service model, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from outcrop.bedrock.parse import Request
from outcrop.bedrock.render import WrongResult, renderer
from outcrop.bedrock.spec import UnknownOperation
from outcrop.bedrock.table import TABLE, WrongDeclaration, op, refused


async def takes_query(call, *, knowledgeBaseId, retrievalQuery):  # noqa: N803 # the wire's own names
    raise NotImplementedError


@pytest.fixture(autouse=True)
def table_stays_as_it_is():
    before = dict(TABLE)
    yield
    TABLE.clear()
    TABLE.update(before)


@pytest.mark.parametrize(("service", "name"), [("bedrock-agent-runtime", "Retreive"), ("s3", "GetObject")])
def test_an_unknown_operation_fails_at_once(service, name):
    with pytest.raises(UnknownOperation, match=name):
        op(service, name)


@pytest.mark.parametrize(
    ("accepts", "complaint"),
    [
        ((), "Say which members of RetrieveRequest.retrievalQuery are accepted"),
        (("retrievalQuery.words",), "has no member words"),
        (("retrievalQuery.text.more",), "has no members"),
        (("retrievalQuery.text", "nextToken"), "which its function does not take"),
    ],
)
def test_a_declaration_that_does_not_fit_fails_at_once(accepts, complaint):
    with pytest.raises(WrongDeclaration, match=complaint):
        op("bedrock-agent-runtime", "Retrieve", accepts=accepts)(takes_query)


def test_a_parameter_that_the_model_does_not_have_fails_at_once():
    async def retrieve(call, *, question):
        raise NotImplementedError

    with pytest.raises(WrongDeclaration, match="no member question"):
        op("bedrock-agent-runtime", "Retrieve")(retrieve)


def test_what_is_not_accepted_is_listed_as_refused():
    op("bedrock-agent-runtime", "Retrieve", accepts=("retrievalQuery.text",))(takes_query)
    assert list(refused(TABLE["bedrock-agent-runtime", "Retrieve"])) == [
        "guardrailConfiguration",
        "nextToken",
        "retrievalConfiguration",
        "retrievalQuery.image",
        "retrievalQuery.type",
        "userContext",
    ]


GET = ("bedrock-agent", "GetDataSource")
EXTENDED = {"DataSourceType": ("FOLDER",), "Id": ("file:.*",)}


async def takes_ids(call, *, dataSourceId, knowledgeBaseId):  # noqa: N803 # the wire's own names
    raise NotImplementedError


def test_enums_and_patterns_may_be_extended_for_one_operation():
    op(*GET, extends=EXTENDED)(takes_ids)
    entry = TABLE[GET]
    request = Request(method="GET", raw_path="/", query="", headers=(), body=b"")
    labels = {"knowledgeBaseId": "file:x", "dataSourceId": "ABCDEFGHIJ"}
    assert entry.parse(request, labels) == labels
    moment = datetime(2026, 1, 31, tzinfo=UTC)
    source = {
        "knowledgeBaseId": "ABCDEFGHIJ",
        "dataSourceId": "ABCDEFGHIJ",
        "name": "docs",
        "status": "AVAILABLE",
        "dataSourceConfiguration": {"type": "FOLDER"},
        "createdAt": moment,
        "updatedAt": moment,
    }
    assert b"FOLDER" in entry.render({"dataSource": source}).body
    with pytest.raises(WrongResult, match="must be one of S3"):
        renderer(entry.operation)({"dataSource": source})


def test_only_enums_and_patterns_can_be_extended():
    with pytest.raises(WrongDeclaration, match="extends DataSource, which has no enum"):
        op(*GET, extends={"DataSource": ("x",)})


def test_a_client_token_is_accepted_without_being_declared():
    async def create(call, *, name):
        raise NotImplementedError

    op("bedrock-agent", "CreateKnowledgeBase")(create)
    entry = TABLE["bedrock-agent", "CreateKnowledgeBase"]
    assert "clientToken" not in list(refused(entry))
