"""Chat completions of language models through OpenAI's client: whole, streamed, with tools, images, JSON and errors."""

from __future__ import annotations

import asyncio
import base64
import json

import openai
import pytest
from pydantic import BaseModel
from tests.openai.conftest import script

from outcrop.core.chat import MediaBlock, ReasoningBlock, TextBlock, ToolChoice, ToolResult, ToolUse
from outcrop.core.errors import ModelFailed, Throttled, Unavailable

MODEL = "test.scripted-v1"
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n-an image").decode()
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a town.",
        "parameters": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
        "strict": True,
    },
}


def say(client, text="Hello", **more):
    return client.chat.completions.create(**{"model": MODEL, "messages": [{"role": "user", "content": text}], **more})


def refusal(client, **more):
    script(["Never said."])
    with pytest.raises(openai.BadRequestError) as error:
        say(client, **more)
    return error.value


def test_a_reply_comes_whole(client):
    model = script(["Good ", "day."])
    reply = say(client, metadata={"team": "docs"}, user="someone")
    assert reply.choices[0].message.content == "Good day."
    assert reply.choices[0].finish_reason == "stop"
    assert reply.model == MODEL
    assert reply.id.startswith("chatcmpl-")
    assert reply.metadata == {"team": "docs"}
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0
    assert model.requests[0].messages[0].content == (TextBlock(text="Hello"),)


def test_a_streamed_reply_comes_piece_by_piece_while_the_model_still_writes(client, server):
    gate = server.outcrop.call(_event)
    script(["One ", gate, "two."])
    stream = say(client, stream=True, stream_options={"include_usage": True})
    assert next(stream).choices[0].delta.content == "One "  # the model waits: nothing is held back
    server.outcrop.call(_set, gate)
    rest = list(stream)
    assert rest[0].choices[0].delta.content == "two."
    assert rest[-2].choices[0].finish_reason == "stop"
    assert rest[-1].usage.completion_tokens > 0


async def _event():
    return asyncio.Event()


async def _set(event):
    event.set()


async def test_the_async_client_streams_too(server):
    script(["One ", "two."])
    async with server.async_client() as client:
        stream = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Count"}], stream=True
        )
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert text == "One two."


def test_every_kind_of_message_reaches_the_model(client):
    model = script(["Yes."])
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"town": "Ulm"}'}}
    say(
        client,
        tools=[WEATHER],
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
            {"role": "user", "content": [
                {"type": "text", "text": "Look:"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "low"}},
                {"type": "file", "file": {"file_data": PIXEL, "filename": "report.pdf"}},
            ]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "Rain"},
            {"role": "user", "content": "So?"},
        ],
    )  # fmt: skip
    request = model.requests[0]
    assert request.system == ("Be brief.", "Be kind.")
    asked, called, answered, last = request.messages
    assert asked.content[1] == MediaBlock(media_type="image/png", data=base64.b64decode(PIXEL))
    assert asked.content[2] == MediaBlock(media_type="application/pdf", data=base64.b64decode(PIXEL), name="report.pdf")
    assert called.content == (ToolUse(id="call_1", name="weather", arguments={"town": "Ulm"}),)
    assert answered.content == (ToolResult(id="call_1", content=(TextBlock(text="Rain"),)),)
    assert last.content == (TextBlock(text="So?"),)


def test_parallel_tool_calls_come_whole_and_are_answered(client):
    calls = [ToolUse(id=f"call_{town}", name="weather", arguments={"town": town}) for town in ("Ulm", "Bonn")]
    model = script(calls, ["Rain in both."])
    first = say(client, tools=[WEATHER], tool_choice="required", parallel_tool_calls=True)
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert message.content is None
    assert [json.loads(call.function.arguments) for call in message.tool_calls] == [{"town": "Ulm"}, {"town": "Bonn"}]
    results = [{"role": "tool", "tool_call_id": call.id, "content": "Rain"} for call in message.tool_calls]
    second = say(client, tools=[WEATHER], messages=[{"role": "user", "content": "Weather?"}, message, *results])
    assert second.choices[0].message.content == "Rain in both."
    assert model.requests[0].tool_choice == ToolChoice(kind="any", parallel=True)
    assert model.requests[0].tools[0].strict
    assert [block.id for block in model.requests[1].messages[-1].content] == ["call_Ulm", "call_Bonn"]


def test_tool_calls_stream_after_text_and_thoughts(client):
    script([ReasoningBlock(text="Hm."), "Let me see.", ToolUse(id="a", name="weather", arguments={"town": "Ulm"}),
            ToolUse(id="b", name="weather", arguments={"town": "Bonn"})])  # fmt: skip
    deltas = [chunk.choices[0].delta for chunk in say(client, tools=[WEATHER], stream=True)]
    assert deltas[0].reasoning_content == "Hm."
    assert "".join(delta.content or "" for delta in deltas) == "Let me see."
    arguments = {}
    for delta in deltas:
        for call in delta.tool_calls or ():
            arguments[call.index] = arguments.get(call.index, "") + (call.function.arguments or "")
    assert [json.loads(text) for text in arguments.values()] == [{"town": "Ulm"}, {"town": "Bonn"}]


def test_the_client_streams_with_its_own_accumulator(client):
    script(["Let me see.", ToolUse(id="a", name="weather", arguments={"town": "Ulm"})])
    with client.chat.completions.stream(
        model=MODEL, messages=[{"role": "user", "content": "?"}], tools=[WEATHER]
    ) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.tool_calls[0].function.arguments == '{"town": "Ulm"}'


