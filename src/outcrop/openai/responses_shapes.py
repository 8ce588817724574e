"""The request of responses (https://platform.openai.com/docs/api-reference/responses/create)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from outcrop.openai.chat_shapes import (
    MAX_MESSAGES,
    MAX_PARTS,
    MAX_TOOLS,
    TOOL_NAME,
    Effort,
    Function,
    JsonObjectFormat,
    Labels,
    TextFormat,
    Tokens,
    Verbosity,
    text_or_parts,
)
from outcrop.openai.knowledge_shapes import Extension
from outcrop.openai.parse import Refusals, Shape
from outcrop.openai.store_shapes import MAX_RESULTS, Id, Ranking

MAX_STORES = 20
RESULTS = "file_search_call.results"
ENCRYPTED = "reasoning.encrypted_content"


class InputText(Shape):
    """Words."""

    type: Literal["input_text"]
    text: str


class OutputText(Shape):
    """Words that the model said, as they came."""

    type: Literal["output_text"]
    text: str
    annotations: list[Any] | None = None
    logprobs: list[Any] | None = None


class OutputRefusal(Shape):
    """What the model said instead of an answer."""

    type: Literal["refusal"]
    refusal: str


class InputImage(Shape):
    """An image: a data URL, or an upload."""

    type: Literal["input_image"]
    image_url: str | None = None
    file_id: str | None = None
    detail: Literal["auto", "low", "high", "original"] | None = (
        None  # how closely it is looked at: the provider decides
    )


class InputFile(Shape):
    """A file: its bytes in base64, or an upload."""

    type: Literal["input_file"]
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: Literal["auto", "low", "high"] | None = None  # as an image's


Part = Annotated[InputText | OutputText | OutputRefusal | InputImage | InputFile, Field(discriminator="type")]
Given = Annotated[InputText | InputImage | InputFile, Field(discriminator="type")]
State = Literal["in_progress", "completed", "incomplete"]


class MessageItem(Shape):
    """A message; one that was a reply may be sent back whole."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: Annotated[
        Annotated[str, Tag("text")] | Annotated[list[Part], Field(max_length=MAX_PARTS), Tag("parts")],
        Discriminator(text_or_parts),
    ]
    id: str | None = None
    status: State | None = None
    phase: Literal["commentary", "final_answer"] | None = None


class CallItem(Shape):
    """A call that the model asked for."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str
    id: str | None = None
    status: State | None = None


class CallOutputItem(Shape):
    """What a call gave."""

    type: Literal["function_call_output"]
    call_id: str
    output: Annotated[
        Annotated[str, Tag("text")] | Annotated[list[Given], Field(max_length=MAX_PARTS), Tag("parts")],
        Discriminator(text_or_parts),
    ]
    id: str | None = None
    status: State | None = None


class ReasoningItem(Shape):
    """What the model thought; `encrypted_content` is what it must be given back."""

    type: Literal["reasoning"]
    id: str | None = None
    summary: list[Any] | None = None
    content: list[Any] | None = None
    encrypted_content: str | None = None
    status: State | None = None


class SearchItem(Shape):
    """A search that was made for an answer, which holds what was found: it is not read again."""

    type: Literal["file_search_call"]
    id: str | None = None
    queries: list[str] | None = None
    results: list[Any] | None = None
    status: str | None = None


def _item(value: Any) -> str | None:
    kind = value.get("type", "message") if isinstance(value, dict) else getattr(value, "type", None)
    return str(kind) if kind is not None else None


Item = Annotated[
    Annotated[MessageItem, Tag("message")]
    | Annotated[CallItem, Tag("function_call")]
    | Annotated[CallOutputItem, Tag("function_call_output")]
    | Annotated[ReasoningItem, Tag("reasoning")]
    | Annotated[SearchItem, Tag("file_search_call")],
    Discriminator(_item),
]


class FunctionTool(Function):
    """A function that the model may call."""

    type: Literal["function"]


class SearchTool(Shape):
    """Vector stores that the model may search."""

    type: Literal["file_search"]
    vector_store_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_STORES)]
    filters: dict[str, Any] | None = None
    max_num_results: Annotated[int, Field(ge=1, le=MAX_RESULTS)] = 10
    ranking_options: Ranking | None = None


Tool = Annotated[FunctionTool | SearchTool, Field(discriminator="type")]


class ChosenTool(Shape):
    """The tool that must be called."""

    type: Literal["function", "file_search"]
    name: str | None = None


class SchemaFormat(Shape):
    """JSON of a schema."""

    type: Literal["json_schema"]
    name: Annotated[str, Field(pattern=TOOL_NAME)]
    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    description: str | None = None
    strict: bool | None = None


class TextOptions(Shape):
    """The form of the reply's text."""

    format: Annotated[TextFormat | JsonObjectFormat | SchemaFormat, Field(discriminator="type")] | None = None
    verbosity: Verbosity | None = None


class Reasoning(Shape):
    """How much a model thinks."""

    effort: Effort | None = None
    summary: None = None


class StreamOptions(Shape):
    """How a response is streamed; obfuscation, padding against an eavesdropper, is never added."""

    include_obfuscation: Literal[False] | None = None


class ResponseIn(Shape):
    """The request. Members without an effect say why; those that are refused are in REFUSED."""

    model: str
    input: Annotated[
        Annotated[str, Field(min_length=1), Tag("text")]
        | Annotated[list[Item], Field(min_length=1, max_length=MAX_MESSAGES), Tag("parts")],
        Discriminator(text_or_parts),
    ]
    instructions: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_output_tokens: Tokens | None = None
    max_tool_calls: Annotated[int, Field(ge=1)] | None = None
    tools: Annotated[list[Tool], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Annotated[
        Annotated[Literal["none", "auto", "required"], Tag("text")]
        | Annotated[ChosenTool, Tag("parts")]
        | Annotated[None, Tag("none")],
        Discriminator(lambda value: "none" if value is None else text_or_parts(value)),
    ] = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    reasoning: Reasoning | None = None
    include: list[Literal["file_search_call.results", "reasoning.encrypted_content"]] | None = None
    metadata: Labels | None = None
    user: str | None = None  # who asks, for OpenAI's statistics: nothing depends on it
    safety_identifier: str | None = None  # as `user`
    prompt_cache_key: str | None = None  # a hint to OpenAI's cache: the provider caches as it does
    x_outcrop: Extension = Extension()


REFUSED: Refusals = {
    "background": ((False,), "A response is made while the client waits, or streams."),
    "conversation": ((), "Go on with `previous_response_id`."),
    "prompt": ((), "Send the prompt's text itself."),
    "truncation": (("disabled",), "What does not fit the model is refused by its provider, not cut."),
    "top_logprobs": ((0,), "Log probabilities are not had from every provider."),
    "service_tier": (("auto", "default"), "There is one tier."),
    "moderation": ((), "There is no moderation model."),
    "context_management": ((), "A conversation is not compacted."),
    "access_programs": ((), "They are OpenAI's own."),
    "image": ((), "Images are given to the model as they are."),
    "prompt_cache_options": ((), "The provider caches as it does."),
    "prompt_cache_retention": ((), "The provider caches as it does."),
}
