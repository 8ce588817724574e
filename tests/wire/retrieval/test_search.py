"""Retrieve: every comparator, both searches, rerankers, filters that a model writes, pages."""

from __future__ import annotations

import pytest
from tests.wire.retrieval.conftest import WRITER

from outcrop.testing.small import BASE

RERANKER = "arn:aws:bedrock:us-east-1::foundation-model/outcrop.evidence-rerank-v1:0"


@pytest.fixture
def names(runtime):
    """The documents that a search gives, in order."""

    def search(text="paid leave flights canteen", **vector):
        reply = runtime.retrieve(
            knowledgeBaseId=BASE.id,
            retrievalQuery={"text": text},
            retrievalConfiguration={"vectorSearchConfiguration": {"numberOfResults": 10, **vector}},
        )
        return [one["location"]["s3Location"]["uri"].rpartition("/")[2] for one in reply["retrievalResults"]]

    return search


def compare(operator, key, value):
    return {operator: {"key": key, "value": value}}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (compare("equals", "department", "people"), {"leave.md", "keller.md"}),
        (compare("equals", "public", value=False), {"travel.md"}),
        (compare("notEquals", "department", "people"), {"travel.md", "canteen.md"}),
        (compare("greaterThan", "year", 2025), {"travel.md", "keller.md"}),
        (compare("greaterThanOrEquals", "year", 2025), {"leave.md", "travel.md", "keller.md"}),
        (compare("lessThan", "year", 2025), {"canteen.md"}),
        (compare("lessThanOrEquals", "year", 2025), {"leave.md", "canteen.md"}),
        (compare("in", "department", ["office", "travel"]), {"travel.md", "canteen.md"}),
        (compare("notIn", "department", ["office", "travel"]), {"leave.md", "keller.md"}),
        (compare("startsWith", "department", "tra"), {"travel.md"}),
        (compare("stringContains", "department", "ff"), {"canteen.md"}),
        (compare("stringContains", "tags", "light"), {"travel.md"}),
        (compare("listContains", "tags", "food"), {"canteen.md"}),
        ({"andAll": [compare("equals", "public", value=True), compare("equals", "year", 2025)]}, {"leave.md"}),
        ({"orAll": [compare("equals", "year", 2024), compare("equals", "year", 2025)]}, {"leave.md", "canteen.md"}),
        (
            {"andAll": [compare("equals", "public", value=True),
                        {"orAll": [compare("equals", "year", 2024), compare("listContains", "tags", "names")]}]},
            {"canteen.md", "keller.md"},
        ),
        (compare("equals", "x-amz-bedrock-kb-source-uri", "s3://papers/leave.md"), {"leave.md"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("search", ["HYBRID", "SEMANTIC"])
def test_every_comparator_holds_in_both_searches(names, where, found, search):
    assert set(names(filter=where, overrideSearchType=search)) == found


@pytest.mark.parametrize(
    ("where", "named"),
    [
        (compare("in", "year", 2025), "filter.in.value must be list"),
        (compare("startsWith", "year", 2025), "filter.startsWith.value must be text"),
        (compare("in", "year", [[1]]), "filter.in.value"),
        ({"andAll": [compare("in", "year", list(range(2000)))] * 2}, "filter.andAll[0].in.value"),
    ],
)
def test_a_filter_that_cannot_be_is_named(names, refused, where, named):
    code, message = refused(names, filter=where)
    assert code == "ValidationException"
    assert named in message


def test_a_filter_that_is_too_deep_is_refused(names, refused):
    where = compare("equals", "year", 2025)
    for _ in range(10):
        where = {"andAll": [where, where]} if len(str(where)) < 300 else {"andAll": [where, compare("in", "year", [1])]}
    code, message = refused(names, filter=where)
    assert (code, "levels" in message) == ("ValidationException", True)


def reranking(**more):
    configuration = {"modelConfiguration": {"modelArn": RERANKER}, **more}
    return {"type": "BEDROCK_RERANKING_MODEL", "bedrockRerankingConfiguration": configuration}


def test_a_reranker_keeps_the_best_of_what_was_found(names):
    question = "Who approves my days of leave?"
    assert len(names(question, rerankingConfiguration=reranking())) == 4
    assert names(question, rerankingConfiguration=reranking(numberOfRerankedResults=1)) == ["leave.md"]


def test_reranked_results_have_no_further_page(runtime):
    search = {"numberOfResults": 2, "rerankingConfiguration": reranking()}
    reply = runtime.retrieve(
        knowledgeBaseId=BASE.id,
        retrievalQuery={"text": "paid leave"},
        retrievalConfiguration={"vectorSearchConfiguration": search},
    )
    assert len(reply["retrievalResults"]) == 2
    assert "nextToken" not in reply


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        ({"selectionMode": "ALL"}, "leave.md"),
        (
            {
                "selectionMode": "SELECTIVE",
                "selectiveModeConfiguration": {"fieldsToInclude": [{"fieldName": "department"}]},
            },
            "leave.md",
        ),
    ],
)
def test_a_reranker_reads_the_chosen_metadata(names, fields, first):
    found = names("How many days of paid leave?", rerankingConfiguration=reranking(metadataConfiguration=fields))
    assert found[0] == first


