"""The members of a request in Claude's Messages form.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from outcrop.bedrock.bodies.members import Members, Tokens, Unit, Words

VERSION = r"^(bedrock-)?20\d\d-\d\d-\d\d$"  # bedrock-2023-05-31; newer clients of Anthropic's say their own
ImageType = Literal["image/png", "image/jpeg", "image/gif", "image/webp"]


class CacheControl(Members):
    """What may be cached: the provider's own choice, so that it changes nothing."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


class Cacheable(Members):
    """A block that may be marked for a cache."""

    cache_control: CacheControl | None = None


class Text(Cacheable):
    """Words; what an earlier answer cited is not told again."""

    type: Literal["text"]
    text: str
    citations: list[Any] | None = None


def _as_texts(content: Any) -> Any:
    """Plain words as a list of one block."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


Texts = Annotated[list[Text], BeforeValidator(_as_texts)]


class ImageSource(Members):
    """The bytes of an image."""

    type: Literal["base64"]
    media_type: ImageType
    data: Words


class Image(Cacheable):
    """An image."""

    type: Literal["image"]
    source: ImageSource


class PdfSource(Members):
    """The bytes of a PDF file."""

    type: Literal["base64"]
    media_type: Literal["application/pdf"]
    data: Words


class TextSource(Members):
    """A document of plain text."""

    type: Literal["text"]
    media_type: Literal["text/plain"]
    data: Words


class ContentSource(Members):
    """A document of blocks of text."""

    type: Literal["content"]
    content: Texts


class NoCitations(Members):
    """Citations, which a model behind Outcrop does not make by itself."""

    enabled: Literal[False]


class Document(Cacheable):
    """A document."""

    type: Literal["document"]
    source: Annotated[PdfSource | TextSource | ContentSource, Field(discriminator="type")]
    title: str | None = None
    citations: NoCitations | None = None


class Use(Cacheable):
    """A tool's call."""

    type: Literal["tool_use"]
    id: Words
    name: Words
    input: dict[str, Any]


class Result(Cacheable):
    """What a call gave."""

    type: Literal["tool_result"]
    tool_use_id: Words
    content: Annotated[
        list[Annotated[Text | Image | Document, Field(discriminator="type")]], BeforeValidator(_as_texts)
    ] = []
    is_error: bool = False


class Thinking(Members):
    """What the model thought."""

    type: Literal["thinking"]
    thinking: str
    signature: str | None = None


class RedactedThinking(Members):
    """What the model thought, and does not show."""

    type: Literal["redacted_thinking"]
    data: Words


Said = Annotated[Text | Image | Document | Use | Result | Thinking | RedactedThinking, Field(discriminator="type")]


class Message(Members):
    """One message."""

    role: Literal["user", "assistant"]
    content: Annotated[list[Said], BeforeValidator(_as_texts), Field(min_length=1)]


class Tool(Cacheable):
    """A tool of the client's own."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    input_schema: dict[str, Any]
    description: str | None = None
    type: Literal["custom"] | None = None
    strict: Literal[False] | None = None


class Choice(Members):
    """Whether a tool must be called."""

    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: Literal[False] | None = None


class Format(Members):
    """The JSON Schema that the reply must satisfy."""

    type: Literal["json_schema"]
    schema_: Annotated[dict[str, Any], Field(alias="schema")]


class OutputConfig(Members):
    """The form of the reply."""

    format: Format | None = None


class Metadata(Members):
    """Who asks, for Anthropic's statistics: nothing depends on it."""

    user_id: str | None = None


class ClaudeRequest(Members):
    """A request. `anthropic_beta` asks for features, whose members are checked each for itself."""

    anthropic_version: Annotated[str, Field(pattern=VERSION)]
    max_tokens: Tokens
    messages: Annotated[list[Message], Field(min_length=1, max_length=100_000)]
    system: Texts = []
    temperature: Unit | None = None
    top_p: Unit | None = None
    top_k: Annotated[int, Field(ge=0, le=500)] | None = None
    stop_sequences: Annotated[list[Words], Field(max_length=8191)] = []
    tools: list[Tool] = []
    tool_choice: Choice | None = None
    thinking: dict[str, Any] | None = None
    output_config: OutputConfig | None = None
    anthropic_beta: list[str] | None = None
    cache_control: CacheControl | None = None
    metadata: Metadata | None = None