class Person(BaseModel):
    name: str
    age: int


def test_the_client_parses_an_answer_of_a_schema(client):
    model = script(['{"name": "Ada", ', '"age": 36}'])
    reply = client.chat.completions.parse(
        model=MODEL, messages=[{"role": "user", "content": "Who?"}], response_format=Person
    )
    assert reply.choices[0].message.parsed == Person(name="Ada", age=36)
    assert model.requests[0].answer_schema["properties"]["age"]["type"] == "integer"
    assert model.requests[0].answer_strict


def test_a_json_object_may_be_asked_for(client):
    model = script(["{}"])
    say(client, response_format={"type": "json_object"})
    assert model.requests[0].answer_schema == {"type": "object"}


def test_all_sampling_reaches_the_model(client):
    model = script(["."])
    say(client, temperature=0.5, top_p=0.9, max_completion_tokens=7, seed=-3, stop=["a", "b"], presence_penalty=1,
        frequency_penalty=-1.5, reasoning_effort="low", verbosity="high")  # fmt: skip
    sampling = model.requests[0].sampling
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens, sampling.seed) == (0.5, 0.9, 7, -3)
    assert (sampling.stop, sampling.presence_penalty, sampling.frequency_penalty) == (("a", "b"), 1, -1.5)
    assert model.requests[0].extra == {"reasoning_effort": "low", "verbosity": "high"}


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": -0.1}, "temperature"),
        ({"top_p": 1.1}, "top_p"),
        ({"frequency_penalty": 3}, "frequency_penalty"),
        ({"presence_penalty": -3}, "presence_penalty"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": "7"}, "max_completion_tokens"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": ""}, "stop"),
        ({"seed": 2**64}, "seed"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format.json_schema.name"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [{"type": "function", "function": {"name": "has space"}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0].type"),
        ({"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "user", "content": "x", "mood": "good"}]}, "messages[0].mood"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "y"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
        ({"extra_body": {"surprise": 1}}, "surprise"),
        ({"extra_body": {"x_outcrop": {"results": 3}}}, "x_outcrop"),
        ({"extra_body": {"model": None}}, "model"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_its_path(client, given, param):
    assert refusal(client, **given).param == param


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"logit_bias": {"1": 5}}, "logit_bias"),
        ({"store": True}, "store"),
        ({"service_tier": "flex"}, "service_tier"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "alloy", "format": "wav"}}, "audio"),
        ({"prediction": {"type": "content", "content": "x"}}, "prediction"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"function_call": "auto"}, "function_call"),
    ],
)
def test_what_is_not_supported_is_refused_by_its_name(client, given, param):
    error = refusal(client, **given)
    assert (error.param, error.code) == (param, "unsupported_parameter")
    assert repr(param) in error.message


def test_members_that_ask_for_nothing_are_let_through(client):
    script(["Fine."])
    say(client, n=1, logprobs=False, store=False, service_tier="auto", modalities=["text"], logit_bias=None, stop=None)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/secret.png", "https://example.com/x.png", "file:///etc/passwd", "data:text/html;base64,aGk=",
     "data:image/png;base64,!!!", "data:image/png;base64,"],
)  # fmt: skip
def test_images_are_never_fetched_and_must_be_images(client, url):
    part = {"type": "image_url", "image_url": {"url": url}}
    error = refusal(client, messages=[{"role": "user", "content": [part]}])
    assert error.param == "messages[0].content[0].image_url.url"


def test_a_model_is_not_given_what_it_cannot_take(client):
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    error = refusal(client, model="test.blind-v1", messages=[{"role": "user", "content": [image]}])
    assert error.code == "unsupported_value"
    assert refusal(client, model="test.blind-v1", tools=[WEATHER]).code == "unsupported_value"
    assert refusal(client, model="outcrop.extractive-v1", tools=[WEATHER]).code == "unsupported_value"


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (Throttled("Too many.", 30), openai.RateLimitError, 429),
        (Unavailable("Gone.", 60), openai.InternalServerError, 503),
        (ModelFailed("Nonsense."), openai.InternalServerError, 503),
    ],
)
def test_a_providers_failure_has_openais_status(client, error, kind, status):
    script([error])
    for more in ({}, {"stream": True}):
        with pytest.raises(kind) as caught:
            say(client, **more)
        assert caught.value.status_code == status
        assert error.message in caught.value.message


def test_a_throttled_caller_is_told_when_to_come_back(client):
    script([Throttled("Too many.", 30)])
    with pytest.raises(openai.RateLimitError) as caught:
        say(client)
    assert caught.value.response.headers["retry-after"] == "30"


def test_a_failure_in_the_middle_of_a_stream_is_raised_by_the_client(client):
    script(["Half ", ModelFailed("It broke off.")])
    stream = say(client, stream=True)
    assert next(stream).choices[0].delta.content == "Half "
    with pytest.raises(openai.APIError, match="broke off"):
        list(stream)


def test_a_models_work_ends_when_the_client_leaves(client, server):
    gate = server.outcrop.call(_event)
    closed = server.outcrop.call(_event)
    model = script(["One ", gate, "two."])
    real = model.stream

    async def watched(request):
        try:
            async for event in real(request):
                yield event
        finally:
            closed.set()

    model.stream = watched
    try:
        with say(client, stream=True) as stream:
            next(stream)
        server.outcrop.call(closed.wait)
    finally:
        del model.stream
