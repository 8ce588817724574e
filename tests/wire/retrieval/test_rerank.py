"""Rerank: texts and JSON documents in the order in which they answer."""

from __future__ import annotations

import pytest

from outcrop.bedrock.ops import rerank

RERANKER = "arn:aws:bedrock:us-east-1::foundation-model/outcrop.evidence-rerank-v1:0"
TEXTS = (
    "The canteen opens at noon.",
    "Leave is approved by Anna Keller.",
    "Every employee has twenty-eight days of paid leave a year.",
)


def text(words):
    return {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": words}}}


def of_json(value):
    return {"type": "INLINE", "inlineDocumentSource": {"type": "JSON", "jsonDocument": value}}


def asking(question, sources, model=RERANKER, **more):
    return {
        "queries": [{"type": "TEXT", "textQuery": {"text": question}}],
        "sources": sources,
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": {"modelConfiguration": {"modelArn": model}, **more},
        },
    }


def test_the_text_that_answers_comes_first_with_its_place_and_itself(runtime):
    results = runtime.rerank(**asking("How many days of paid leave?", list(map(text, TEXTS))))["results"]
    assert results[0]["index"] == 2
    assert results[0]["document"] == {"type": "TEXT", "textDocument": {"text": TEXTS[2]}}
    assert sorted(one["index"] for one in results) == [0, 1, 2]
    scores = [one["relevanceScore"] for one in results]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_as_many_come_as_are_wanted(runtime):
    sources = list(map(text, TEXTS))
    assert len(runtime.rerank(**asking("Leave?", sources, numberOfResults=2))["results"]) == 2
    assert len(runtime.rerank(**asking("Leave?", sources, numberOfResults=1000))["results"]) == 3


def test_json_documents_are_read_by_their_values(runtime):
    people = [{"name": "Bo", "role": {"title": "Cook"}}, {"name": "Anna Keller", "approves": ["leave", "travel"]}]
    results = runtime.rerank(**asking("Who approves leave?", list(map(of_json, people))))["results"]
    assert results[0]["index"] == 1
    assert results[0]["document"]["jsonDocument"] == people[1]


def test_the_paginator_gives_every_result_once(runtime, monkeypatch):
    monkeypatch.setattr(rerank, "PAGE_CHARACTERS", 70)  # what a page holds, not how it is made
    pages = list(runtime.get_paginator("rerank").paginate(**asking("Leave?", list(map(text, TEXTS)))))
    assert len(pages) > 1
    assert sorted(one["index"] for page in pages for one in page["results"]) == [0, 1, 2]


def test_a_token_of_another_request_is_refused(runtime, refused):
    code, message = refused(runtime.rerank, **asking("Leave?", [text("a b")]), nextToken="abc")
    assert (code, "nextToken" in message) == ("ValidationException", True)


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ({"type": "INLINE", "inlineDocumentSource": {"type": "TEXT"}}, "textDocument"),
        ({"type": "INLINE", "inlineDocumentSource": {"type": "JSON", "textDocument": {"text": "a"}}}, "jsonDocument"),
        ({"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {}}}, "textDocument.text"),
        (of_json({}), "something to read"),
        (of_json(nested(60)), "levels deep"),
    ],
)
def test_a_document_that_cannot_be_read_is_named(runtime, refused, source, named):
    code, message = refused(runtime.rerank, **asking("Leave?", [source]))
    assert code == "ValidationException"
    assert named in message


@pytest.mark.parametrize("model", ["cohere.rerank-v3-5:0", "outcrop.extractive-v1"])
def test_what_is_no_reranker_here_is_refused(runtime, refused, model):
    code, message = refused(runtime.rerank, **asking("Leave?", [text("a")], model))
    assert code == "ValidationException"
    assert model in message


def test_a_models_own_fields_are_refused_by_name(runtime, refused):
    given = asking("Leave?", [text("a")])
    bedrock = given["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    bedrock["modelConfiguration"]["additionalModelRequestFields"] = {"a": 1}
    code, message = refused(runtime.rerank, **given)
    assert (code, "additionalModelRequestFields is not supported" in message) == ("ValidationException", True)


def test_of_a_long_text_the_telling_part_is_read(runtime):
    filler = "The canteen opens at noon and serves soup. " * 300
    answer = "Leave is approved by Anna Keller."
    sources = [text(filler), text(f"{filler}{answer} {filler}"), text(filler[:500])]
    assert runtime.rerank(**asking("Who approves leave?", sources))["results"][0]["index"] == 1
