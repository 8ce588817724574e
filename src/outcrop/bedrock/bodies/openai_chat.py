"""OpenAI's chat completion, for the models of OpenAI, Qwen, DeepSeek and others that Bedrock asks in that form.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from outcrop.bedrock.bodies.contract import Body, Chunk, Chunks
from outcrop.bedrock.bodies.members import checked, decoded
from outcrop.bedrock.bodies.openai_shapes import (
    Assistant,
    ChatCompletion,
    Chosen,
    FunctionTool,
    Image,
    System,
    Text,
    Tool,
    ToolCall,
    User,
)
from outcrop.bedrock.bodies.texts import words
from outcrop.bedrock.messages import check_conversation, check_tools, named_choice
from outcrop.core.answers import Usage
from outcrop.core.chat import (
    Block,
    BlockDelta,
    BlockStarted,
    ChatEnded,
    ChatEvent,
    ChatMessage,
    ChatReply,
    ChatRequest,
    MediaBlock,
    Sampling,
    StopReason,
    TextBlock,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
)
from outcrop.core.errors import Invalid

REASONS: Mapping[StopReason, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "content_filtered": "content_filter",
}


def request(body: Body) -> ChatRequest:
    """What a body asks. Raises Invalid."""
    given = checked(ChatCompletion, body)
    messages = _messages([one for one in given.messages if not isinstance(one, System)])
    if not messages:
        raise Invalid("messages must hold something that the user says.")
    check_conversation(messages)
    tools = _tools(given.tools or ())
    return ChatRequest(
        messages=messages,
        system=tuple(_joined(one.content) for one in given.messages if isinstance(one, System)),
        tools=tools,
        tool_choice=_choice(given, tools),
        sampling=_sampling(given),
        answer_schema=_schema(given),
        extra={} if given.reasoning_effort is None else {"reasoning_effort": given.reasoning_effort},
    )


def _messages(given: Sequence[User | Assistant | Tool]) -> tuple[ChatMessage, ...]:
    """The conversation; neighbours of one side (the results of calls made at once) are one message."""
    sided = groupby(enumerate(given), key=lambda one: isinstance(one[1], Assistant))
    return tuple(
        ChatMessage(role="assistant" if said else "user", content=content)
        for said, group in sided
        if (content := tuple(block for place, one in group for block in _blocks(one, f"messages[{place}]")))
    )


def _blocks(given: User | Assistant | Tool, at: str) -> Iterator[Block]:
    if isinstance(given, Tool):
        yield ToolResult(id=given.tool_call_id, content=(TextBlock(text=_joined(given.content)),))
        return
    for place, part in enumerate(given.content):
        yield TextBlock(text=part.text) if isinstance(part, Text) else _image(part, f"{at}.content[{place}]")
    if isinstance(given, Assistant):
        yield from (_call(one, at) for one in given.tool_calls or ())


def _image(part: Image, at: str) -> MediaBlock:
    head, _, data = part.image_url.url.partition(";base64,")
    return MediaBlock(media_type=head.removeprefix("data:"), data=decoded(data, f"{at}.image_url.url"))


def _call(given: ToolCall, at: str) -> ToolUse:
    try:
        arguments = json.loads(given.function.arguments or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise Invalid(f"{at}.tool_calls: the arguments of {given.function.name[:64]} must be a JSON object as text.")
    return ToolUse(id=given.id, name=given.function.name, arguments=arguments)


def _joined(parts: Sequence[Text]) -> str:
    return "".join(part.text for part in parts)


def _sampling(given: ChatCompletion) -> Sampling:
    return Sampling(
        temperature=given.temperature,
        top_p=given.top_p,
        top_k=given.top_k,
        max_tokens=given.max_completion_tokens or given.max_tokens,
        stop=tuple(given.stop or ()),
        seed=given.seed,
        presence_penalty=given.presence_penalty,
        frequency_penalty=given.frequency_penalty,
    )


def _tools(given: Sequence[FunctionTool]) -> tuple[ToolSpec, ...]:
    specs = (one.function for one in given)
    tools = tuple(ToolSpec(name=one.name, schema=one.parameters, description=one.description) for one in specs)
    check_tools(tools)
    return tools


def _choice(given: ChatCompletion, tools: Sequence[ToolSpec]) -> ToolChoice:
    chosen = given.tool_choice
    if isinstance(chosen, Chosen):
        return named_choice(chosen.function.name, tools, "tool_choice.function.name")
    return ToolChoice(kind="any" if chosen in ("any", "required") else "none" if chosen == "none" else "auto")


def _schema(given: ChatCompletion) -> Mapping[str, Any] | None:
    form = given.response_format
    if form is None or form.type == "text":
        return None
    if form.json_schema is None:
        raise Invalid("response_format.json_schema is required where response_format.type is json_schema.")
    return form.json_schema.schema_


def reply(reply: ChatReply, model: str) -> Chunk:
    """The body of a whole reply."""
    calls = [
        {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": json.dumps(dict(one.arguments))}}
        for one in reply.content
        if isinstance(one, ToolUse)
    ]
    text = words(reply)
    said = {"role": "assistant", "content": text if text or not calls else None, "refusal": None}
    message = {**said, **({"tool_calls": calls} if calls else {})}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": REASONS[reply.end.stop_reason]}
    return {**_head(model, "chat.completion"), "choices": [choice], "usage": _usage(reply.end.usage)}


def chunks(model: str) -> Chunks:
    """What makes the chunks of one streamed reply."""
    head, places = _head(model, "chat.completion.chunk"), dict[int, int | None]()

    def chunk(delta: Mapping[str, Any], finish: str | None = None) -> Chunk:
        return {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}

    def made(event: ChatEvent) -> Iterator[Chunk]:
        if isinstance(event, ChatEnded):
            yield {**chunk({}, REASONS[event.stop_reason]), "usage": _usage(event.usage)}
        elif isinstance(event, BlockStarted) and event.kind != "reasoning":
            calls = sum(place is not None for place in places.values())
            places[event.index] = calls if event.tool is not None else None
            yield chunk({"role": "assistant", "content": "", **_started(event, calls)})
        elif isinstance(event, BlockDelta) and event.index in places:
            yield chunk(_piece(event.text, places[event.index]))

    return made


def _started(event: BlockStarted, place: int) -> Chunk:
    """How a call is announced; text is not."""
    if event.tool is None:
        return {}
    function = {"name": event.tool.name, "arguments": ""}
    return {"tool_calls": [{"index": place, "id": event.tool.id, "type": "function", "function": function}]}


def _piece(text: str, place: int | None) -> Chunk:
    """A piece of text, or of the arguments of the call at a place among the calls."""
    if place is None:
        return {"content": text}
    return {"tool_calls": [{"index": place, "function": {"arguments": text}}]}


def _head(model: str, kind: str) -> Chunk:
    return {"id": f"chatcmpl-{secrets.token_hex(12)}", "object": kind, "created": int(time.time()), "model": model}


def _usage(usage: Usage) -> dict[str, int]:
    total = usage.input_tokens + usage.output_tokens
    return {"prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens, "total_tokens": total}
