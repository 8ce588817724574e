"""Responses through OpenAI's client: whole, streamed, gone on with, with functions, file search, JSON and thoughts."""

from __future__ import annotations

import base64
import json

import openai
import pytest
from pydantic import BaseModel
from tests.openai.conftest import script

from outcrop.core.chat import MediaBlock, ReasoningBlock, TextBlock, ToolChoice, ToolResult, ToolUse
from outcrop.core.errors import ModelFailed, Throttled

MODEL = "test.scripted-v1"
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n-an image").decode()
WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "The weather of a town.",
    "parameters": {"type": "object", "properties": {"town": {"type": "string"}}},
    "strict": False,
}
QUESTION = "How many days of paid leave do full-time employees receive?"


def say(client, said="Hello", **more):
    return client.responses.create(**{"model": MODEL, "input": said, **more})


def search_tool(server, **more):
    return {"type": "file_search", "vector_store_ids": [server.outcrop.knowledge_base("handbook").id], **more}


def test_a_response_comes_whole(client):
    model = script(["Good ", "day."])
    reply = say(client, instructions="Be brief.", metadata={"team": "docs"}, temperature=0.5, max_output_tokens=50)
    assert reply.output_text == "Good day."
    assert reply.status == "completed"
    assert reply.usage.total_tokens > 0
    assert reply.metadata == {"team": "docs"}
    request = model.requests[0]
    assert request.system == ("Be brief.",)
    assert (request.sampling.temperature, request.sampling.max_tokens) == (0.5, 50)


def test_a_streamed_response_tells_of_each_step_in_order(client):
    script(["Good ", "day."])
    events = list(say(client, stream=True))
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(10))
    assert events[-1].response.output_text == "Good day."


def test_the_client_streams_with_its_own_accumulator(client):
    script(["Good ", ToolUse(id="a", name="weather", arguments={"town": "Ulm"})])
    with client.responses.stream(model=MODEL, input="?", tools=[WEATHER]) as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()
    assert final.output[1].arguments == '{"town": "Ulm"}'


def test_every_kind_of_item_reaches_the_model(client):
    model = script(["Yes."])
    say(
        client,
        [
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": [
                {"type": "input_text", "text": "Look:"},
                {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"},
                {"type": "input_file", "file_data": f"data:application/pdf;base64,{PIXEL}", "filename": "a.pdf"},
            ]},
            {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"town": "Ulm"}'},
            {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "Rain"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It rains."}]},
            {"type": "message", "role": "user", "content": "So?"},
        ],
        tools=[WEATHER],
        tool_choice={"type": "function", "name": "weather"},
    )  # fmt: skip
    request = model.requests[0]
    assert request.system == ("Be kind.",)
    assert request.messages[0].content[1] == MediaBlock(media_type="image/png", data=base64.b64decode(PIXEL))
    assert request.messages[1].content == (ToolUse(id="c1", name="weather", arguments={"town": "Ulm"}),)
    assert request.messages[2].content == (ToolResult(id="c1", content=(TextBlock(text="Rain"),)),)
    assert [message.role for message in request.messages] == ["user", "assistant", "user", "assistant", "user"]
    assert request.tool_choice == ToolChoice(kind="tool", name="weather")


def test_a_conversation_goes_on_from_a_kept_response(client):
    model = script(["My name is Ada."], ["I said Ada."])
    first = say(client, "Who are you?")
    second = say(client, "Again?", previous_response_id=first.id)
    assert second.output_text == "I said Ada."
    said = [block.text for message in model.requests[1].messages for block in message.content]
    assert said == ["Who are you?", "My name is Ada.", "Again?"]