@pytest.mark.parametrize(
    ("configuration", "named"),
    [
        ({"type": "BEDROCK_RERANKING_MODEL"}, "bedrockRerankingConfiguration is required"),
        (reranking(metadataConfiguration={"selectionMode": "SELECTIVE"}), "selectiveModeConfiguration"),
        (
            reranking(modelConfiguration={"modelArn": RERANKER, "additionalModelRequestFields": {"a": 1}}),
            "additionalModelRequestFields is not supported",
        ),
        (
            reranking(modelConfiguration={"modelArn": RERANKER.replace("outcrop.", "cohere.")}),
            "There is no model",
        ),
        (
            reranking(modelConfiguration={"modelArn": WRITER}),
            "is a model for chat; one for rerank is needed",
        ),
    ],
)
def test_a_reranker_that_cannot_be_is_named(names, refused, configuration, named):
    code, message = refused(names, rerankingConfiguration=configuration)
    assert code == "ValidationException"
    assert named in message


def implicit(model=WRITER):
    attributes = [
        {"key": "year", "type": "NUMBER", "description": "The year of the document"},
        {"key": "department", "type": "STRING", "description": "Whose document it is"},
    ]
    return {"modelArn": model, "metadataAttributes": attributes}


def test_a_model_makes_a_filter_of_the_question(names, writes):
    model = writes('Here it is: {"equals": {"key": "year", "value": 2024}}')
    assert names("What was there in 2024?", implicitFilterConfiguration=implicit()) == ["canteen.md"]
    said = model.requests[0].messages[0].content[0].text
    assert "The year of the document" in said
    assert "What was there in 2024?" in said


def test_an_implicit_filter_narrows_the_one_that_is_given(names, writes):
    writes('{"greaterThan": {"key": "year", "value": 2025}}')
    where = compare("equals", "department", "people")
    assert names(filter=where, implicitFilterConfiguration=implicit()) == ["keller.md"]


@pytest.mark.parametrize(
    "reply",
    [
        "{}",
        "I cannot.",
        '{"equals": {"key": "salary", "value": 1}}',
        '{"equals": {"key": "year", "value": "x"}}',
        "[" * 9,
    ],
)
def test_what_is_no_filter_over_the_attributes_narrows_nothing(names, writes, reply):
    writes(reply)
    assert len(names(implicitFilterConfiguration=implicit())) == 4


def test_a_model_that_quotes_makes_no_filter(names, refused):
    code, message = refused(names, implicitFilterConfiguration=implicit("outcrop.extractive-v1"))
    assert code == "ValidationException"
    assert "implicitFilterConfiguration.modelArn" in message


def test_an_image_is_refused_by_name(runtime, refused):
    image = {"type": "IMAGE", "image": {"inlineContent": b"x", "format": "png"}}
    code, message = refused(runtime.retrieve, knowledgeBaseId=BASE.id, retrievalQuery=image)
    assert code == "ValidationException"
    assert "image" in message


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"guardrailConfiguration": {"guardrailId": "abc", "guardrailVersion": "1"}}, "guardrailConfiguration"),
        ({"userContext": {"userId": "me"}}, "userContext"),
        ({"retrievalConfiguration": {"managedSearchConfiguration": {}}}, "managedSearchConfiguration"),
    ],
)
def test_what_is_not_supported_is_named(runtime, refused, more, named):
    code, message = refused(runtime.retrieve, knowledgeBaseId=BASE.id, retrievalQuery={"text": "leave"}, **more)
    assert code == "ValidationException"
    assert f"{named} is not supported" in message


def test_a_program_that_follows_the_tokens_itself_gets_every_passage_once(runtime):
    search = {
        "numberOfResults": 2,
        "overrideSearchType": "HYBRID",
        "filter": {"notEquals": {"key": "department", "value": "office"}},
    }
    given = {
        "knowledgeBaseId": BASE.id,
        "retrievalQuery": {"text": "leave flights people"},
        "retrievalConfiguration": {"vectorSearchConfiguration": search},
    }
    found, reply = [], runtime.retrieve(**given)
    found += reply["retrievalResults"]
    while token := reply.get("nextToken"):
        reply = runtime.retrieve(**given, nextToken=token)
        found += reply["retrievalResults"]
    names = [one["location"]["s3Location"]["uri"].rpartition("/")[2] for one in found]
    assert sorted(names) == ["keller.md", "leave.md", "travel.md"]
    scores = [one["score"] for one in found]
    assert scores == sorted(scores, reverse=True)
