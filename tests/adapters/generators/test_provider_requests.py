"""What providers are sent: media, documents, tools and their results, thoughts, schemas, fields of their own."""

from __future__ import annotations

import pytest

from outcrop.app.adapters import LoadedAdapters
from outcrop.core.chat import (
    ChatMessage,
    ChatRequest,
    JsonBlock,
    MediaBlock,
    ReasoningBlock,
    Sampling,
    TextBlock,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
)
from outcrop.core.errors import Invalid, Unreadable, Unsupported
from outcrop.core.settings import Settings
from outcrop.models.replies import whole
from outcrop.testing.cards import card
from outcrop.testing.chat_server import chat_server

PNG = MediaBlock(media_type="image/png", data=b"\x89PNG")
CSV = MediaBlock(media_type="text/csv", data=b"day,degrees\n1,7\n", name="weather")
SCHEMA = {"type": "object", "properties": {"day": {"type": "integer"}}, "required": ["day"]}
WEATHER = ToolSpec(name="weather", description="The weather of a day.", schema=SCHEMA)
AWS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
ENCODED = "iVBORw=="  # the image, in base64
OPENAI_LIKE = ["openai", "ollama", "groq", "mistral"]
PLACES = {"openai": "/v1", "ollama": "/v1", "mistral": "/mistral"}


@pytest.fixture
async def ask(monkeypatch):
    """Ask a family's model; what its server was sent."""
    for name, value in {**AWS, "SOME_KEY": "key"}.items():
        monkeypatch.setenv(name, value)
    adapters = LoadedAdapters(Settings(threads=1))

    with chat_server(["ok"]) as server:

        async def ask(family, request, name="some-model", **more):
            place = f"{server.address}{PLACES.get(family, '')}"
            key = None if family == "bedrock" else "SOME_KEY"
            model = adapters.chat_model(card(f"{family}:{name}", base_url=place, key_variable=key, **more))
            ask.reply = await whole(model.stream(request))
            return server.requests[-1]

        yield ask
    await adapters.close()


def says(*content, **more):
    return ChatRequest(messages=(ChatMessage(role="user", content=content),), **more)


@pytest.mark.parametrize("family", ["openai", "ollama", "groq", "mistral", "anthropic", "google", "bedrock"])
async def test_an_image_is_sent_as_it_is(ask, family):
    assert ENCODED in str(await ask(family, says(TextBlock(text="What is this?"), PNG)))


@pytest.mark.parametrize("family", [*OPENAI_LIKE, "anthropic", "cohere"])
async def test_a_document_that_a_model_cannot_read_is_sent_as_text(ask, family):
    sent = str(await ask(family, says(CSV, TextBlock(text="How warm?"))))
    assert "[document weather]" in sent
    assert "| day | degrees |" in sent


@pytest.mark.parametrize("family", ["anthropic", "google", "bedrock", "mistral"])
async def test_a_document_that_a_model_reads_is_sent_as_it_is(ask, family):
    pdf = MediaBlock(media_type="application/pdf", data=b"%PDF-1.4", name="report.pdf")
    assert "JVBERi0xLjQ=" in str(await ask(family, says(pdf, TextBlock(text="What?"))))


async def test_a_document_without_text_is_an_error(ask):
    with pytest.raises(Unreadable, match="empty"):
        await ask("groq", says(MediaBlock(media_type="text/csv", data=b"", name="nothing"), TextBlock(text="What?")))


CALLS = (
    ChatMessage(role="user", content=(TextBlock(text="How warm?"),)),
    ChatMessage(
        role="assistant",
        content=tuple(ToolUse(id=f"c{day}", name="weather", arguments={"day": day}) for day in (1, 2)),
    ),
    ChatMessage(
        role="user",
        content=(
            ToolResult(id="c1", content=(JsonBlock(value={"degrees": 7}),)),
            ToolResult(id="c2", content=(TextBlock(text="no such day"),), failed=True),
        ),
    ),
)


@pytest.mark.parametrize("family", [*OPENAI_LIKE, "anthropic", "google", "cohere", "bedrock"])
async def test_calls_and_results_go_back_together(ask, family):
    sent = str(await ask(family, ChatRequest(messages=CALLS, tools=(WEATHER,))))
    for word in ("c1", "c2", "degrees", "no such day", "weather", "The weather of a day."):
        assert word in sent


async def test_a_failed_result_is_marked_where_the_provider_has_a_mark(ask):
    messages = (await ask("anthropic", ChatRequest(messages=CALLS, tools=(WEATHER,))))["messages"]
    assert [block["is_error"] for block in messages[-1]["content"]] == [False, True]


