"""An unmodified boto3 client converses with a model."""

from __future__ import annotations

import json

import pytest

from outcrop.core.chat import JsonBlock, MediaBlock, ReasoningBlock, TextBlock, ToolChoice, ToolResult, ToolUse
from outcrop.core.errors import Denied, ModelFailed, Throttled, TimedOut, Unavailable

CLAUDE = "anthropic.claude-3-5-sonnet-20241022-v2:0"
PNG = b"\x89PNG\r\n\x1a\n and more"
USER = {"role": "user", "content": [{"text": "How many days of leave?"}]}
WEATHER = {
    "toolSpec": {
        "name": "weather",
        "description": "The weather of a city.",
        "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
    }
}
CALLS = (ToolUse(id="call_1", name="weather", arguments={"city": "Bern"}),
         ToolUse(id="call_2", name="weather", arguments={"city": "Genève", "days": [1, 2]}))  # fmt: skip


def test_a_reply_has_its_words_its_usage_and_its_latency(runtime, script):
    script(["Twenty", "-eight."])
    reply = runtime.converse(modelId=CLAUDE, messages=[USER])
    assert reply["output"]["message"] == {"role": "assistant", "content": [{"text": "Twenty-eight."}]}
    assert reply["stopReason"] == "end_turn"
    assert reply["usage"] == {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}
    assert reply["metrics"]["latencyMs"] >= 0


@pytest.mark.parametrize(
    "reference",
    [
        CLAUDE,
        f"us.{CLAUDE}",
        f"global.{CLAUDE}",
        f"arn:aws:bedrock:us-east-1::foundation-model/{CLAUDE}",
        f"arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.{CLAUDE}",
    ],
)
def test_a_model_is_asked_by_its_id_its_arn_or_a_profile(runtime, script, reference):
    script(["Yes."])
    assert runtime.converse(modelId=reference, messages=[USER])["output"]["message"]["content"] == [{"text": "Yes."}]


def test_everything_that_is_asked_reaches_the_model(runtime, script):
    model = script(["Yes."])
    runtime.converse(
        modelId=CLAUDE,
        system=[{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
        messages=[USER],
        inferenceConfig={"maxTokens": 50, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]},
        additionalModelRequestFields={"top_k": 7, "thinking": {"type": "enabled", "budget_tokens": 1024}},
        requestMetadata={"project": "a"},
    )
    asked = model.requests[0]
    assert asked.system == ("Be brief.",)
    sampling = asked.sampling
    assert (sampling.max_tokens, sampling.temperature, sampling.top_p, sampling.stop) == (50, 0.5, 0.9, ("END",))
    assert sampling.top_k == 7
    assert asked.extra == {"thinking": {"type": "enabled", "budget_tokens": 1024}}


def test_images_and_documents_reach_the_model(runtime, script):
    model = script(["Yes."])
    content = [
        {"image": {"format": "png", "source": {"bytes": PNG}}},
        {"document": {"format": "pdf", "name": "Leave policy", "source": {"bytes": b"%PDF-1.7"}}},
        {"document": {"name": "Note", "source": {"text": "Ten days."}}},
        {"document": {"format": "md", "name": "List", "source": {"content": [{"text": "a"}, {"text": "b"}]}}},
        {"text": "What is this?"},
        {"cachePoint": {"type": "default"}},
    ]
    runtime.converse(modelId=CLAUDE, messages=[{"role": "user", "content": content}])
    assert model.requests[0].messages[0].content == (
        MediaBlock(media_type="image/png", data=PNG),
        MediaBlock(media_type="application/pdf", data=b"%PDF-1.7", name="Leave policy"),
        MediaBlock(media_type="text/plain", data=b"Ten days.", name="Note"),
        MediaBlock(media_type="text/markdown", data=b"a\n\nb", name="List"),
        TextBlock(text="What is this?"),
    )


def test_a_reply_may_begin_with_calls_of_tools_in_parallel(runtime, script):
    model = script(list(CALLS))
    reply = runtime.converse(modelId=CLAUDE, messages=[USER], toolConfig={"tools": [WEATHER]})
    assert reply["stopReason"] == "tool_use"
    assert reply["output"]["message"]["content"] == [
        {"toolUse": {"toolUseId": one.id, "name": one.name, "input": dict(one.arguments)}} for one in CALLS
    ]
    [tool] = model.requests[0].tools
    assert (tool.name, tool.description) == ("weather", "The weather of a city.")
    assert tool.schema["required"] == ["city"]


def test_results_of_tools_reach_the_model_in_every_form(runtime, script):
    model = script(["It rains."])
    said = [{"toolUse": {"toolUseId": one.id, "name": one.name, "input": dict(one.arguments)}} for one in CALLS]
    given = [
        {"text": "Rain."},
        {"json": {"degrees": 7.5}},
        {"image": {"format": "jpeg", "source": {"bytes": PNG}}},
        {"document": {"format": "txt", "name": "n", "source": {"bytes": b"Rain."}}},
    ]
    results = [
        {"toolResult": {"toolUseId": "call_1", "content": given}},
        {"toolResult": {"toolUseId": "call_2", "content": [{"text": "No such city."}], "status": "error"}},
    ]
    messages = [USER, {"role": "assistant", "content": said}, {"role": "user", "content": results}]
    runtime.converse(
        modelId=CLAUDE, messages=messages, toolConfig={"tools": [WEATHER, {"cachePoint": {"type": "default"}}]}
    )
    asked = model.requests[0].messages
    assert asked[1].content == CALLS
    assert asked[2].content == (
        ToolResult(
            id="call_1",
            content=(
                TextBlock(text="Rain."),
                JsonBlock(value={"degrees": 7.5}),
                MediaBlock(media_type="image/jpeg", data=PNG),
                MediaBlock(media_type="text/plain", data=b"Rain.", name="n"),
            ),
        ),
        ToolResult(id="call_2", content=(TextBlock(text="No such city."),), failed=True),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"auto": {}}, ToolChoice()),
        ({"any": {}}, ToolChoice(kind="any")),
        ({"tool": {"name": "weather"}}, ToolChoice(kind="tool", name="weather")),
    ],
)
def test_the_choice_of_a_tool_reaches_the_model(runtime, script, given, expected):
    model = script(["Yes."])
    runtime.converse(modelId=CLAUDE, messages=[USER], toolConfig={"tools": [WEATHER], "toolChoice": given})
    assert model.requests[0].tool_choice == expected


