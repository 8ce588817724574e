"""Embeddings through OpenAI's client."""

from __future__ import annotations

import base64

import numpy as np
import openai
import pytest

MODEL = "outcrop.all-minilm-l6-v2"


def test_texts_become_unit_vectors_in_order(client):
    one = client.embeddings.create(model=MODEL, input="paid leave")
    many = client.embeddings.create(model=MODEL, input=["canteen", "paid leave"], dimensions=384, user="someone")
    assert [item.index for item in many.data] == [0, 1]
    assert np.allclose(many.data[1].embedding, one.data[0].embedding, atol=1e-5)
    assert np.isclose(np.linalg.norm(one.data[0].embedding), 1, atol=1e-3)
    assert one.usage.prompt_tokens == one.usage.total_tokens > 0


def test_both_encodings_say_the_same(client):
    plain = client.embeddings.create(model=MODEL, input="leave", encoding_format="float")
    coded = client.embeddings.with_raw_response.create(model=MODEL, input="leave", encoding_format="base64")
    text = coded.http_response.json()["data"][0]["embedding"]
    assert np.array_equal(np.frombuffer(base64.b64decode(text), "<f4"), np.float32(plain.data[0].embedding))


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"input": [1, 2, 3]}, "input"),
        ({"input": [[1, 2], [3]]}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input[1]"),
        ({"input": ["a"] * 2049}, "input"),
        ({"dimensions": 100}, "dimensions"),
        ({"encoding_format": "hex"}, "encoding_format"),
        ({"extra_body": {"surprise": 1}}, "surprise"),
    ],
)
def test_what_is_wrong_is_refused_by_its_path(client, given, param):
    with pytest.raises(openai.BadRequestError) as error:
        client.embeddings.create(**{"model": MODEL, "input": "leave", **given})
    assert error.value.param == param


def test_a_model_for_something_else_is_refused(client):
    with pytest.raises(openai.BadRequestError, match="not for embedding"):
        client.embeddings.create(model="outcrop.extractive-v1", input="leave")
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="text-embedding-3-small", input="leave")
