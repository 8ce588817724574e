"""The members of a chat completion's request, for models that speak OpenAI's form on Bedrock.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from outcrop.bedrock.bodies.members import Members, Tokens, Unit, Words


class Text(Members):
    """Words."""

    type: Literal["text"]
    text: str


class ImageUrl(Members):
    """An image as a data URL; how closely it is looked at is the provider's own choice."""

    url: Annotated[str, Field(pattern=r"^data:image/(png|jpeg|gif|webp);base64,")]
    detail: Literal["auto", "low", "high"] | None = None


class Image(Members):
    """An image."""

    type: Literal["image_url"]
    image_url: ImageUrl


def _as_texts(content: Any) -> Any:
    """Plain words as a list of one part, and none as no part."""
    if content is None:
        return []
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


Texts = Annotated[list[Text], BeforeValidator(_as_texts)]


class Said(Members):
    """What anyone says; `name` tells people of one role apart, which nothing depends on."""

    name: str | None = None


class System(Said):
    """What the model is told beforehand."""

    role: Literal["system", "developer"]
    content: Texts


class User(Said):
    """What a person says."""

    role: Literal["user"]
    content: Annotated[
        list[Annotated[Text | Image, Field(discriminator="type")]], BeforeValidator(_as_texts), Field(min_length=1)
    ]


class Function(Members):
    """The function of a call, its arguments as JSON text."""

    name: Words
    arguments: str


class ToolCall(Members):
    """A call that the model asked for."""

    id: Words
    type: Literal["function"] = "function"
    function: Function


class Assistant(Said):
    """What the model said; a reply may be sent back whole."""

    role: Literal["assistant"]
    content: Texts = []
    tool_calls: list[ToolCall] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    annotations: list[Any] | None = None


class Tool(Members):
    """What a call gave."""

    role: Literal["tool"]
    content: Texts
    tool_call_id: Words


class Spec(Members):
    """A function that the model may call."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, Any] = {"type": "object", "properties": {}}
    strict: Literal[False] | None = None


class FunctionTool(Members):
    """A tool: only functions."""

    type: Literal["function"]
    function: Spec


class ChosenFunction(Members):
    """A function by its name."""

    name: Words


class Chosen(Members):
    """The function that must be called."""

    type: Literal["function"]
    function: ChosenFunction


class JsonSchema(Members):
    """The schema of the reply; schemas are told from others by what they say."""

    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class Format(Members):
    """The form of the reply."""

    type: Literal["text", "json_schema"]
    json_schema: JsonSchema | None = None


def _as_list(stop: Any) -> Any:
    return [stop] if isinstance(stop, str) else stop


class ChatCompletion(Members):
    """A request. `model` and `stream` may be said again, as the path and the operation have them."""

    messages: Annotated[
        list[Annotated[System | User | Assistant | Tool, Field(discriminator="role")]], Field(min_length=1)
    ]
    model: str | None = None
    stream: bool | None = None
    stream_options: dict[str, bool] | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Unit | None = None
    top_k: Annotated[int, Field(ge=0)] | None = None
    stop: Annotated[list[Words], BeforeValidator(_as_list)] | None = None
    seed: int | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = None
    tools: list[FunctionTool] | None = None
    tool_choice: Literal["auto", "none", "any", "required"] | Chosen | None = None
    response_format: Format | None = None
    reasoning_effort: str | None = None
    user: str | None = None