def test_functions_are_called_and_answered_over_kept_responses(client):
    calls = [ToolUse(id=f"c_{town}", name="weather", arguments={"town": town}) for town in ("Ulm", "Bonn")]
    model = script(calls, ["Rain in both."])
    first = say(client, "Weather?", tools=[WEATHER])
    assert [json.loads(item.arguments) for item in first.output] == [{"town": "Ulm"}, {"town": "Bonn"}]
    outputs = [{"type": "function_call_output", "call_id": item.call_id, "output": "Rain"} for item in first.output]
    second = say(client, outputs, tools=[WEATHER], previous_response_id=first.id)
    assert second.output_text == "Rain in both."
    assert [block.id for block in model.requests[1].messages[-1].content] == ["c_Ulm", "c_Bonn"]


def test_functions_are_answered_without_keeping_anything(client):
    model = script(
        [ReasoningBlock(text="Hm.", signature="sig"), ToolUse(id="c", name="weather", arguments={})], ["Rain."]
    )
    first = say(client, "Weather?", tools=[WEATHER], store=False, include=["reasoning.encrypted_content"])
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)
    history = [{"role": "user", "content": "Weather?"}, *first.output]
    say(client, [*history, {"type": "function_call_output", "call_id": "c", "output": "Rain"}], tools=[WEATHER])
    assert model.requests[1].messages[1].content[0] == ReasoningBlock(text="Hm.", signature="sig")


def test_kept_responses_are_shown_listed_and_deleted(client):
    script(["Good day."])
    made = say(client, "Hello")
    assert client.responses.retrieve(made.id).output_text == "Good day."
    assert [item.content[0].text for item in client.responses.input_items.list(made.id)] == ["Hello"]
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)
    with pytest.raises(openai.NotFoundError):
        say(client, previous_response_id=made.id)


def test_a_response_belongs_to_its_caller(client, server):
    script(["Secret."])
    made = say(client)
    with server.client(server.new_key("other")) as other:
        for use in (other.responses.retrieve, other.responses.delete, other.responses.input_items.list):
            with pytest.raises(openai.NotFoundError):
                use(made.id)
        with pytest.raises(openai.NotFoundError):
            say(other, previous_response_id=made.id)
    assert client.responses.retrieve(made.id).output_text == "Secret."


def test_thoughts_are_items_of_their_own(client):
    script([ReasoningBlock(text="Hm."), "Yes."])
    events = list(say(client, stream=True, reasoning={"effort": "low"}))
    assert "response.reasoning_text.delta" in [event.type for event in events]
    thought, message = events[-1].response.output
    assert (thought.type, thought.content[0].text) == ("reasoning", "Hm.")
    assert thought.encrypted_content is None
    assert message.content[0].text == "Yes."


class Person(BaseModel):
    name: str


def test_the_client_parses_an_answer_of_a_schema(client):
    model = script(['{"name": "Ada"}'])
    reply = client.responses.parse(model=MODEL, input="Who?", text_format=Person)
    assert reply.output_parsed == Person(name="Ada")
    assert model.requests[0].answer_strict


def test_files_are_searched_and_cited(client, server):
    model = script(
        [ToolUse(id="s1", name="file_search", arguments={"queries": ["paid leave days"]})],
        ["They receive 27 days [1]. ", "Not [9]."],
    )
    tool = search_tool(server, max_num_results=2)
    events = list(say(client, QUESTION, tools=[tool], stream=True, include=["file_search_call.results"]))
    search, message = events[-1].response.output
    assert (search.type, search.queries, search.status) == ("file_search_call", ["paid leave days"], "completed")
    assert search.results[0].filename == "leave.md"
    text = message.content[0]
    assert [(note.filename, text.text[note.index : note.index + 3]) for note in text.annotations] == [
        ("leave.md", "[1]")
    ]
    assert {"response.file_search_call.searching", "response.output_text.annotation.added"} <= {e.type for e in events}
    result = model.requests[1].messages[-1].content[0]
    assert "27 days" in result.content[0].value["passages"][0]["text"]


def test_what_a_search_found_is_only_shown_when_asked_for(client, server):
    script([ToolUse(id="s1", name="file_search", arguments={"queries": ["leave"]})], ["27 days [1]."])
    made = say(client, QUESTION, tools=[search_tool(server)])
    assert made.output[0].results is None
    assert client.responses.retrieve(made.id, include=["file_search_call.results"]).output[0].results