def test_thoughts_are_told_and_can_be_given_back(runtime, script):
    thoughts = [ReasoningBlock(text="Hm.", signature="sig"), ReasoningBlock(redacted=b"secret")]
    model = script([*thoughts, "Yes."])
    said = runtime.converse(modelId=CLAUDE, messages=[USER])["output"]["message"]
    assert said["content"][:2] == [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": b"secret"}},
    ]
    runtime.converse(modelId=CLAUDE, messages=[USER, said, USER])
    assert model.requests[1].messages[1].content == (*thoughts, TextBlock(text="Yes."))


def test_the_schema_of_an_answer_reaches_the_model(runtime, script):
    model = script(['{"days": 28}'])
    schema = {"type": "object", "properties": {"days": {"type": "integer"}}}
    form = {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(schema), "name": "leave"}}}
    runtime.converse(modelId=CLAUDE, messages=[USER], outputConfig={"textFormat": form})
    assert model.requests[0].answer_schema == schema


def test_fields_of_the_models_own_reply_are_given_where_there_are_any(runtime, script):
    script(["Yes."])
    reply = runtime.converse(
        modelId=CLAUDE, messages=[USER], additionalModelResponseFieldPaths=["/stop_sequence", "/nothing/like/it"]
    )
    assert reply["additionalModelResponseFields"] == {"stop_sequence": None}


def test_the_reply_says_how_it_was_served(runtime, script):
    script(["Yes."])
    reply = runtime.converse(
        modelId=CLAUDE, messages=[USER], performanceConfig={"latency": "optimized"}, serviceTier={"type": "priority"}
    )
    assert (reply["performanceConfig"], reply["serviceTier"]) == ({"latency": "standard"}, {"type": "default"})


def test_an_id_of_a_call_that_the_wire_cannot_carry_is_replaced_by_one_that_it_can(runtime, script):
    script([ToolUse(id="call one/" + "x" * 80, name="weather", arguments={})])
    reply = runtime.converse(modelId=CLAUDE, messages=[USER], toolConfig={"tools": [WEATHER]})
    assert len(reply["output"]["message"]["content"][0]["toolUse"]["toolUseId"]) == 24


def test_without_a_language_model_the_extractive_answerer_says_what_it_cannot_do(runtime, refused):
    tools = {"tools": [WEATHER]}
    ask = lambda: runtime.converse(modelId="outcrop.extractive-v1", messages=[USER], toolConfig=tools)  # noqa: E731
    code, message = refused(ask)
    assert code == "ValidationException"
    assert "outcrop.extractive-v1" in message
    assert "tools" in message


