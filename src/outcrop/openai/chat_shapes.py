"""The request of chat completions (https://platform.openai.com/docs/api-reference/chat/create)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from outcrop.openai.knowledge_shapes import Extension
from outcrop.openai.parse import Refusals, Shape

MAX_MESSAGES = 2000
MAX_TOOLS = 128
MAX_PARTS = 500
MAX_SEED = 2**63 - 1
TOOL_NAME = r"^[a-zA-Z0-9_-]{1,64}$"


def text_or_parts(value: Any) -> str:
    """The branch of a content: a text, or a list of parts."""
    return "text" if isinstance(value, str) else "parts"


class TextPart(Shape):
    """Words."""

    type: Literal["text"]
    text: str


class RefusalPart(Shape):
    """What an assistant said instead of an answer."""

    type: Literal["refusal"]
    refusal: str


class ImageUrl(Shape):
    """An image as a data URL."""

    url: str
    detail: Literal["auto", "low", "high", "original"] | None = (
        None  # how closely it is looked at: the provider decides
    )


class ImagePart(Shape):
    """An image."""

    type: Literal["image_url"]
    image_url: ImageUrl


class FileData(Shape):
    """A file: its bytes in base64, or the id of one that was uploaded."""

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class FilePart(Shape):
    """A file."""

    type: Literal["file"]
    file: FileData


UserPart = Annotated[TextPart | ImagePart | FilePart, Field(discriminator="type")]
SpokenPart = Annotated[TextPart | RefusalPart, Field(discriminator="type")]
Texts = Annotated[
    Annotated[str, Tag("text")] | Annotated[list[TextPart], Field(min_length=1, max_length=MAX_PARTS), Tag("parts")],
    Discriminator(text_or_parts),
]


class SystemMessage(Shape):
    """What the model is told beforehand."""

    role: Literal["system", "developer"]
    content: Texts
    name: str | None = None


class UserMessage(Shape):
    """What a person says."""

    role: Literal["user"]
    content: Annotated[
        Annotated[str, Tag("text")]
        | Annotated[list[UserPart], Field(min_length=1, max_length=MAX_PARTS), Tag("parts")],
        Discriminator(text_or_parts),
    ]
    name: str | None = None


class CalledFunction(Shape):
    """The function of a call; its arguments are JSON text."""

    name: str
    arguments: str


class ToolCall(Shape):
    """A call that the model asked for."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class AssistantMessage(Shape):
    """What the model said. A reply may be sent back whole: what it holds besides words and calls is not read again."""

    role: Literal["assistant"]
    content: Annotated[
        Annotated[str, Tag("text")]
        | Annotated[list[SpokenPart], Field(max_length=MAX_PARTS), Tag("parts")]
        | Annotated[None, Tag("none")],
        Discriminator(lambda value: "none" if value is None else text_or_parts(value)),
    ] = None
    refusal: str | None = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    annotations: list[Any] | None = None
    reasoning_content: str | None = None
    audio: None = None
    function_call: None = None
    x_outcrop: dict[str, Any] | None = None


class ToolMessage(Shape):
    """What a call gave."""

    role: Literal["tool"]
    content: Texts
    tool_call_id: str


Message = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]


class Function(Shape):
    """A function that the model may call; `strict` asks that the arguments satisfy the schema."""

    name: Annotated[str, Field(pattern=TOOL_NAME)]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(Shape):
    """A tool: a function."""

    type: Literal["function"]
    function: Function


class ChosenFunction(Shape):
    """A function by its name."""

    name: str


class ChosenTool(Shape):
    """The tool that must be called."""

    type: Literal["function"]
    function: ChosenFunction


class JsonSchema(Shape):
    """The schema that a reply must satisfy."""

    name: Annotated[str, Field(pattern=TOOL_NAME)]
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class TextFormat(Shape):
    """Plain text."""

    type: Literal["text"]


class JsonObjectFormat(Shape):
    """Some JSON object."""

    type: Literal["json_object"]


class JsonSchemaFormat(Shape):
    """JSON of a schema."""

    type: Literal["json_schema"]
    json_schema: JsonSchema


class StreamOptions(Shape):
    """How a reply is streamed; obfuscation, padding against an eavesdropper, is never added."""

    include_usage: bool | None = None
    include_obfuscation: Literal[False] | None = None


Penalty = Annotated[float, Field(ge=-2, le=2)]
Tokens = Annotated[int, Field(ge=1)]
Stop = Annotated[str, Field(min_length=1, max_length=1000)]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
Verbosity = Literal["low", "medium", "high"]
Labels = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)
]
"""OpenAI's `metadata`: up to 16 texts of up to 512 characters by names of up to 64."""


class ChatIn(Shape):
    """The request. Members without an effect say why; those that are refused are in REFUSED."""

    model: str
    messages: Annotated[list[Message], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    max_completion_tokens: Tokens | None = None
    max_tokens: Tokens | None = None
    seed: Annotated[int, Field(ge=-MAX_SEED, le=MAX_SEED)] | None = None
    stop: Annotated[
        Annotated[Stop, Tag("text")]
        | Annotated[list[Stop], Field(max_length=4), Tag("parts")]
        | Annotated[None, Tag("none")],
        Discriminator(lambda value: "none" if value is None else text_or_parts(value)),
    ] = None
    tools: Annotated[list[Tool], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Annotated[
        Annotated[Literal["none", "auto", "required"], Tag("text")]
        | Annotated[ChosenTool, Tag("parts")]
        | Annotated[None, Tag("none")],
        Discriminator(lambda value: "none" if value is None else text_or_parts(value)),
    ] = None
    parallel_tool_calls: bool | None = None
    response_format: Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")] | None = (
        None
    )
    reasoning_effort: Effort | None = None
    verbosity: Verbosity | None = None
    metadata: Labels | None = None
    user: str | None = None  # who asks, for OpenAI's statistics: nothing depends on it
    safety_identifier: str | None = None  # as `user`
    prompt_cache_key: str | None = None  # a hint to OpenAI's cache: the provider caches as it does
    x_outcrop: Extension = Extension()


REFUSED: Refusals = {
    "n": ((1,), "One choice is made a request; ask again for another."),
    "logprobs": ((False,), "Log probabilities are not had from every provider."),
    "top_logprobs": ((0,), "Log probabilities are not had from every provider."),
    "logit_bias": (({},), "Token numbers differ from model to model."),
    "store": ((False,), "Chat completions are not kept; responses are (/v1/responses)."),
    "service_tier": (("auto", "default"), "There is one tier."),
    "modalities": ((["text"],), "Replies are text."),
    "audio": ((), "Replies are text."),
    "prediction": ((), "There are no predicted outputs."),
    "web_search_options": ((), "Outcrop does not search the web. Put pages into a knowledge base and ask that."),
    "functions": (([],), "Use `tools`."),
    "function_call": ((), "Use `tool_choice`."),
    "moderation": ((), "There is no moderation model."),
    "prompt_cache_options": ((), "The provider caches as it does."),
    "prompt_cache_retention": ((), "The provider caches as it does."),
}
