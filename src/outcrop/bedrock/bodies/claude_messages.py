"""Claude's Messages form.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from outcrop.bedrock.bodies import claude_replies
from outcrop.bedrock.bodies.claude_shapes import (
    Choice,
    ClaudeRequest,
    ContentSource,
    Document,
    Image,
    Message,
    PdfSource,
    RedactedThinking,
    Result,
    Said,
    Text,
    Thinking,
    Tool,
    Use,
)
from outcrop.bedrock.bodies.contract import Body
from outcrop.bedrock.bodies.members import checked, decoded
from outcrop.bedrock.messages import check_conversation, check_tools, named_choice
from outcrop.core.chat import (
    Block,
    ChatMessage,
    ChatRequest,
    MediaBlock,
    ReasoningBlock,
    Sampling,
    TextBlock,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
)
from outcrop.core.errors import Invalid

reply, chunks = claude_replies.reply, claude_replies.chunks


def request(body: Body) -> ChatRequest:
    """What a body asks. Raises Invalid."""
    given = checked(ClaudeRequest, body)
    messages = tuple(_message(one, f"messages[{place}]") for place, one in enumerate(given.messages))
    check_conversation(messages)
    tools = _tools(given.tools)
    return ChatRequest(
        messages=messages,
        system=tuple(one.text for one in given.system),
        tools=tools,
        tool_choice=_choice(given.tool_choice, tools),
        sampling=_sampling(given),
        answer_schema=given.output_config.format.schema_
        if given.output_config and given.output_config.format
        else None,
        extra=_extra(given),
    )


def _sampling(given: ClaudeRequest) -> Sampling:
    return Sampling(
        temperature=given.temperature,
        top_p=given.top_p,
        top_k=given.top_k,
        max_tokens=given.max_tokens,
        stop=tuple(given.stop_sequences),
    )


def _extra(given: ClaudeRequest) -> dict[str, Any]:
    """What only the provider can do: to think before it answers."""
    return {"thinking": given.thinking} if given.thinking and given.thinking.get("type") != "disabled" else {}


def _tools(given: Iterable[Tool]) -> tuple[ToolSpec, ...]:
    tools = tuple(ToolSpec(name=one.name, schema=one.input_schema, description=one.description) for one in given)
    check_tools(tools)
    return tools


def _choice(given: Choice | None, tools: Sequence[ToolSpec]) -> ToolChoice:
    if given is None or given.type != "tool":
        return ToolChoice(kind=given.type) if given else ToolChoice()
    if given.name is None:
        raise Invalid("tool_choice.name is required where tool_choice.type is tool.")
    return named_choice(given.name, tools, "tool_choice.name")


def _message(given: Message, at: str) -> ChatMessage:
    content = (_block(one, f"{at}.content[{place}]") for place, one in enumerate(given.content))
    return ChatMessage(role=given.role, content=tuple(content))


def _block(given: Said, at: str) -> Block:
    match given:
        case Text():
            return TextBlock(text=given.text)
        case Image() | Document():
            return _media(given, at)
        case Use():
            return ToolUse(id=given.id, name=given.name, arguments=given.input)
        case Thinking():
            return ReasoningBlock(text=given.thinking, signature=given.signature)
        case RedactedThinking():
            return ReasoningBlock(redacted=given.data.encode())
        case Result():
            return _result(given, at)


def _result(given: Result, at: str) -> ToolResult:
    content = (
        TextBlock(text=one.text) if isinstance(one, Text) else _media(one, f"{at}.content[{place}]")
        for place, one in enumerate(given.content)
    )
    return ToolResult(id=given.tool_use_id, content=tuple(content), failed=given.is_error)


def _media(given: Image | Document, at: str) -> MediaBlock:
    if isinstance(given, Image):
        return MediaBlock(media_type=given.source.media_type, data=decoded(given.source.data, f"{at}.source.data"))
    source = given.source
    if isinstance(source, PdfSource):
        data = decoded(source.data, f"{at}.source.data")
        return MediaBlock(media_type=source.media_type, data=data, name=given.title)
    pieces = [one.text for one in source.content] if isinstance(source, ContentSource) else [source.data]
    return MediaBlock(media_type="text/plain", data="\n\n".join(pieces).encode(), name=given.title)
