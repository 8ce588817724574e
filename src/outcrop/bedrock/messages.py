"""Messages in Converse's form, and what is asked with them, as `core.chat` has it.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from outcrop.bedrock.media import DOCUMENTS, IMAGES
from outcrop.core.chat import (
    Block,
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
from outcrop.core.errors import Invalid, Unsupported

Given = Mapping[str, Any]


def chat_request(given: Given) -> ChatRequest:
    """What a Converse request asks: its `messages`, `system`, `toolConfig`, `inferenceConfig` and `outputConfig`.

    Raises:
        Invalid: A conversation that is none: no message, a first one that is not the user's, results of no call.
    """
    tools = tools_of(given.get("toolConfig", {}).get("tools", ()))
    return ChatRequest(
        messages=conversation(given.get("messages", ())),
        system=tuple(one["text"] for one in given.get("system", ()) if "text" in one),
        tools=tools,
        tool_choice=_choice(given.get("toolConfig", {}).get("toolChoice", {}), tools),
        sampling=sampling(given.get("inferenceConfig", {})),
        answer_schema=_answer_schema(given.get("outputConfig", {})),
    )


def conversation(messages: Sequence[Given]) -> tuple[ChatMessage, ...]:
    """The messages, cache points left out. Raises Invalid."""
    if not messages:
        raise Invalid("messages is required: give at least one message of the user.")
    made = tuple(_message(one, f"messages[{place}]") for place, one in enumerate(messages))
    check_conversation(made)
    return made


def check_conversation(messages: Sequence[ChatMessage]) -> None:
    """Raises Invalid where the first message is not the user's, or a tool's result belongs to no call before it."""
    if messages[0].role != "user":
        raise Invalid("messages[0].role must be user: a conversation starts with the user.")
    called: set[str] = set()
    for place, message in enumerate(messages):
        for block in message.content:
            if isinstance(block, ToolUse):
                called.add(block.id)
            elif isinstance(block, ToolResult) and block.id not in called:
                raise Invalid(f"messages[{place}] has the result of {block.id[:64]}, which no toolUse before it asks.")


def _message(given: Given, at: str) -> ChatMessage:
    role = given["role"]
    if role not in ROLES:
        raise Invalid(f"{at}.role must be user or assistant; give instructions as system.")
    blocks = [
        (place, block, kind)
        for place, block in enumerate(given["content"])
        for kind in block.keys() - {"cachePoint"}  # exactly one, as the shape says
    ]
    if not blocks:
        raise Invalid(f"{at}.content must hold at least one block.")
    if wrong := next((kind for _, _, kind in blocks if kind in BELONGS and BELONGS[kind] != role), None):
        raise Invalid(f"{at} is of the {role}, and {wrong} belongs into a message of the {BELONGS[wrong]}.")
    content = (_block(kind, block[kind], f"{at}.content[{place}].{kind}") for place, block, kind in blocks)
    return ChatMessage(role=role, content=tuple(content))


ROLES = ("user", "assistant")
BELONGS = {
    "toolUse": "assistant",
    "reasoningContent": "assistant",
    "toolResult": "user",
    "image": "user",
    "document": "user",
}


def _block(kind: str, given: Any, at: str) -> Block:
    if kind == "text":
        return TextBlock(text=given)
    if kind == "toolUse":
        return ToolUse(id=given["toolUseId"], name=given["name"], arguments=_arguments(given["input"], at))
    if kind == "toolResult":
        return _result(given, at)
    if kind == "reasoningContent":
        return _reasoning(given)
    return _media(kind, given, at)


def _arguments(given: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise Invalid(f"{at}.input must be an object.")
    return given


def _result(given: Given, at: str) -> ToolResult:
    content = tuple(
        _result_block(kind, value, f"{at}.content[{place}].{kind}")
        for place, block in enumerate(given["content"])
        for kind, value in block.items()
    )
    return ToolResult(id=given["toolUseId"], content=content, failed=given.get("status") == "error")


def _result_block(kind: str, value: Any, at: str) -> TextBlock | JsonBlock | MediaBlock:
    if kind == "json":
        return JsonBlock(value=value)
    return TextBlock(text=value) if kind == "text" else _media(kind, value, at)


def _reasoning(given: Given) -> ReasoningBlock:
    if "redactedContent" in given:
        return ReasoningBlock(redacted=redacted(given["redactedContent"]))
    thought = given["reasoningText"]
    return ReasoningBlock(text=thought["text"], signature=thought.get("signature"))


def redacted(data: bytes) -> bytes:
    """What a provider wrote for itself. Raises Invalid for what none of them can have written."""
    try:
        data.decode()
    except UnicodeDecodeError:
        raise Invalid("redactedContent must be what an earlier reply gave.") from None
    return data


def _media(kind: str, given: Given, at: str) -> MediaBlock:
    if kind == "image":
        return MediaBlock(media_type=IMAGES[given["format"]], data=given["source"]["bytes"])
    source = given["source"]
    if "bytes" in source:
        if "format" not in given:
            raise Invalid(f"{at}.format is required where the document is given as bytes.")
        data = source["bytes"]
    else:
        pieces = [source["text"]] if "text" in source else [one["text"] for one in source["content"]]
        data = "\n\n".join(pieces).encode()
    if not data:
        raise Invalid(f"{at}.source must hold a document.")
    return MediaBlock(media_type=DOCUMENTS[given.get("format", "txt")], data=data, name=given["name"])


def sampling(given: Given) -> Sampling:
    """What an InferenceConfiguration says."""
    return Sampling(
        temperature=given.get("temperature"),
        top_p=given.get("topP"),
        max_tokens=given.get("maxTokens"),
        stop=tuple(given.get("stopSequences", ())),
    )


def tools_of(given: Iterable[Given]) -> tuple[ToolSpec, ...]:
    """The tools of a ToolConfiguration. Raises Invalid or Unsupported, naming the tool."""
    tools = tuple(_tool(one["toolSpec"]) for one in given if "toolSpec" in one)
    check_tools(tools)
    return tools


def check_tools(tools: Sequence[ToolSpec]) -> None:
    """Raises Invalid where two tools have one name."""
    counts = Counter(tool.name for tool in tools)
    if twice := next((name for name, count in counts.items() if count > 1), None):
        raise Invalid(f"Two tools are called {twice}.")


def _tool(given: Given) -> ToolSpec:
    schema = given["inputSchema"].get("json")
    if not isinstance(schema, Mapping):
        raise Invalid(f"toolConfig.tools: the inputSchema.json of {given['name']} must be a JSON Schema, an object.")
    if given.get("strict"):
        raise Unsupported(f"toolConfig.tools: strict of {given['name']} must be false: not every provider has it.")
    return ToolSpec(name=given["name"], schema=schema, description=given.get("description"))


def _choice(given: Given, tools: Sequence[ToolSpec]) -> ToolChoice:
    if "tool" not in given:
        return ToolChoice(kind="any" if "any" in given else "auto")
    return named_choice(given["tool"]["name"], tools, "toolConfig.toolChoice.tool.name")


def named_choice(name: str, tools: Sequence[ToolSpec], at: str) -> ToolChoice:
    """The choice of one tool. Raises Invalid where there is no such tool."""
    if name not in [tool.name for tool in tools]:
        known = ", ".join(tool.name for tool in tools) or "none"
        raise Invalid(f"{at} must be the name of one of the tools ({known}), not {name[:64]}.")
    return ToolChoice(kind="tool", name=name)


def _answer_schema(given: Given) -> Mapping[str, Any] | None:
    if "textFormat" not in given:
        return None
    text = given["textFormat"]["structure"]["jsonSchema"]["schema"]
    try:
        schema = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise Invalid(f"outputConfig.textFormat.structure.jsonSchema.schema is not JSON: {error}") from error
    if not isinstance(schema, dict):
        raise Invalid("outputConfig.textFormat.structure.jsonSchema.schema must be a JSON Schema, an object.")
    return schema
