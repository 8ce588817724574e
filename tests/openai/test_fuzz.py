"""Whatever is sent to /v1, the reply is one of OpenAI's shape, never an error of the server's own."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.openai.conftest import script

from outcrop.openai.table import ROUTES

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
USER = {"role": "user", "content": [{"type": "text", "text": "Hello"}]}
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
WHERE = {"type": "eq", "key": "a", "value": 1}
AUTO = {"type": "auto"}
BODIES = {
    "/v1/chat/completions": {
        "model": "test.scripted-v1",
        "messages": [{"role": "system", "content": "x"}, USER, {"role": "assistant", "content": "y"}, USER],
        "tools": [FUNCTION],
        "tool_choice": "auto",
        "stop": ["x"],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
    },
    "/v1/responses": {
        "model": "test.scripted-v1",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "x"}]},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "x"},
        ],
        "tools": [
            {"type": "function", "name": "f", "parameters": {}},
            {
                "type": "file_search",
                "vector_store_ids": ["handbook"],
                "filters": {"type": "eq", "key": "a", "value": 1},
            },
        ],
        "text": {"format": {"type": "text"}},
        "store": False,
    },
    "/v1/embeddings": {"model": "outcrop.all-minilm-l6-v2", "input": ["x"], "encoding_format": "float"},
    "/v1/vector_stores/handbook/search": {
        "query": "leave",
        "filters": {"type": "and", "filters": [{"type": "in", "key": "a", "value": ["x"]}]},
        "ranking_options": {"ranker": "auto", "score_threshold": 0.1},
    },
    "/v1/vector_stores/handbook/files": {
        "file_id": "file-x",
        "attributes": {"a": 1},
        "chunking_strategy": {"type": "auto"},
    },
    "/v1/vector_stores/handbook/file_batches": {"file_ids": ["file-x"]},
}


def places(data, path=()):
    """Every place in a JSON value."""
    yield path
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, value in inner:
        yield from places(value, (*path, name))


def changed(data, path, value):
    """The value with another at a place."""
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = changed(data[path[0]], path[1:], value)
    return copy


@st.composite
def requests(draw):
    path = draw(st.sampled_from(sorted(BODIES)))
    body = BODIES[path]
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.sampled_from(sorted(places(body), key=str)))
        body = changed(body, place, draw(JSON))
    return path, body


@pytest.fixture(scope="module")
def http(server):
    script(["Fine."])
    with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {server.key}"}, timeout=60) as made:
        yield made


def judged(reply):
    assert reply.status_code < 500, reply.text
    if reply.status_code >= 400:
        error = reply.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert "Traceback" not in reply.text


@given(requests())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_breaks_an_endpoint(http, sent):
    path, body = sent
    judged(http.post(path, json=body))


@given(
    st.sampled_from(sorted(ROUTES)),
    st.text(min_size=1, max_size=30),
    st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=2),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_or_query_breaks_an_endpoint(http, route, text, query):
    method, path = route
    for part in ("{store}", "{file}", "{batch}", "{response}", "{model:path}"):
        path = path.replace(part, quote(text, safe="") or "x")
    judged(http.request(method, path, params=query))
