"""pydantic-ai's stream events as ours: blocks that follow one another, each begun, filled and ended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from outcrop.core.answers import Usage
from outcrop.core.chat import BlockDelta, BlockEnded, BlockStarted, ChatEnded, ChatEvent, StopReason, ToolUse
from outcrop.core.errors import ModelFailed, Unavailable

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponsePart
    from pydantic_ai.models import StreamedResponse

_REASONS: Mapping[str, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "content_filtered",
    "tool_call": "tool_use",
}
_REDACTED = frozenset({"redacted_thinking", "redacted_content"})  # ids of thoughts that only the provider can read

_KINDS: Mapping[str, Literal["text", "reasoning", "tool_use"]] = {
    "text": "text",
    "thinking": "reasoning",
    "tool-call": "tool_use",
}


class Blocks:
    """The blocks of one reply: numbered in order, one open at a time."""

    def __init__(self, model: str) -> None:
        self.tools = 0
        self._model = model
        self._count = 0
        self._part: int | None = None  # the provider's number of the part that is open
        self._kind: Literal["text", "reasoning", "tool_use"] = "text"
        self._tools: set[int] = set()

    def translate(self, event: Any) -> Iterator[ChatEvent]:
        """What an event of the stream is in ours: nothing, or several."""
        from pydantic_ai.messages import PartDeltaEvent, PartStartEvent

        if isinstance(event, PartStartEvent) and event.part.part_kind in _KINDS:
            yield from self._begin(event.index, event.part)
        elif isinstance(event, PartDeltaEvent):
            yield from self._go_on(event.index, event.delta)

    def close(self) -> Iterator[ChatEvent]:
        """The end of the block that is open."""
        if self._part is not None:
            yield BlockEnded(index=self._count - 1)
            self._part = None

    def _begin(self, index: int, part: ModelResponsePart) -> Iterator[ChatEvent]:
        from pydantic_ai.messages import TextPart, ThinkingPart, ToolCallPart

        if isinstance(part, ToolCallPart):
            self.tools += 1
            self._tools.add(index)
            yield from self._open(index, "tool_use", ToolUse(id=part.tool_call_id, name=part.tool_name, arguments={}))
            yield from self._text(_json(part.args))
        elif isinstance(part, ThinkingPart):
            yield from self._open(index, "reasoning")
            yield from self._thought(part.content, part.signature, redacted=part.id in _REDACTED)
        elif isinstance(part, TextPart):
            yield from self._open(index, "text")
            yield from self._text(part.content)

    def _go_on(self, index: int, delta: Any) -> Iterator[ChatEvent]:
        from pydantic_ai.messages import TextPartDelta, ThinkingPartDelta, ToolCallPartDelta

        if isinstance(delta, ToolCallPartDelta):
            if index != self._part and delta.args_delta:
                raise ModelFailed(f"{self._model} mixes up the arguments of several tool calls.")
            yield from self._text(_json(delta.args_delta))
        elif isinstance(delta, TextPartDelta) and delta.content_delta:
            yield from self._again(index, "text")
            yield from self._text(delta.content_delta)
        elif isinstance(delta, ThinkingPartDelta):
            yield from self._again(index, "reasoning")
            yield from self._thought(delta.content_delta or "", delta.signature_delta, redacted=False)

    def _again(self, index: int, kind: Literal["text", "reasoning"]) -> Iterator[ChatEvent]:
        """Go on with a part: in a block of its own where another came in between."""
        if self._part != index:
            yield from self._open(index, kind)

    def _open(
        self, index: int, kind: Literal["text", "reasoning", "tool_use"], tool: ToolUse | None = None
    ) -> Iterator[ChatEvent]:
        yield from self.close()
        self._part, self._kind = index, kind
        self._count += 1
        yield BlockStarted(index=self._count - 1, kind=kind, tool=tool)

    def _text(self, text: str) -> Iterator[ChatEvent]:
        if text:
            yield BlockDelta(index=self._count - 1, text=text)

    def _thought(self, text: str, signature: str | None, *, redacted: bool) -> Iterator[ChatEvent]:
        if redacted:
            yield BlockDelta(index=self._count - 1, redacted=(signature or "").encode())
        elif text or signature:
            yield BlockDelta(index=self._count - 1, text=text, signature=signature or None)


def ended(model: str, stream: StreamedResponse, tools: int) -> ChatEnded:
    """The end of a reply.

    Raises:
        Unavailable: The stream is over, but the provider did not say that the reply is.
        ModelFailed: The provider says that it failed.
    """
    if not _is_over(stream):
        raise Unavailable(f"{model} broke off in the middle of its answer. Try again.")
    raw = str((stream.provider_details or {}).get("finish_reason", ""))
    reason = _REASONS.get(stream.finish_reason or "")
    if reason is None:
        raise ModelFailed(f"{model} ended its answer with an error.")
    if raw.lower() == "stop_sequence":
        reason = "stop_sequence"
    usage = stream.usage
    return ChatEnded(
        # Some servers end a reply that only calls tools as they end any other.
        stop_reason="tool_use" if tools and reason == "end_turn" else reason,
        usage=Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
        ),
        model=model,
    )


def _is_over(stream: StreamedResponse) -> bool:
    """Whether the provider said that the answer is over: a stream that is cut may look as if it were.

    For OpenAI's protocol pydantic-ai makes up a reason where none came, and leaves it out of the details.
    """
    details = stream.provider_details or {}
    return stream.finish_reason is not None and ("finish_reason" in details or not details.keys() <= {"timestamp"})


def _json(arguments: str | Mapping[str, Any] | None) -> str:
    """The arguments of a tool call as JSON text."""
    if isinstance(arguments, Mapping):
        return json.dumps(dict(arguments), ensure_ascii=False)
    return arguments or ""
