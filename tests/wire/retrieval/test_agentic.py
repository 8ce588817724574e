"""AgenticRetrieveStream: plans, searches, reads on and answers; every step is told, every citation is exact."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import EventStreamError
from tests.wire.retrieval.conftest import MOMENT, OTHER, WRITER

from outcrop.core.errors import Throttled
from outcrop.testing.small import BASE

QUOTES = "outcrop.extractive-v1"
ENOUGH = '{"why": "The passages tell it.", "searches": [], "read": []}'


def model(arn):
    configuration = {"modelConfiguration": {"modelArn": arn}}
    return {
        "foundationModelType": "CUSTOM",
        "foundationModelConfiguration": {
            "type": "BEDROCK_FOUNDATION_MODEL",
            "bedrockFoundationModelConfiguration": configuration,
        },
    }


def retriever(base=BASE, **overrides):
    more = {"retrievalOverrides": overrides} if overrides else {}
    return {"configuration": {"knowledgeBase": {"knowledgeBaseId": base.id, **more}}, "description": "papers"}


def asking(*messages, arn=WRITER, retrievers=None, configuration=None, **more):
    roles = ("user", "assistant") * len(messages)
    return {
        "messages": [{"role": role, "content": {"text": text}} for role, text in zip(roles, messages, strict=False)],
        "retrievers": retrievers or [retriever()],
        "agenticRetrieveConfiguration": {**model(arn), **(configuration or {})},
        **more,
    }


@pytest.fixture
def explore(runtime):
    """The events of a call."""

    def events(*messages, **more):
        found = list(runtime.agentic_retrieve_stream(**asking(*messages, **more))["stream"])
        assert [list(event) for event in found[-1:]] == [["result"]]
        return found

    return events


def steps(events):
    traces = [event["traceEvent"]["attributes"] for event in events if "traceEvent" in event]
    return [(one["step"], one["status"]) for one in traces]


def traced(events, step, status="SUCCEEDED"):
    traces = [event["traceEvent"]["attributes"] for event in events if "traceEvent" in event]
    return [one for one in traces if (one["step"], one["status"]) == (step, status)]


def streamed(events):
    return "".join(event["responseEvent"]["text"] for event in events if "responseEvent" in event)


def exact(result):
    """The cited parts of an answer with the passages that they name: spans end after their last character."""
    answer = result["generatedResponse"]["answer"]
    return [
        (answer[one["startIndex"] : one["endIndex"]],
         [result["results"][place["resultIndex"]]["content"]["text"] for place in one["references"]])
        for one in result["generatedResponse"]["citations"]
    ]  # fmt: skip


def test_a_model_plans_searches_reads_on_and_answers(explore, writes):
    plan = {"why": "Who is Keller?", "searches": [{"query": "Where is Anna Keller's office?", "sources": [1]}]}
    written = writes(json.dumps(plan), ENOUGH, "Anna Keller approves leave [1]. Her office is room 214 [2].")
    events = explore("Where is the one who approves leave?", retrievers=[retriever(maxNumberOfResults=2)])
    assert steps(events) == [
        ("SpeculativeRetrieval", "IN_PROGRESS"),
        ("SpeculativeRetrieval", "SUCCEEDED"),
        ("Planning", "IN_PROGRESS"),
        ("Planning", "SUCCEEDED"),
        ("Retrieval", "IN_PROGRESS"),
        ("Retrieval", "SUCCEEDED"),
        ("Planning", "IN_PROGRESS"),
        ("Planning", "SUCCEEDED"),
    ]
    action = traced(events, "Planning")[0]["actions"][0]["retrieve"]
    assert action["inputQuery"]["text"] == "Where is Anna Keller's office?"
    assert action["sourceRetrievers"] == [{"identifier": BASE.id}]
    searched = traced(events, "Retrieval")[0]
    assert searched["retrievalMetadata"] == [{"identifier": BASE.id, "retrievalType": "BedrockKnowledgeBase"}]
    assert "room 214" in searched["retrievalResponse"][0]["content"]["text"]
    result = events[-1]["result"]
    assert result["generatedResponse"]["answer"] == streamed(events)
    assert [part for part, _ in exact(result)] == ["Anna Keller approves leave.", "Her office is room 214."]
    assert "room 214" in exact(result)[1][1][0]
    assert "papers" in written.requests[0].messages[0].content[0].text
    assert "[passage 1 " in written.requests[0].messages[0].content[0].text


def test_a_step_has_an_id_of_its_own_and_its_time(explore, writes):
    writes(ENOUGH, "Anna Keller approves leave [1].")
    traces = [event["traceEvent"] for event in explore("Who approves leave?") if "traceEvent" in event]
    assert len({one["id"] for one in traces}) == len(traces)
    assert traces[0]["timestamp"] >= MOMENT.timestamp() * 1000
    assert traces == sorted(traces, key=lambda one: one["timestamp"])


def test_without_a_language_model_the_question_is_taken_apart_by_its_words(explore):
    events = explore("When does the canteen open and who approves leave?", arn=QUOTES)
    planning = traced(events, "Planning")[0]
    assert "No language model plans" in planning["message"]
    queries = [one["retrieve"]["inputQuery"]["text"] for one in planning["actions"]]
    assert queries == ["When does the canteen open", "who approves leave"]
    parts = exact(events[-1]["result"])
    assert parts[0][0] == "The canteen opens at noon and closes at two."
    assert parts[-1][0] == "Leave is approved by Anna Keller."
    assert all(text in passages[0] for text, passages in parts)


def test_what_stands_around_a_passage_is_read(explore):
    events = explore("Who approves leave?", arn=QUOTES)
    read = traced(events, "FullDocumentExpansion")
    assert read
    assert read[0]["actions"][0]["fullDocumentExpansion"]["sourceRetriever"] == {"identifier": BASE.id}


def test_several_knowledge_bases_are_searched(explore, writes):
    writes(ENOUGH, "The X-100 costs 400 euros [1].")
    events = explore("What does the X-100 cost?", retrievers=[retriever(), retriever(OTHER)])
    sources = {one["sourceRetriever"]["identifier"] for one in events[-1]["result"]["results"]}
    assert sources == {BASE.id, OTHER.id}
    assert "X-100" in events[-1]["result"]["results"][0]["content"]["text"]


def test_filters_and_limits_hold(explore):
    where = {"equals": {"key": "department", "value": "people"}}
    events = explore("leave canteen flights", arn=QUOTES, retrievers=[retriever(filter=where)], generateResponse=False)
    assert {one["metadata"]["department"] for one in events[-1]["result"]["results"]} == {"people"}
    few = [retriever(maxNumberOfResults=1)]
    events = explore(
        "canteen", arn=QUOTES, retrievers=few, generateResponse=False, configuration={"maxAgentIteration": 0}
    )
    assert len(events[-1]["result"]["results"]) == 1
    assert {step for step, _ in steps(events)} == {"SpeculativeRetrieval"}


def test_without_an_answer_wanted_none_is_written(explore, writes):
    written = writes(ENOUGH)
    events = explore("Who approves leave?", generateResponse=False)
    assert "generatedResponse" not in events[-1]["result"]
    assert streamed(events) == ""
    assert len(written.requests) == 1


def test_a_conversation_makes_the_question_whole(explore, writes):
    written = writes("Who approves paid leave?", ENOUGH, "Anna Keller approves leave [1].")
    events = explore("How much paid leave is there?", "Twenty-eight days.", "And who approves it?")
    assert "Who approves paid leave?" in traced(events, "Planning")[0]["message"]
    assert "Twenty-eight days." in written.requests[0].messages[0].content[0].text
    assert "Question: Who approves paid leave?" in written.requests[2].messages[0].content[0].text


def test_an_answer_that_nothing_supports_is_refused(explore, writes, settings):
    writes(ENOUGH, "Dragons live in caves.")
    events = explore("Where do dragons live?")
    assert events[-1]["result"]["generatedResponse"] == {"answer": settings.refusal, "citations": []}
    assert streamed(events).endswith(settings.refusal)


def test_a_plan_that_is_none_is_told_and_the_search_stands(explore, writes):
    writes("Let me think.", "Anna Keller approves leave [1].")
    events = explore("Who approves leave?")
    assert traced(events, "Planning", "FAILED")[0]["failures"] == [{"message": "The model wrote no plan."}]
    assert exact(events[-1]["result"])


def test_searches_end_with_the_iterations(explore, writes):
    plans = [json.dumps({"searches": [{"query": f"search {number}"}]}) for number in range(9)]
    writes(*plans[:2], "Anna Keller approves leave [1].")
    events = explore("Who approves leave?", configuration={"maxAgentIteration": 2})
    assert len(traced(events, "Retrieval")) == 2


def test_a_reranker_orders_the_results(explore):
    reranked = {"rerankingModelType": "MANAGED"}
    events = explore("Who approves leave?", arn=QUOTES, configuration=reranked, generateResponse=False)
    assert "approved by" in events[-1]["result"]["results"][0]["content"]["text"]


def test_the_servers_model_is_taken_where_none_is_named(runtime):
    given = asking("Who approves leave?")
    given["agenticRetrieveConfiguration"] = {"foundationModelType": "MANAGED"}
    events = list(runtime.agentic_retrieve_stream(**given)["stream"])
    assert exact(events[-1]["result"])[0][0] == "Leave is approved by Anna Keller."


def test_a_model_that_fails_ends_the_stream_with_its_error(runtime, writes):
    writes(ENOUGH, [Throttled()])
    stream = runtime.agentic_retrieve_stream(**asking("Who approves leave?"))["stream"]
    with pytest.raises(EventStreamError) as raised:
        list(stream)
    assert raised.value.response["Error"]["Code"] == "throttlingException"


def changed(**more):
    return asking("Who approves leave?", **more)


MEMORY = {"memoryId": "memory-0123456789", "sessionBinding": {"actorId": "a", "sessionId": "b"}}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (changed(memoryConfiguration=MEMORY), "memoryConfiguration is not supported"),
        (changed(userContext={"userId": "me"}), "userContext is not supported"),
        (changed(nextToken="abc"), "nextToken is not supported"),
        (
            changed(retrievalInstructionConfiguration={"retrievalInstructionId": "abc"}),
            "retrievalInstructionConfiguration is not supported",
        ),
        (
            changed(
                policyConfiguration={"bedrockGuardrailConfiguration": {"guardrailId": "a", "guardrailVersion": "1"}}
            ),
            "policyConfiguration is not supported",
        ),
        (changed(configuration={"maxAgentIteration": 11}), "iterations"),
        (changed(configuration={"foundationModelType": "MANAGED"}), "foundationModelConfiguration"),
        (changed(configuration={"rerankingModelType": "CUSTOM"}), "rerankingConfiguration is required"),
        (changed(arn="anthropic.claude-sonnet-9"), "There is no model"),
        (changed(retrievers=[retriever(maxNumberOfResults=101)]), "maxNumberOfResults"),
        (asking("Who?", "Anna."), "the last must be the user's"),
        (asking(" "), "content must have a text"),
        (changed(retrievers=[retriever()] * 26), "Between 1 and 25 retrievers"),
    ],
)
def test_what_cannot_be_is_named(runtime, refused, given, named):
    code, message = refused(runtime.agentic_retrieve_stream, **given)
    assert code == "ValidationException"
    assert named in message


def test_generate_query_says_that_there_is_no_table(runtime, refused):
    configuration = {"knowledgeBaseArn": f"arn:aws:bedrock:us-east-1:123456789012:knowledge-base/{BASE.id}"}
    code, message = refused(
        runtime.generate_query,
        queryGenerationInput={"type": "TEXT", "text": "How many?"},
        transformationConfiguration={
            "mode": "TEXT_TO_SQL",
            "textToSqlConfiguration": {"type": "KNOWLEDGE_BASE", "knowledgeBaseConfiguration": configuration},
        },
    )
    assert code == "ValidationException"
    assert f"GenerateQuery needs a knowledge base of the type SQL; {BASE.id} is of the type VECTOR" in message