def test_a_model_does_not_search_for_ever(client, server):
    model = script([ToolUse(id="s1", name="file_search", arguments={"queries": ["leave"]})], [
        ToolUse(id="s2", name="file_search", arguments={"queries": "not a list"})], ["Enough."])  # fmt: skip
    reply = say(client, QUESTION, tools=[search_tool(server)], max_tool_calls=2, tool_choice="required")
    assert reply.output_text == "Enough."
    assert [request.tool_choice.kind for request in model.requests] == ["any", "auto", "none"]


def test_a_function_call_beside_a_search_is_left_to_the_caller(client, server):
    script([ToolUse(id="s", name="file_search", arguments={"queries": ["leave"]}),
            ToolUse(id="w", name="weather", arguments={})])  # fmt: skip
    reply = say(client, QUESTION, tools=[search_tool(server), WEATHER])
    assert sorted(item.type for item in reply.output) == ["file_search_call", "function_call"]


def test_a_filter_holds_for_the_search(client, server):
    script([ToolUse(id="s1", name="file_search", arguments={"queries": ["leave"]})], ["Nothing."])
    tool = search_tool(server, filters={"type": "eq", "key": "department", "value": "none"})
    reply = say(client, QUESTION, tools=[tool], include=["file_search_call.results"])
    assert reply.output[0].results == []


def test_a_knowledge_base_answers_with_citations(client):
    reply = say(client, QUESTION, model="kb/handbook")
    text = reply.output[0].content[0]
    assert "27 days of paid leave. [1]" in reply.output_text
    assert text.annotations[0].filename == "leave.md"
    assert reply.x_outcrop["available"]
    events = list(say(client, QUESTION, model="kb/handbook", stream=True))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == reply.output_text
    follow_up = say(client, "And who is it requested from?", model="kb/handbook", previous_response_id=reply.id)
    assert follow_up.x_outcrop["question"] != "And who is it requested from?"


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"truncation": "auto"}, "truncation"),
        ({"top_logprobs": 1}, "top_logprobs"),
        ({"service_tier": "priority"}, "service_tier"),
        ({"extra_body": {"surprise": 1}}, "surprise"),
        ({"temperature": 3}, "temperature"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"tools": [{"type": "file_search", "vector_store_ids": []}]}, "tools[0].vector_store_ids"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"input": []}, "input"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0]"),
        ({"input": [{"type": "function_call_output", "call_id": "x", "output": "y"}]}, "input[0].call_id"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "detail": "auto",
           "image_url": "http://169.254.169.254/"}]}]}, "input[0].content[0].image_url"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "http://localhost/"}]}]},
         "input[0].content[0].file_url"),
        ({"input": [{"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "forged"}]},
         "input[0].encrypted_content"),
        ({"input": {"role": "user"}}, "input"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.name"),
    ],
)  # fmt: skip
def test_what_is_wrong_or_not_supported_is_refused_by_its_path(client, given, param):
    script(["Never said."])
    with pytest.raises(openai.BadRequestError) as error:
        say(client, **given)
    assert error.value.param == param


def test_an_unknown_vector_store_is_not_found(client):
    script(["Never said."])
    with pytest.raises(openai.NotFoundError):
        say(client, tools=[{"type": "file_search", "vector_store_ids": ["NOTHING123"]}])


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_before_the_first_word_has_its_status(client, stream):
    script([Throttled("Too many.", 30)])
    with pytest.raises(openai.RateLimitError):
        say(client, stream=stream)


def test_a_failure_in_the_middle_of_a_stream_is_an_event(client):
    script(["Half ", ModelFailed("It broke off.")])
    last = list(say(client, stream=True))[-1]
    assert last.type == "response.failed"
    assert last.response.error.message == "It broke off."