def said(*blocks, role="user"):
    return {"messages": [{"role": role, "content": list(blocks)}]}


GUARDRAIL = {"guardrailIdentifier": "abc", "guardrailVersion": "1"}
S3 = {"s3Location": {"uri": "s3://bucket/a.png"}}
RESULT = {"toolResult": {"toolUseId": "call_9", "content": [{"text": "x"}]}}
CALL = {"toolUse": {"toolUseId": "call_9", "name": "weather", "input": "Bern"}}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"messages": []}, "messages is required"),
        (said({"text": "x"}, role="assistant"), "messages[0].role must be user"),
        (said({"text": "x"}, role="system"), "messages[0].role must be user or assistant"),
        (said({"cachePoint": {"type": "default"}}), "messages[0].content must hold at least one block"),
        (said({"image": {"format": "png", "source": S3}}), "image.source.s3Location is not supported"),
        (said({"image": {"format": "bmp", "source": {"bytes": b"x"}}}), "image.format must be one of png"),
        (said({"document": {"name": "n", "source": {"bytes": b"x"}}}), "document.format is required"),
        (said({"video": {"format": "mp4", "source": {"bytes": b"x"}}}), "video is not supported"),
        (said({"guardContent": {"text": {"text": "x"}}}), "guardContent is not supported"),
        (said(RESULT), "call_9, which no toolUse before it asks"),
        (said(CALL), "toolUse belongs into a message of the assistant"),
        ({"guardrailConfig": GUARDRAIL}, "guardrailConfig is not supported"),
        ({"promptVariables": {"a": {"text": "b"}}}, "promptVariables is not supported"),
        ({"toolConfig": {"tools": [WEATHER, WEATHER]}}, "Two tools are called weather"),
        ({"toolConfig": {"tools": [WEATHER], "toolChoice": {"tool": {"name": "wether"}}}}, "(weather), not wether"),
        ({"toolConfig": {"tools": [{"toolSpec": {**WEATHER["toolSpec"], "strict": True}}]}}, "strict of weather"),
        ({"toolConfig": {"tools": [{"systemTool": {"name": "a"}}]}}, "systemTool is not supported"),
        ({"inferenceConfig": {"temperature": 1.5}}, "inferenceConfig.temperature must be at most 1"),
        ({"additionalModelRequestFields": ["a"]}, "additionalModelRequestFields must be an object"),
        ({"additionalModelRequestFields": {"top_k": "7"}}, "top_k must be a whole number"),
        ({"additionalModelResponseFieldPaths": ["stop"]}, "stop is no JSON Pointer"),
        ({"modelId": "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ"}, "does not keep prompts"),
        ({"modelId": "cohere.embed-v4:0"}, "does not talk"),
    ],
)
def test_what_is_wrong_or_unsupported_is_named(runtime, script, refused, given, named):
    script(["Yes."])
    code, message = refused(lambda: runtime.converse(**{"modelId": CLAUDE, "messages": [USER], **given}))
    assert code == "ValidationException"
    assert named in message


def test_a_model_that_is_not_there_is_not_found_and_those_that_are_there_are_named(runtime, refused):
    code, message = refused(lambda: runtime.converse(modelId="anthropic.claude-99", messages=[USER]))
    assert code == "ResourceNotFoundException"
    assert CLAUDE in message


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (Throttled("Wait."), "ThrottlingException", 429),
        (TimedOut("Slow."), "ModelTimeoutException", 408),
        (Unavailable("Away."), "ServiceUnavailableException", 503),
        (ModelFailed("Nonsense."), "ModelErrorException", 424),
        (Denied("No."), "AccessDeniedException", 403),
    ],
)
def test_what_goes_wrong_with_the_model_has_its_own_name(runtime, script, error, code, status):
    script([error])
    with pytest.raises(runtime.exceptions.from_code(code)) as raised:
        runtime.converse(modelId=CLAUDE, messages=[USER])
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert raised.value.response["Error"]["Message"] == error.message


def test_tokens_are_counted_for_a_conversation_and_for_a_body(runtime, script):
    script(["Yes."])
    talk = {"converse": {"messages": [USER], "system": [{"text": "Be brief."}]}}
    assert runtime.count_tokens(modelId=CLAUDE, input=talk)["inputTokens"] == 7
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "a b"}],
    }
    given = {"invokeModel": {"body": json.dumps(body).encode()}}
    assert runtime.count_tokens(modelId=CLAUDE, input=given)["inputTokens"] == 2
