"""A knowledge base as a model: cited answers in any OpenAI chat program."""

from __future__ import annotations

import openai
import pytest
from tests.openai.conftest import script

QUESTION = "How many days of paid leave do full-time employees receive?"


def ask(client, *messages, model="kb/handbook", **more):
    said = [
        {"role": "user" if number % 2 == 0 else "assistant", "content": text} for number, text in enumerate(messages)
    ]
    return client.chat.completions.create(model=model, messages=said, **more)


def test_an_answer_shows_its_sources_and_cites_exact_spans(client):
    message = ask(client, QUESTION).choices[0].message
    assert "27 days of paid leave. [1]" in message.content
    assert message.content.endswith("Sources:\n\n- [1] leave.md")
    citation = message.annotations[0].url_citation
    assert message.content[citation.start_index : citation.end_index] == "[1]"
    assert citation.title == "leave.md"
    assert citation.url.startswith("file:///")


def test_the_extension_says_exactly_what_supports_each_statement(client):
    reply = ask(client, QUESTION)
    found, content = reply.x_outcrop, reply.choices[0].message.content
    assert found["available"]
    cited = found["citations"][0]
    statement = found["answer"][cited["start"] : cited["end"]]
    assert statement == content[cited["content_start"] : cited["content_end"]]
    assert cited["references"][0]["quote"] in statement


def test_a_streamed_answer_is_the_same(client):
    whole = ask(client, QUESTION).choices[0].message
    chunks = list(ask(client, QUESTION, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.content
    last = chunks[-2].choices[0]
    assert last.finish_reason == "stop"
    assert last.delta.annotations == [one.model_dump() for one in whole.annotations]
    assert chunks[-1].usage.total_tokens == 0


def test_what_the_documents_do_not_say_is_not_available(client):
    reply = ask(client, "What is the capital of Mongolia?")
    assert reply.choices[0].message.content.startswith("Not available")
    assert not reply.x_outcrop["available"]
    streamed = ask(client, "What is the capital of Mongolia?", stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in streamed)
    assert text == reply.choices[0].message.content


def test_a_follow_up_leans_on_the_conversation_that_is_sent(client):
    first = ask(client, "When does the canteen open?").choices[0].message.content
    reply = ask(client, "When does the canteen open?", first, "And when does it close?")
    assert "canteen" in reply.x_outcrop["question"]
    assert reply.x_outcrop["available"]


def test_a_language_model_rewrites_a_follow_up_and_is_told_the_callers_instructions(client):
    model = script(["When does the canteen close?"], ["It closes ", "at three [1]."])
    said = [
        ("system", "Be brief."),
        ("user", "When does the canteen open?"),
        ("assistant", "At noon. [1]\n\nSources:\n\n- [1] x"),
        ("user", "And when does it close?"),
    ]
    reply = client.chat.completions.create(
        model="kb/handbook",
        messages=[{"role": role, "content": text} for role, text in said],
        extra_body={"x_outcrop": {"model": "test.scripted-v1"}},
    )
    rewriting, answering = model.requests
    assert "A: At noon.\n" in rewriting.messages[0].content[0].text
    assert "Be brief." in answering.system[0]
    assert reply.x_outcrop["question"] == "When does the canteen close?"
    assert reply.choices[0].message.content.startswith("It closes at three")
    assert reply.usage.completion_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_language_model_that_finds_nothing_says_so(client, stream):
    script(["NOT_", "AVAILABLE"])
    reply = ask(client, QUESTION, stream=stream, extra_body={"x_outcrop": {"model": "test.scripted-v1"}})
    if stream:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in reply)
    else:
        text = reply.choices[0].message.content
    assert text.startswith("Not available")


def test_each_statement_of_a_streamed_answer_gets_its_mark_in_place(client):
    said = "Employees receive 27 days of paid leave [1]. Leave is requested from Anna Keller [1]."
    script([said[at : at + 3] for at in range(0, len(said), 3)])
    reply = ask(client, QUESTION, stream=True, extra_body={"x_outcrop": {"model": "test.scripted-v1"}})
    text = "".join(chunk.choices[0].delta.content or "" for chunk in reply)
    assert text.startswith("Employees receive 27 days of paid leave. [1] Leave is requested from Anna Keller. [1]\n")


def test_a_filter_keeps_to_some_documents(client):
    where = {"stringContains": {"key": "x-amz-bedrock-kb-source-uri", "value": "canteen"}}
    reply = ask(client, QUESTION, extra_body={"x_outcrop": {"filter": where}})
    assert not reply.x_outcrop["available"]


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"seed": 1}, "seed"),
        ({"reasoning_effort": "low"}, "reasoning_effort"),
        ({"extra_body": {"x_outcrop": {"filter": {"nonsense": 1}}}}, None),
        ({"extra_body": {"x_outcrop": {"model": "no.such-model"}}}, "model"),
        ({"extra_body": {"x_outcrop": {"limit": 3}}}, "x_outcrop.limit"),
    ],
)
def test_what_a_knowledge_base_cannot_do_is_refused_by_name(client, given, param):
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as error:
        ask(client, QUESTION, **given)
    assert error.value.param == param


def test_an_image_or_a_conversation_without_a_question_is_refused(client):
    with pytest.raises(openai.BadRequestError, match="last message"):
        ask(client, QUESTION, "27 days.")
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    with pytest.raises(openai.BadRequestError, match="text alone"):
        client.chat.completions.create(model="kb/handbook", messages=[{"role": "user", "content": [image]}])