async def test_a_result_without_its_call_is_refused(ask):
    with pytest.raises(Invalid, match="answers no call"):
        await ask("openai", says(ToolResult(id="c9", content=(TextBlock(text="7"),))))


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (ToolChoice(), "auto"),
        (ToolChoice(kind="any"), "required"),
        (ToolChoice(kind="none"), "none"),
        (ToolChoice(kind="tool", name="weather"), {"type": "function", "function": {"name": "weather"}}),
    ],
)
async def test_the_choice_of_tools_is_sent(ask, choice, sent):
    tools = (WEATHER, ToolSpec(name="tides", schema=SCHEMA))
    request = says(TextBlock(text="How warm?"), tools=tools, tool_choice=choice)
    assert (await ask("openai", request))["tool_choice"] == sent


async def test_a_tools_schema_is_sent_unchanged(ask):
    tools = (await ask("openai", says(TextBlock(text="How warm?"), tools=(WEATHER,))))["tools"]
    assert tools[0]["function"]["parameters"] == SCHEMA


async def test_a_schema_for_the_answer_is_sent_where_the_provider_knows_them(ask):
    sent = await ask("openai", says(TextBlock(text="Which day?"), answer_schema=SCHEMA), name="gpt-4o")
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize("family", ["groq", "cohere", "mistral"])
async def test_a_schema_for_the_answer_is_told_in_words_elsewhere(ask, family):
    assert "JSON" in str(await ask(family, says(TextBlock(text="Which day?"), answer_schema=SCHEMA)))


async def test_thoughts_go_back_with_their_signature(ask):
    thought = ChatMessage(
        role="assistant",
        content=(
            ReasoningBlock(text="Hm.", signature="signed"),
            ReasoningBlock(redacted=b"sealed"),
            TextBlock(text="Yes."),
        ),
    )
    user = ChatMessage(role="user", content=(TextBlock(text="And?"),))
    request = ChatRequest(messages=(user, thought, user))
    content = (await ask("anthropic", request))["messages"][1]["content"]
    assert content[0] == {"type": "thinking", "thinking": "Hm.", "signature": "signed"}
    assert content[1] == {"type": "redacted_thinking", "data": "sealed"}
    assert "sealed" not in str(await ask("openai", request))


async def test_fields_of_the_providers_own_are_handed_through(ask):
    extra = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    assert (await ask("anthropic", says(TextBlock(text="Why?"), extra=extra)))["thinking"] == extra["thinking"]
    with pytest.raises(Unsupported, match="no further fields: thinking"):
        await ask("cohere", says(TextBlock(text="Why?"), extra=extra))


async def test_a_server_of_ones_own_is_given_top_k(ask):
    sampled = says(TextBlock(text="Why?"), sampling=Sampling(top_k=7))
    assert (await ask("openai", sampled))["top_k"] == 7


async def test_sampling_that_a_provider_does_not_know_is_refused_by_name(ask):
    with pytest.raises(Unsupported, match="seed"):
        await ask("anthropic", says(TextBlock(text="Why?"), sampling=Sampling(seed=1)))


async def test_models_that_always_reason_are_asked_without_sampling_and_say_so(ask):
    sampled = says(TextBlock(text="Why?"), sampling=Sampling(temperature=0.5, max_tokens=9))
    assert "temperature" not in await ask("openai", sampled, name="gpt-5-mini")
    assert ask.reply.end.details["dropped"] == "temperature"


async def test_cached_tokens_are_told(ask):
    await ask("openai", says(TextBlock(text="Why?")))
    assert ask.reply.end.usage.cache_read_tokens == 3


@pytest.mark.parametrize("family", ["anthropic", "google", "bedrock"])
async def test_tokens_are_counted_by_providers_that_do(monkeypatch, family):
    for name, value in {**AWS, "SOME_KEY": "key"}.items():
        monkeypatch.setenv(name, value)
    with chat_server(["ok"]) as server:
        key = None if family == "bedrock" else "SOME_KEY"
        adapters = LoadedAdapters(Settings())
        model = adapters.chat_model(card(f"{family}:some-model", base_url=server.address, key_variable=key))
        assert await model.count(says(TextBlock(text="Why?"))) == 42
        await adapters.close()


async def test_counting_is_refused_by_name_where_the_provider_does_not(monkeypatch):
    monkeypatch.setenv("SOME_KEY", "key")
    model = LoadedAdapters(Settings()).chat_model(
        card("openai:m", base_url="http://127.0.0.1:9", key_variable="SOME_KEY")
    )
    with pytest.raises(Unsupported, match="openai:m does not tell"):
        await model.count(says(TextBlock(text="Why?")))
