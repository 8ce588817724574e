"""An unmodified boto3 client sends each family's own bodies to models that talk, and reads them."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest
from botocore.exceptions import EventStreamError

from outcrop.core.chat import MediaBlock, ReasoningBlock, TextBlock, ToolChoice, ToolResult, ToolUse
from outcrop.core.errors import ModelFailed, TimedOut

CLAUDE = "anthropic.claude-3-5-sonnet-20241022-v2:0"
NOVA = "amazon.nova-lite-v1:0"
TITAN = "amazon.titan-text-express-v1"
LLAMA = "meta.llama3-1-8b-instruct-v1:0"
MISTRAL = "mistral.mistral-7b-instruct-v0:2"
OPENAI = "openai.gpt-oss-20b-1:0"
OTHER = "vendor.some-model-v1"
EVERY = (CLAUDE, NOVA, TITAN, LLAMA, MISTRAL, OPENAI)
PNG = b"\x89PNG\r\n\x1a\n and more"
PNG64 = base64.b64encode(PNG).decode()
CALL = ToolUse(id="call_1", name="weather", arguments={"city": "Bern"})
SCHEMA = {"type": "object", "properties": {"days": {"type": "integer"}}}


def asking(model):
    """A smallest body for a model."""
    messages = [{"role": "user", "content": "How many?"}]
    return {
        CLAUDE: {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": messages},
        NOVA: {"messages": [{"role": "user", "content": [{"text": "How many?"}]}]},
        TITAN: {"inputText": "How many?"},
        LLAMA: {"prompt": "How many?"},
        MISTRAL: {"prompt": "<s>[INST] How many? [/INST]"},
        OPENAI: {"messages": messages},
    }[model]


def words_of(model, body):
    """The words of a whole reply."""
    where = {
        CLAUDE: lambda: body["content"][0]["text"],
        NOVA: lambda: body["output"]["message"]["content"][0]["text"],
        TITAN: lambda: body["results"][0]["outputText"],
        LLAMA: lambda: body["generation"],
        MISTRAL: lambda: body["outputs"][0]["text"],
        OPENAI: lambda: body["choices"][0]["message"]["content"],
    }
    return where[model]()


def piece_of(model, chunk):
    """The words of a chunk."""
    where = {
        CLAUDE: lambda: chunk.get("delta", {}).get("text", ""),
        NOVA: lambda: chunk.get("contentBlockDelta", {}).get("delta", {}).get("text", ""),
        TITAN: lambda: chunk["outputText"],
        LLAMA: lambda: chunk["generation"],
        MISTRAL: lambda: chunk["outputs"][0]["text"],
        OPENAI: lambda: chunk["choices"][0]["delta"].get("content", ""),
    }
    return where[model]()


@pytest.mark.parametrize("model", EVERY)
def test_every_family_asks_and_answers(invoke, script, model):
    asked = script(["Twenty", "-eight."])
    body, headers = invoke(model, asking(model))
    assert words_of(model, body) == "Twenty-eight."
    assert asked.requests[0].messages[0].content == (TextBlock(text="How many?"),)
    assert headers["content-type"] == "application/json"
    assert headers["x-amzn-bedrock-input-token-count"] == "2"
    assert headers["x-amzn-bedrock-output-token-count"] == "2"
    assert int(headers["x-amzn-bedrock-invocation-latency"]) >= 0


@pytest.mark.parametrize("model", EVERY)
def test_every_family_streams_with_its_metrics_in_the_last_chunk(invoke_stream, script, model):
    script(["Twenty", "-eight."])
    *chunks, last = invoke_stream(model, asking(model))
    assert [piece for chunk in chunks if (piece := piece_of(model, chunk))] == ["Twenty", "-eight."]
    metrics = last["amazon-bedrock-invocationMetrics"]
    assert (metrics["inputTokenCount"], metrics["outputTokenCount"]) == (2, 2)
    assert 0 <= metrics["firstByteLatency"] <= metrics["invocationLatency"]
    assert not any("amazon-bedrock-invocationMetrics" in chunk for chunk in chunks)


@pytest.mark.parametrize("model", EVERY)
def test_the_first_token_reaches_the_client_before_the_model_has_its_second(runtime, script, server, model):
    second = server.call(made())
    script(["Twenty", second, "-eight."])
    body = runtime.invoke_model_with_response_stream(modelId=model, body=json.dumps(asking(model)))["body"]
    pieces = (piece for event in body if (piece := piece_of(model, json.loads(event["chunk"]["bytes"]))))
    assert next(pieces) == "Twenty"  # while the model stands still
    server.loop.call_soon_threadsafe(second.set)
    assert next(pieces) == "-eight."
    body.close()


async def made():
    return asyncio.Event()


def test_a_titan_reply_has_its_documented_shape(invoke, invoke_stream, script):
    model = script(["Yes."])
    config = {"temperature": 0.5, "topP": 0.9, "maxTokenCount": 50, "stopSequences": ["|"]}
    body, _ = invoke(TITAN, {"inputText": "User: a b\nBot: c\nUser: d\nBot:", "textGenerationConfig": config})
    result = {"tokenCount": 1, "outputText": "Yes.", "completionReason": "FINISHED"}
    assert body == {"inputTextTokenCount": 4, "results": [result]}
    asked = model.requests[0]
    assert [one.role for one in asked.messages] == ["user", "assistant", "user"]
    sampling = asked.sampling
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens, sampling.stop) == (0.5, 0.9, 50, ("|",))
    last = invoke_stream(TITAN, {"inputText": "a"})[-1]
    assert (last["completionReason"], last["totalOutputTextTokenCount"], last["index"]) == ("FINISHED", 1, 0)


def test_a_claude_completion_has_its_documented_shape(invoke, invoke_stream, script):
    model = script(["Yes."])
    given = {
        "prompt": "You are kind.\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:",
        "max_tokens_to_sample": 50,
        "stop_sequences": ["\n\nHuman:", "END"],
        "top_k": 7,
    }
    body, _ = invoke(CLAUDE, given)
    assert body == {"type": "completion", "completion": "Yes.", "stop_reason": "stop_sequence", "stop": "\n\nHuman:"}
    asked = model.requests[0]
    assert asked.system == ("You are kind.",)
    said = [(one.role, one.content[0].text) for one in asked.messages]
    assert said == [("user", "a"), ("assistant", "b"), ("user", "c")]
    assert (asked.sampling.stop, asked.sampling.top_k) == (("END",), 7)
    chunks = invoke_stream(CLAUDE, given)
    assert chunks[0] == {"type": "completion", "completion": "Yes.", "stop_reason": None, "stop": None}
    assert chunks[-1]["stop_reason"] == "stop_sequence"


def test_a_llama_reply_has_its_documented_shape(invoke, script):
    model = script(["Yes."])
    prompt = (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nWhat is it?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )
    body, _ = invoke(LLAMA, {"prompt": prompt, "max_gen_len": 50, "temperature": 0.5, "top_p": 0.9, "images": [PNG64]})
    assert body == {"generation": "Yes.", "prompt_token_count": 5, "generation_token_count": 1, "stop_reason": "stop"}
    asked = model.requests[0]
    assert asked.system == ("Be kind.",)
    assert asked.messages[0].content == (MediaBlock(media_type="image/png", data=PNG), TextBlock(text="What is it?"))


def claude(*content, **more):
    messages = [{"role": "user", "content": list(content) or "How many?"}]
    return {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": messages, **more}


def test_everything_of_a_claude_request_reaches_the_model(invoke, script):
    model = script(["Yes."])
    document = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(b"%PDF").decode()}
    invoke(
        CLAUDE,
        claude(
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG64}},
            {"type": "document", "source": document, "title": "Leave", "citations": {"enabled": False}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Ten."}},
            {"type": "text", "text": "What?", "cache_control": {"type": "ephemeral"}},
            system=[{"type": "text", "text": "Be kind."}],
            temperature=0.5,
            top_p=0.9,
            top_k=7,
            stop_sequences=["END"],
            tools=[{"name": "weather", "description": "d", "input_schema": SCHEMA}],
            tool_choice={"type": "tool", "name": "weather"},
            thinking={"type": "enabled", "budget_tokens": 1024},
            anthropic_beta=["something-2026"],
            metadata={"user_id": "u"},
            output_config={"format": {"type": "json_schema", "schema": SCHEMA}},
        ),
    )
    asked = model.requests[0]
    assert asked.messages[0].content == (
        MediaBlock(media_type="image/png", data=PNG),
        MediaBlock(media_type="application/pdf", data=b"%PDF", name="Leave"),
        MediaBlock(media_type="text/plain", data=b"Ten."),
        TextBlock(text="What?"),
    )
    assert asked.system == ("Be kind.",)
    assert (asked.tools[0].schema, asked.tool_choice) == (SCHEMA, ToolChoice(kind="tool", name="weather"))
    assert (asked.answer_schema, asked.extra) == (SCHEMA, {"thinking": {"type": "enabled", "budget_tokens": 1024}})
    assert (asked.sampling.top_k, asked.sampling.stop) == (7, ("END",))


def test_a_claude_conversation_goes_on_after_calls_and_thoughts(invoke, script):
    thoughts = [ReasoningBlock(text="Hm.", signature="sig"), ReasoningBlock(redacted=b"hidden")]
    model = script([*thoughts, CALL])
    tools = [{"name": "weather", "input_schema": SCHEMA}]
    body, _ = invoke(CLAUDE, claude(tools=tools))
    assert body["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
        {"type": "redacted_thinking", "data": "hidden"},
        {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Bern"}},
    ]
    assert (body["type"], body["role"], body["stop_reason"], body["stop_sequence"]) == (
        "message",
        "assistant",
        "tool_use",
        None,
    )
    assert body["model"] == "claude-3-5-sonnet-20241022"
    assert body["usage"]["output_tokens"] == 3
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "Rain.", "is_error": True}
    again = claude(tools=tools)
    again["messages"] += [{"role": "assistant", "content": body["content"]}, {"role": "user", "content": [result]}]
    invoke(CLAUDE, again)
    asked = model.requests[1].messages
    assert asked[1].content == (*thoughts, CALL)
    assert asked[2].content == (ToolResult(id="call_1", content=(TextBlock(text="Rain."),), failed=True),)


def test_the_events_of_a_claude_stream_come_in_its_own_order(invoke_stream, script):
    script([ReasoningBlock(text="Hm.", signature="sig"), ReasoningBlock(redacted=b"hidden"), "Yes.", CALL])
    chunks = invoke_stream(CLAUDE, claude(tools=[{"name": "weather", "input_schema": SCHEMA}]))
    started = chunks[0]["message"]
    thinking = {"type": "thinking", "thinking": "", "signature": ""}
    piece = {"type": "input_json_delta", "partial_json": '{"city": "Bern"}'}
    assert (chunks[0]["type"], started["content"], started["stop_reason"]) == ("message_start", [], None)
    assert chunks[1:-2] == [
        {"type": "content_block_start", "index": 0, "content_block": thinking},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "sig"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "redacted_thinking", "data": "hidden"}},
        {"type": "content_block_stop", "index": 1},
        {"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "Yes."}},
        {"type": "content_block_stop", "index": 2},
        {
            "type": "content_block_start",
            "index": 3,
            "content_block": {"type": "tool_use", "id": "call_1", "name": "weather", "input": {}},
        },
        {"type": "content_block_delta", "index": 3, "delta": piece},
        {"type": "content_block_stop", "index": 3},
    ]
    assert chunks[-2]["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert chunks[-2]["usage"]["output_tokens"] == 4
    assert chunks[-1]["type"] == "message_stop"


def test_a_nova_body_is_converses_own_form(invoke, invoke_stream, script):
    model = script([ReasoningBlock(redacted=b"hidden"), CALL])
    content = [{"image": {"format": "png", "source": {"bytes": PNG64}}}, {"text": "What?"}]
    given = {
        "schemaVersion": "messages-v1",
        "system": [{"text": "Be kind."}],
        "messages": [{"role": "user", "content": content}],
        "inferenceConfig": {"max_new_tokens": 50, "temperature": 0.5, "topP": 0.9, "topK": 7, "stopSequences": ["END"]},
        "toolConfig": {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": SCHEMA}}}]},
    }
    body, _ = invoke(NOVA, given)
    assert body["output"]["message"]["content"] == [
        {"reasoningContent": {"redactedContent": base64.b64encode(b"hidden").decode()}},
        {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {"city": "Bern"}}},
    ]
    assert body["stopReason"] == "tool_use"
    assert body["usage"]["totalTokens"] == 5
    asked = model.requests[0]
    assert asked.messages[0].content[0] == MediaBlock(media_type="image/png", data=PNG)
    assert (asked.system, asked.tools[0].schema) == (("Be kind.",), SCHEMA)
    assert (asked.sampling.max_tokens, asked.sampling.top_k, asked.sampling.stop) == (50, 7, ("END",))
    chunks = invoke_stream(NOVA, given)
    assert [next(iter(chunk)) for chunk in chunks] == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockStop",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]


def test_an_openai_body_asks_with_tools_and_images(invoke, invoke_stream, script):
    model = script(["Hm.", CALL])
    call = {"id": "call_0", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}
    given = {
        "messages": [
            {"role": "system", "content": "Be kind."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What?"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG64}"}},
                ],
            },
            {"role": "assistant", "content": None, "tool_calls": [call, {**call, "id": "call_1"}]},
            {"role": "tool", "tool_call_id": "call_0", "content": "Rain."},
            {"role": "tool", "tool_call_id": "call_1", "content": "Sun."},
        ],
        "max_completion_tokens": 50,
        "stop": "END",
        "seed": 3,
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}],
        "tool_choice": "required",
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}},
    }
    body, _ = invoke(OPENAI, given)
    choice = body["choices"][0]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", "Hm.")
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "weather", "arguments": '{"city": "Bern"}'}
    asked = model.requests[0]
    assert [one.role for one in asked.messages] == ["user", "assistant", "user"]
    assert asked.messages[0].content[1] == MediaBlock(media_type="image/png", data=PNG)
    assert [one.id for one in asked.messages[2].content] == ["call_0", "call_1"]
    assert (asked.system, asked.tool_choice.kind, asked.answer_schema) == (("Be kind.",), "any", SCHEMA)
    assert (asked.sampling.max_tokens, asked.sampling.stop, asked.sampling.seed) == (50, ("END",), 3)
    chunks = invoke_stream(OPENAI, given)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[2]["tool_calls"][0]["function"] == {"name": "weather", "arguments": ""}
    assert deltas[3]["tool_calls"][0]["function"] == {"arguments": '{"city": "Bern"}'}
    assert chunks[-1]["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def test_a_model_of_no_known_family_is_asked_in_openais_form_or_claudes(invoke, script):
    script(["Yes."])
    body, _ = invoke(OTHER, {"messages": [{"role": "user", "content": "How many?"}]})
    assert body["object"] == "chat.completion"
    body, _ = invoke(OTHER, claude())
    assert body["type"] == "message"


@pytest.mark.parametrize(
    ("model", "given", "named"),
    [
        (TITAN, {}, "inputText is required"),
        (TITAN, {"inputText": "a", "textGenerationConfig": {"temperature": 2}}, "textGenerationConfig.temperature: "),
        (
            TITAN,
            {"inputText": "a", "temperature": 0.5},
            "temperature is not supported by Outcrop",
        ),
        (CLAUDE, {**claude(), "max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        (CLAUDE, {"messages": []}, "anthropic_version is required"),
        (CLAUDE, claude(anthropic_version="x"), "anthropic_version: String should match"),
        (CLAUDE, claude(top_k=501), "top_k"),
        (CLAUDE, claude({"type": "video"}), "messages[0].content[0]"),
        (CLAUDE, claude({"type": "image", "source": {"type": "url", "url": "http://x"}}), "source"),
        (CLAUDE, claude(tools=[{"type": "bash_20250124", "name": "bash"}]), "tools[0].type"),
        (CLAUDE, claude(tool_choice={"type": "tool", "name": "x"}), "tool_choice.name must be the name of one"),
        (CLAUDE, {"prompt": "Hello", "max_tokens_to_sample": 5}, "prompt must hold a turn"),
        (NOVA, {"messages": [{"role": "user", "content": [{"txt": "a"}]}]}, "messages[0].content[0].txt is no member"),
        (NOVA, {"messages": [{"role": "user", "content": [{"text": "a"}]}], "inferenceConfig": {"topP": 2}}, "topP"),
        (LLAMA, {"prompt": "a", "max_gen_len": 0}, "max_gen_len"),
        (LLAMA, {"prompt": "a", "images": ["!"]}, "images[0] must be bytes in base64"),
        (LLAMA, {"prompt": "a", "images": [base64.b64encode(b"BM").decode()]}, "images[0] must be a PNG"),
        (MISTRAL, {"prompt": "a", "top_k": 0}, "top_k"),
        (OPENAI, {"messages": [{"role": "tool", "tool_call_id": "x", "content": "a"}]}, "x, which no"),
        (
            OPENAI,
            {"messages": [{"role": "user", "content": "a"}], "n": 2},
            "n: Input should be less than or equal to 1",
        ),
        (OPENAI, {"messages": [{"role": "user", "content": "a"}], "logit_bias": {}}, "logit_bias is not supported"),
    ],
)
def test_what_is_wrong_in_a_body_is_named(invoke, refused, model, given, named):
    code, message = refused(lambda: invoke(model, given))
    assert code == "ValidationException"
    assert named in message


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"guardrailIdentifier": "abc", "guardrailVersion": "1"}, "guardrailIdentifier is not supported"),
        ({"contentType": "image/png"}, "contentType must be application/json"),
        ({"accept": "image/png"}, "accept must be application/json"),
    ],
)
def test_what_is_wrong_beside_a_body_is_named(invoke, script, refused, more, named):
    script(["Yes."])
    code, message = refused(lambda: invoke(TITAN, asking(TITAN), **more))
    assert code == "ValidationException"
    assert named in message


def test_what_is_no_json_is_said_to_be_none(runtime, refused):
    assert refused(lambda: runtime.invoke_model(modelId=TITAN, body=b"{"))[0] == "SerializationException"
    assert refused(lambda: runtime.invoke_model(modelId=TITAN, body=b"[]"))[1] == "The body must be an object."


def test_how_a_request_was_served_is_said_in_the_reply(runtime, script):
    script(["Yes."])
    reply = runtime.invoke_model(
        modelId=TITAN, body=json.dumps(asking(TITAN)), performanceConfigLatency="optimized", serviceTier="flex"
    )
    assert (reply["performanceConfigLatency"], reply["serviceTier"]) == ("standard", "default")


def test_an_error_before_the_first_word_has_its_own_status(runtime, script, refused):
    script([ModelFailed("Nonsense.")])
    ask = lambda: runtime.invoke_model_with_response_stream(modelId=TITAN, body=json.dumps(asking(TITAN)))  # noqa: E731
    assert refused(ask) == ("ModelErrorException", "Nonsense.")


@pytest.mark.parametrize(
    ("error", "code"),
    [(ModelFailed("It broke off."), "modelStreamErrorException"), (TimedOut("Slow."), "modelTimeoutException")],
)
def test_an_error_within_a_stream_is_an_exception_in_it(runtime, script, error, code):
    script(["Twenty", error])
    body = runtime.invoke_model_with_response_stream(modelId=TITAN, body=json.dumps(asking(TITAN)))["body"]
    seen = []
    with pytest.raises(EventStreamError) as raised:
        seen.extend(body)
    body.close()
    assert len(seen) == 1
    assert raised.value.response["Error"] == {"Code": code, "Message": error.message}
