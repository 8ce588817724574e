"""An unmodified boto3 client has texts embedded and put in order, with each family's own bodies."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest

TITAN_G1 = "amazon.titan-embed-text-v1"
TITAN = "amazon.titan-embed-text-v2:0"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
COHERE3 = "cohere.embed-english-v3"
COHERE4 = "cohere.embed-v4:0"
RERANK = "outcrop.evidence-rerank-v1:0"


def is_unit(vector):
    return len(vector) == 64 and abs(np.linalg.norm(vector) - 1) < 1e-5


def test_titan_g1_gives_one_vector(invoke):
    body, headers = invoke(TITAN_G1, {"inputText": "leave of employees"})
    assert body.keys() == {"embedding", "inputTextTokenCount"}
    assert is_unit(body["embedding"])
    assert headers["x-amzn-bedrock-input-token-count"] == str(body["inputTextTokenCount"])
    assert body["inputTextTokenCount"] > 0


def test_titan_v2_gives_numbers_and_bits(invoke):
    given = {"inputText": "leave", "dimensions": 64, "normalize": True, "embeddingTypes": ["binary", "float"]}
    body, _ = invoke(TITAN, given)
    assert body["embeddingsByType"]["float"] == body["embedding"]
    assert body["embeddingsByType"]["binary"] == [int(number > 0) for number in body["embedding"]]


def test_titan_v2_gives_numbers_alone_unless_asked(invoke):
    body, _ = invoke(TITAN, {"inputText": "leave"})
    assert body["embeddingsByType"].keys() == {"float"}


def test_nova_gives_one_vector(invoke):
    params = {"embeddingPurpose": "GENERIC_INDEX", "text": {"truncationMode": "END", "value": "leave"}}
    body, _ = invoke(NOVA, {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params})
    [only] = body["embeddings"]
    assert only["embeddingType"] == "TEXT"
    assert is_unit(only["embedding"])


def test_cohere_gives_a_vector_a_text(invoke):
    body, _ = invoke(COHERE3, {"texts": ["leave", "flights"], "input_type": "search_document", "truncate": "END"})
    assert (body["response_type"], body["texts"]) == ("embeddings_floats", ["leave", "flights"])
    assert all(is_unit(vector) for vector in body["embeddings"])
    assert body["embeddings"][0] != body["embeddings"][1]


def test_cohere_gives_vectors_of_every_type(invoke):
    kinds = ["float", "int8", "uint8", "binary", "ubinary"]
    given = {"texts": ["leave"], "input_type": "search_query", "embedding_types": kinds, "output_dimension": 64}
    body, _ = invoke(COHERE4, given)
    assert body["response_type"] == "embeddings_by_type"
    made = {kind: body["embeddings"][kind][0] for kind in kinds}
    assert made["int8"] == [round(number * 127) for number in made["float"]]
    assert [number - 128 for number in made["uint8"]] == made["int8"]
    bits = "".join(f"{number:08b}" for number in made["ubinary"])
    assert bits == "".join(str(int(number > 0)) for number in made["float"])
    assert [number + 128 for number in made["binary"]] == made["ubinary"]


def test_cohere_embeds_the_parts_of_an_input_together(invoke):
    parts = [{"type": "text", "text": "leave"}, {"type": "text", "text": "flights"}]
    body, _ = invoke(COHERE4, {"inputs": [{"content": parts}], "input_type": "search_document"})
    assert body["texts"] == ["leave\nflights"]
    assert len(body["embeddings"]) == 1


def test_texts_are_put_in_order(invoke, services):
    asyncio.run(services.models.rerank(RERANK, "a", ["b"], 1))  # the bundled model is made ready: clients wait 20 s
    texts = ["The canteen opens at noon.", "Leave is twenty-eight days a year.", "Flights are economy."]
    body, _ = invoke(RERANK, {"query": "How many days of leave?", "documents": texts, "top_n": 2, "api_version": 2})
    assert body["results"][0]["index"] == 1
    scores = [one["relevance_score"] for one in body["results"]]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("model", "given", "named"),
    [
        (TITAN_G1, {"inputText": "a", "dimensions": 64}, "dimensions is not supported"),
        (TITAN, {"inputText": "a", "dimensions": 256}, "dimensions must be 64, or left out"),
        (TITAN, {"inputText": "a", "normalize": False}, "normalize"),
        (TITAN, {"inputText": ""}, "inputText"),
        (COHERE3, {"texts": ["a"]}, "input_type is required"),
        (COHERE3, {"texts": ["a"] * 97, "input_type": "search_query"}, "texts"),
        (COHERE3, {"input_type": "search_query"}, "Give texts, or inputs"),
        (COHERE4, {"images": ["data:"], "input_type": "search_query"}, "images is not supported"),
        (
            COHERE4,
            {"texts": ["a"], "input_type": "search_query", "output_dimension": 256},
            "output_dimension must be 64",
        ),
        (RERANK, {"query": "a", "documents": []}, "documents"),
    ],
)
def test_what_is_wrong_in_a_body_is_named(invoke, refused, model, given, named):
    code, message = refused(lambda: invoke(model, given))
    assert code == "ValidationException"
    assert named in message


def test_a_model_that_embeds_does_not_stream(runtime, refused):
    body = json.dumps({"inputText": "a"})
    code, message = refused(lambda: runtime.invoke_model_with_response_stream(modelId=TITAN, body=body))
    assert code == "ValidationException"
    assert "does not stream" in message
