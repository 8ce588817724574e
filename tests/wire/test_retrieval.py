"""An unmodified boto3 client retrieves and asks."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, EventStreamError

from outcrop.app.adapters import LoadedAdapters
from outcrop.core.errors import IndexMissing, ModelFailed, Throttled, TimedOut
from outcrop.testing.small import BASE

EXTRACTIVE = "arn:aws:bedrock:us-east-1::foundation-model/outcrop.extractive-v1"


@pytest.fixture
def runtime(client):
    return client("bedrock-agent-runtime")


def asking(text, *, model=EXTRACTIVE, **base):
    return {
        "input": {"text": text},
        "retrieveAndGenerateConfiguration": {
            "type": "KNOWLEDGE_BASE",
            "knowledgeBaseConfiguration": {"knowledgeBaseId": BASE.id, "modelArn": model, **base},
        },
    }


def error_of(call):
    with pytest.raises(ClientError) as raised:
        call()
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


def test_retrieve_gives_passages_with_their_place(runtime):
    best = runtime.retrieve(knowledgeBaseId=BASE.id, retrievalQuery={"text": "business class flights"})[
        "retrievalResults"
    ][0]
    assert best["content"]["text"].startswith("Employees may book business class")
    assert best["location"] == {
        "type": "CUSTOM",
        "customDocumentLocation": {"id": "file:///handbook/travel.pdf"},
    }
    assert best["metadata"]["x-amz-bedrock-kb-document-page-number"] == 4
    assert best["metadata"]["department"] == "travel"
    assert best["score"] == 1.0


def test_a_knowledge_base_is_found_by_its_arn(runtime):
    arn = f"arn:aws:bedrock:us-east-1:123456789012:knowledge-base/{BASE.id}"
    assert runtime.retrieve(knowledgeBaseId=arn, retrievalQuery={"text": "flights"})["retrievalResults"]


def test_the_service_may_prefix_the_path(client, server):
    runtime = client("bedrock-agent-runtime", endpoint_url=f"{server.url}/bedrock-agent-runtime")
    assert runtime.retrieve(knowledgeBaseId=BASE.id, retrievalQuery={"text": "flights"})["retrievalResults"]


def test_a_filter_and_a_search_type_reach_the_search(runtime, services):
    found = runtime.retrieve(
        knowledgeBaseId=BASE.id,
        retrievalQuery={"text": "flights leave employee"},
        retrievalConfiguration={
            "vectorSearchConfiguration": {
                "overrideSearchType": "SEMANTIC",
                "numberOfResults": 100,
                "filter": {
                    "andAll": [
                        {"equals": {"key": "department", "value": "travel"}},
                        {"greaterThanOrEquals": {"key": "year", "value": 2026}},
                        {
                            "orAll": [
                                {"listContains": {"key": "tags", "value": "hotels"}},
                                {"in": {"key": "year", "value": ["x"]}},
                            ]
                        },
                    ]
                },
            }
        },
    )["retrievalResults"]
    assert [one["metadata"]["department"] for one in found] == ["travel"]
    assert services.answers.asked[-1].mode == "semantic"
    assert services.answers.asked[-1].limit == 100


def test_the_paginator_gives_every_passage_once(runtime):
    pages = runtime.get_paginator("retrieve").paginate(
        knowledgeBaseId=BASE.id,
        retrievalQuery={"text": "flights leave hostile"},
        retrievalConfiguration={"vectorSearchConfiguration": {"numberOfResults": 1}},
    )
    ids = [[one["metadata"]["x-amz-bedrock-kb-chunk-id"] for one in page["retrievalResults"]] for page in pages]
    assert [len(page) for page in ids] == [1, 1, 1, 1]
    assert len({page[0] for page in ids}) == 4


def test_a_token_of_another_question_is_refused(runtime):
    one = {"retrievalConfiguration": {"vectorSearchConfiguration": {"numberOfResults": 1}}}
    token = runtime.retrieve(knowledgeBaseId=BASE.id, retrievalQuery={"text": "flights leave"}, **one)["nextToken"]
    code, message = error_of(
        lambda: runtime.retrieve(knowledgeBaseId=BASE.id, retrievalQuery={"text": "leave"}, nextToken=token, **one)
    )
    assert code == "ValidationException"
    assert "nextToken" in message


def test_an_answer_has_citations_with_exact_spans(runtime):
    reply = runtime.retrieve_and_generate(**asking("business class flights?"))
    part = reply["citations"][0]["generatedResponsePart"]["textResponsePart"]
    assert reply["output"]["text"][part["span"]["start"] : part["span"]["end"] + 1] == part["text"]
    reference = reply["citations"][0]["retrievedReferences"][0]
    assert reference["metadata"]["x-outcrop-quote"] in reference["content"]["text"]
    assert reference["metadata"]["x-amz-bedrock-kb-document-page-number"] == 4
    assert reply["ResponseMetadata"]["HTTPHeaders"]["x-outcrop-available"] == "true"


def test_a_question_without_an_answer_is_refused_without_citations(runtime, services):
    reply = runtime.retrieve_and_generate(**asking("zebra?"))
    assert reply["output"]["text"] == services.settings.refusal
    assert reply["citations"] == []
    assert reply["ResponseMetadata"]["HTTPHeaders"]["x-outcrop-available"] == "false"


def test_a_session_goes_on(runtime):
    first = runtime.retrieve_and_generate(**asking("business class flights?"))
    second = runtime.retrieve_and_generate(**asking("And leave?"), sessionId=first["sessionId"])
    assert second["sessionId"] == first["sessionId"]


def test_settings_of_the_answer_reach_the_model(client, services):
    settings = services.settings.model_copy(update={"model": "openai:gpt-5-mini"})
    object.__setattr__(services, "models", LoadedAdapters(settings).models)
    generation = {
        "promptTemplate": {"textPromptTemplate": "Answer $query$ from $search_results$"},
        "inferenceConfig": {"textInferenceConfig": {"temperature": 0.5, "maxTokens": 50, "stopSequences": ["END"]}},
    }
    client("bedrock-agent-runtime").retrieve_and_generate(
        **asking("flights?", model="openai.gpt-5-mini", generationConfiguration=generation)
    )
    asked = services.answers.asked[-1]
    assert asked.model == "openai.gpt-5-mini"
    assert asked.prompt_template == "Answer $query$ from $search_results$"
    assert (asked.inference.temperature, asked.inference.max_tokens, asked.inference.stop) == (0.5, 50, ("END",))


def test_the_stream_gives_text_then_citations(runtime):
    reply = runtime.retrieve_and_generate_stream(**asking("business class flights?"))
    events = list(reply["stream"])
    assert len(reply["sessionId"]) >= 2
    texts = [event["output"]["text"] for event in events if "output" in event]
    assert len(texts) > 5
    assert "".join(texts) == "Employees may book business class on flights longer than six hours."
    assert events[-1]["citation"]["retrievedReferences"][0]["location"]["type"] == "CUSTOM"


def test_the_stream_forwards_each_piece_before_the_next_is_made(runtime, services, server):
    services.answers.hold = server.call(made(asyncio.Event))
    stream = iter(runtime.retrieve_and_generate_stream(**asking("business class flights?"))["stream"])
    assert next(stream) == {"output": {"text": "Employees "}}  # while the answer stands still
    server.loop.call_soon_threadsafe(services.answers.hold.set)
    assert len(list(stream)) > 5


def test_the_answer_is_cancelled_when_the_client_leaves(runtime, services, server):
    services.answers.hold = server.call(made(asyncio.Event))
    reply = runtime.retrieve_and_generate_stream(**asking("business class flights?"))
    next(iter(reply["stream"]))
    reply["stream"].close()
    server.call(asyncio.wait_for(services.answers.cancelled.wait(), timeout=20))


def test_the_session_of_a_stream_goes_on(runtime):
    reply = runtime.retrieve_and_generate_stream(**asking("business class flights?"))
    list(reply["stream"])
    again = runtime.retrieve_and_generate_stream(**asking("And leave?"), sessionId=reply["sessionId"])
    assert again["sessionId"] == reply["sessionId"]
    assert list(again["stream"])


def test_a_stream_without_an_answer_says_so(runtime, services):
    reply = runtime.retrieve_and_generate_stream(**asking("zebra?"))
    assert list(reply["stream"]) == [{"output": {"text": services.settings.refusal}}]


def test_an_error_before_the_first_word_has_its_own_status(runtime, services):
    services.answers.fails = Throttled()
    code, _ = error_of(lambda: runtime.retrieve_and_generate_stream(**asking("business class flights?")))
    assert code == "ThrottlingException"


def test_an_error_within_a_stream_is_an_exception_in_it(runtime, services):
    services.answers.fails, services.answers.fails_after_words = ModelFailed("It stopped."), 2
    stream = runtime.retrieve_and_generate_stream(**asking("business class flights?"))["stream"]
    seen = []
    with pytest.raises(EventStreamError, match="It stopped") as raised:
        seen.extend(stream)
    stream.close()
    assert len(seen) == 2
    assert raised.value.response["Error"]["Code"] == "dependencyFailedException"


def made(kind):
    async def make():
        return kind()

    return make()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (IndexMissing(), "ResourceNotFoundException"),
        (Throttled(), "ThrottlingException"),
        (TimedOut(), "DependencyFailedException"),
        (ModelFailed(), "DependencyFailedException"),
    ],
)
def test_errors_are_named_as_aws_names_them(runtime, services, error, code):
    services.answers.fails = error
    call = lambda: runtime.retrieve(knowledgeBaseId=BASE.id, retrievalQuery={"text": "x"})  # noqa: E731
    assert error_of(call) == (code, error.message)


def test_an_unforeseen_error_tells_nothing_of_its_cause(runtime, services):
    services.answers.fails = RuntimeError("the password is hunter2")
    code, message = error_of(lambda: runtime.retrieve(knowledgeBaseId=BASE.id, retrievalQuery={"text": "x"}))
    assert code == "InternalServerException"
    assert "hunter2" not in message


def test_an_unknown_knowledge_base_is_not_found(runtime):
    call = lambda: runtime.retrieve(knowledgeBaseId="NOSUCHBASE", retrievalQuery={"text": "x"})  # noqa: E731
    assert error_of(call)[0] == "ResourceNotFoundException"


def test_a_knowledge_base_is_not_found_by_its_name(client, services):
    services.knowledge_bases.base = replace(services.knowledge_bases.base, name="NAMEDLIKE1")
    call = lambda: client("bedrock-agent-runtime").retrieve(  # noqa: E731
        knowledgeBaseId="NAMEDLIKE1", retrievalQuery={"text": "x"}
    )
    assert error_of(call)[0] == "ResourceNotFoundException"


def search(**given):
    return {"retrievalConfiguration": {"vectorSearchConfiguration": given}}


GUARDRAIL = {"guardrailId": "a", "guardrailVersion": "1"}
IN_TEXT = {"in": {"key": "a", "value": "b"}}


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"retrievalQuery": {"text": " "}}, "retrievalQuery.text"),
        ({"retrievalQuery": {"text": "x", "type": "IMAGE"}}, "retrievalQuery.type"),
        ({"retrievalQuery": {"text": "x", "type": "SMELL"}}, "retrievalQuery.type must be one of TEXT, IMAGE"),
        ({"userContext": {"userId": "me"}}, "userContext is not supported"),
        ({"guardrailConfiguration": GUARDRAIL}, "guardrailConfiguration is not supported"),
        ({"retrievalConfiguration": {"managedSearchConfiguration": {}}}, "managedSearchConfiguration is not supported"),
        (search(numberOfResults=101), "vectorSearchConfiguration.numberOfResults must be at most 100"),
        (search(overrideSearchType="MAGIC"), "overrideSearchType must be one of HYBRID, SEMANTIC"),
        (search(filter=IN_TEXT), "filter.in.value must be list"),
        ({"nextToken": "a b"}, "nextToken must match the pattern"),
        ({"nextToken": "abc"}, "nextToken must be the one"),
    ],
)
def test_what_is_wrong_or_unsupported_is_named(runtime, parameters, named):
    given = {"knowledgeBaseId": BASE.id, "retrievalQuery": {"text": "x"}, **parameters}
    code, message = error_of(lambda: runtime.retrieve(**given))
    assert code == "ValidationException"
    assert named in message


@pytest.mark.parametrize(
    ("base", "named"),
    [
        ({"generationConfiguration": {"promptTemplate": {"textPromptTemplate": "x"}}}, "promptTemplate"),
        ({"generationConfiguration": {"inferenceConfig": {"textInferenceConfig": {"topP": 0.5}}}}, "topP"),
        ({"model": "anthropic.claude-sonnet-9"}, "outcrop.extractive-v1, outcrop.default-v1"),
    ],
)
def test_what_an_answer_cannot_take_into_account_is_named(runtime, base, named):
    code, message = error_of(lambda: runtime.retrieve_and_generate(**asking("flights?", **base)))
    assert code == "ValidationException"
    assert named in message


def test_an_operation_that_is_not_offered_is_refused_by_name(client):
    with pytest.raises(ClientError, match="does not offer ListFlows of bedrock-agent") as raised:
        client("bedrock-agent").list_flows()
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
