"""A chat completion's request as the gateway is asked it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic_core import from_json

from outcrop.core.chat import (
    Block,
    ChatMessage,
    ChatRequest,
    MediaBlock,
    Sampling,
    TextBlock,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
)
from outcrop.openai import media
from outcrop.openai.call import Call
from outcrop.openai.chat_shapes import (
    AssistantMessage,
    ChatIn,
    ChosenTool,
    FilePart,
    Function,
    ImagePart,
    JsonObjectFormat,
    JsonSchemaFormat,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from outcrop.openai.errors import ApiError
from outcrop.openai.files import uploaded

ANY_OBJECT = {"type": "object"}
CHOICES: dict[str, Literal["auto", "any", "none"]] = {"auto": "auto", "required": "any", "none": "none"}
NO_ARGUMENTS = {"type": "object", "properties": {}}


async def chat_request(call: Call, asked: ChatIn) -> ChatRequest:
    """The request. Raises ApiError for a message that does not fit the ones before it."""
    system = [_texts(one.content) for one in asked.messages if isinstance(one, SystemMessage)]
    return ChatRequest(
        messages=await _messages(call, asked.messages),
        system=tuple(system),
        tools=tuple(function_tool(one.function) for one in asked.tools or ()),
        tool_choice=_choice(asked),
        sampling=_sampling(asked),
        answer_schema=_schema(asked),
        answer_strict=isinstance(asked.response_format, JsonSchemaFormat)
        and bool(asked.response_format.json_schema.strict),
        extra=extra(asked.reasoning_effort, asked.verbosity),
    )


def extra(effort: str | None, verbosity: str | None) -> dict[str, Any]:
    """What only some providers know, handed through to them."""
    given = {"reasoning_effort": effort, "verbosity": verbosity}
    return {name: value for name, value in given.items() if value is not None}


async def _messages(call: Call, given: Sequence[Message]) -> tuple[ChatMessage, ...]:
    """The conversation; the results of calls that were made at once stand in one message."""
    made: list[ChatMessage] = []
    open_calls: set[str] = set()
    for number, message in enumerate(given):
        param = f"messages[{number}]"
        match message:
            case ToolMessage():
                result = _result(message, open_calls, param)
                if made and made[-1].role == "user" and isinstance(made[-1].content[-1], ToolResult):
                    result = (*made.pop().content, *result)
                made.append(ChatMessage(role="user", content=result))
            case AssistantMessage():
                open_calls = {one.id for one in message.tool_calls or ()}
                if content := _said(message, param):
                    made.append(ChatMessage(role="assistant", content=content))
            case UserMessage():
                made.append(ChatMessage(role="user", content=await _asked(call, message, param)))
    return tuple(made)


def _result(message: ToolMessage, open_calls: set[str], param: str) -> tuple[Block, ...]:
    if message.tool_call_id not in open_calls:
        said = "A message of the role 'tool' must answer a tool call of the assistant's message before it."
        raise ApiError(said, param=f"{param}.tool_call_id")
    open_calls.remove(message.tool_call_id)
    return (ToolResult(id=message.tool_call_id, content=(TextBlock(text=_texts(message.content)),)),)


def _said(message: AssistantMessage, param: str) -> tuple[Block, ...]:
    """What the assistant said, and the calls that it asked for."""
    parts = [message.content] if isinstance(message.content, str) else message.content or []
    texts = [one if isinstance(one, str) else one.text if isinstance(one, TextPart) else one.refusal for one in parts]
    words = [TextBlock(text=text) for text in (*texts, message.refusal) if text]
    calls = [_call(one, f"{param}.tool_calls[{number}]") for number, one in enumerate(message.tool_calls or ())]
    return (*words, *calls)


def _call(given: ToolCall, param: str) -> ToolUse:
    name, text = given.function.name, given.function.arguments
    return ToolUse(id=given.id, name=name, arguments=arguments(text, f"{param}.function.arguments"))


def arguments(text: str, param: str) -> dict[str, Any]:
    """The arguments of a call, which are a JSON object as text; an empty text is none. Raises ApiError."""
    try:
        data = from_json(text) if text.strip() else {}
    except ValueError as error:
        raise ApiError(f"The arguments are not valid JSON: {error}.", param=param) from None
    if not isinstance(data, dict):
        raise ApiError("The arguments must be a JSON object.", param=param)
    return data


async def _asked(call: Call, message: UserMessage, param: str) -> tuple[Block, ...]:
    if isinstance(message.content, str):
        return (TextBlock(text=message.content),)
    blocks: list[Block] = []
    for number, part in enumerate(message.content):
        at = f"{param}.content[{number}]"
        match part:
            case ImagePart():
                blocks.append(media.image(part.image_url.url, f"{at}.image_url.url"))
            case FilePart():
                file = part.file
                blocks.append(await file_block(call, file.file_id, file.file_data, file.filename, f"{at}.file"))
            case TextPart():
                blocks.append(TextBlock(text=part.text))
    return tuple(blocks)


async def file_block(call: Call, file_id: str | None, data: str | None, name: str | None, param: str) -> MediaBlock:
    """A file of a message: its bytes, or the id of an upload. Raises ApiError unless exactly one is given."""
    if (file_id is None) == (data is None):
        raise ApiError("Give the file as file_data or as file_id.", param=param)
    if data is not None:
        return media.document(data, name, f"{param}.file_data")
    upload, content = await uploaded(call, file_id or "")
    return media.block(content, upload.media_type, name or upload.name)


def _texts(content: str | Sequence[TextPart]) -> str:
    return content if isinstance(content, str) else "\n".join(part.text for part in content)


def function_tool(function: Function) -> ToolSpec:
    """A function as a tool; one without parameters has none."""
    return ToolSpec(
        name=function.name,
        schema=function.parameters or NO_ARGUMENTS,
        description=function.description,
        strict=bool(function.strict),
    )


def _choice(asked: ChatIn) -> ToolChoice:
    parallel = asked.parallel_tool_calls
    if isinstance(asked.tool_choice, ChosenTool):
        name = asked.tool_choice.function.name
        if name not in {tool.function.name for tool in asked.tools or ()}:
            raise ApiError(f"There is no tool {name!r} in `tools`.", param="tool_choice")
        return ToolChoice(kind="tool", name=name, parallel=parallel)
    if asked.tool_choice == "required" and not asked.tools:
        raise ApiError("A tool call is required, and there are no `tools`.", param="tool_choice")
    return ToolChoice(kind=CHOICES[asked.tool_choice or "auto"], parallel=parallel)


def _sampling(asked: ChatIn) -> Sampling:
    stop = (asked.stop,) if isinstance(asked.stop, str) else tuple(asked.stop or ())
    return Sampling(
        temperature=asked.temperature,
        top_p=asked.top_p,
        max_tokens=asked.max_completion_tokens if asked.max_completion_tokens is not None else asked.max_tokens,
        stop=stop,
        seed=asked.seed,
        presence_penalty=asked.presence_penalty,
        frequency_penalty=asked.frequency_penalty,
    )


def _schema(asked: ChatIn) -> dict[str, Any] | None:
    match asked.response_format:
        case JsonSchemaFormat():
            return asked.response_format.json_schema.schema_ or ANY_OBJECT
        case JsonObjectFormat():
            return ANY_OBJECT
    return None
