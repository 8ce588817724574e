"""What is asked of a language model, and what comes back: messages of text, images, documents and tool calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from outcrop.core.answers import Usage

Role = Literal["user", "assistant"]
StopReason = Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "content_filtered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaBlock:
    """An image or a document as bytes: `media_type` says which ("image/png", "application/pdf")."""

    media_type: str
    data: bytes = field(repr=False)
    name: str | None = None  # a document's


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """A call of a tool that the model asks for."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool call gave: texts, media, or JSON values."""

    id: str  # of the ToolUse
    content: tuple[TextBlock | MediaBlock | JsonBlock, ...]
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonBlock:
    """A JSON value, in a tool's result."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningBlock:
    """What the model thought before it answered; `signature` and `redacted` are the provider's, to be given back."""

    text: str = ""
    signature: str | None = None
    redacted: bytes = b""


Block = TextBlock | MediaBlock | ToolUse | ToolResult | ReasoningBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One message: its blocks in order."""

    role: Role
    content: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool that the model may call; `schema` is the JSON Schema of its arguments, which `strict` holds it to."""

    name: str
    schema: Mapping[str, Any]
    description: str | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChoice:
    """Whether a tool must be called: the model decides, some tool, the one of this name, or none.

    `parallel` is whether several may be called at once; None leaves it to the provider.
    """

    kind: Literal["auto", "any", "tool", "none"] = "auto"
    name: str | None = None
    parallel: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a model generates; None leaves the provider's default."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A conversation to go on with.

    `answer_schema` is the JSON Schema that the reply's text must satisfy; `answer_strict` has the provider hold it to.
    """

    messages: tuple[ChatMessage, ...]
    system: tuple[str, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: ToolChoice = field(default_factory=ToolChoice)
    sampling: Sampling = field(default_factory=Sampling)
    answer_schema: Mapping[str, Any] | None = None
    answer_strict: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)  # fields of the provider's own request, handed through


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockStarted:
    """A block of the reply begins: `index` counts from 0; `tool` is given for a tool call, its arguments to come."""

    index: int
    kind: Literal["text", "reasoning", "tool_use"]
    tool: ToolUse | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockDelta:
    """The next piece of block `index`: text, thought, or the JSON text of a tool call's arguments."""

    index: int
    text: str = ""
    signature: str | None = None  # of a thought, with its last piece
    redacted: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockEnded:
    """Block `index` is whole."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatEnded:
    """The reply is whole: once, last. Times are milliseconds from the request; `model` is what answered."""

    stop_reason: StopReason
    usage: Usage
    model: str
    latency_ms: float = 0.0
    first_token_ms: float | None = None
    stop_sequence: str | None = None
    details: Mapping[str, str | int | float | bool] = field(default_factory=dict)  # for the trace: retries, fall-backs


ChatEvent = BlockStarted | BlockDelta | BlockEnded | ChatEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """A whole reply: what the events of one request add up to."""

    content: tuple[Block, ...]
    end: ChatEnded
