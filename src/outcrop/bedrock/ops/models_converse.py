"""Converse, ConverseStream and CountTokens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

from outcrop.bedrock import replies, spec
from outcrop.bedrock.bodies.family import chat_body
from outcrop.bedrock.bodies.members import parsed
from outcrop.bedrock.extra_fields import with_fields
from outcrop.bedrock.failures import awaited, streamed
from outcrop.bedrock.messages import chat_request
from outcrop.bedrock.model_ids import card_of
from outcrop.bedrock.response_fields import check_pointers, found
from outcrop.bedrock.table import Call, op
from outcrop.bedrock.talk import CACHED, TALK
from outcrop.core.chat import ChatEnded, ChatEvent, ChatRequest
from outcrop.core.errors import Invalid
from outcrop.models.replies import whole
from outcrop.web.asgi import closing

RUNTIME = "bedrock-runtime"
Given = Mapping[str, Any]

_ASK = (
    *TALK,
    "inferenceConfig.**",
    "outputConfig.textFormat.type",
    "outputConfig.textFormat.structure.jsonSchema.schema",
    "performanceConfig.latency",
    "serviceTier.type",
)
_SCHEMA = "a schema is told from others by what it says."
_IGNORED = {
    **CACHED,
    "requestMetadata": "it filters invocation logs, which Outcrop does not keep.",
    "performanceConfig.latency": "there is one; the reply says which (`standard`).",
    "serviceTier.type": "there is one; the reply says which (`default`).",
    "outputConfig.textFormat.structure.jsonSchema.name": _SCHEMA,
    "outputConfig.textFormat.structure.jsonSchema.description": _SCHEMA,
}


@op(RUNTIME, "Converse", accepts=_ASK, ignores=_IGNORED)
async def converse(
    call: Call,
    *,
    modelId: str,
    messages: Sequence[Given] = (),
    system: Sequence[Given] = (),
    toolConfig: Given | None = None,
    inferenceConfig: Given | None = None,
    outputConfig: Given | None = None,
    additionalModelRequestFields: Any = None,
    additionalModelResponseFieldPaths: Sequence[str] = (),
    performanceConfig: Given | None = None,
    serviceTier: Given | None = None,
) -> dict[str, Any]:
    """A model's whole reply to a conversation."""
    check_pointers(additionalModelResponseFieldPaths)
    given = _given(messages, system, toolConfig, inferenceConfig, outputConfig)
    model, request = await _asked(call, modelId, given, additionalModelRequestFields)
    reply = await awaited(whole(call.services.models.chat(model, request)))
    return {
        "output": {"message": replies.message(reply)},
        "stopReason": reply.end.stop_reason,
        "usage": replies.usage(reply.end.usage),
        "metrics": replies.metrics(reply.end),
        **found(additionalModelResponseFieldPaths, reply.end),
        **_served(performanceConfig, serviceTier),
    }


@op(RUNTIME, "ConverseStream", accepts=_ASK, ignores=_IGNORED)
async def converse_stream(
    call: Call,
    *,
    modelId: str,
    messages: Sequence[Given] = (),
    system: Sequence[Given] = (),
    toolConfig: Given | None = None,
    inferenceConfig: Given | None = None,
    outputConfig: Given | None = None,
    additionalModelRequestFields: Any = None,
    additionalModelResponseFieldPaths: Sequence[str] = (),
    performanceConfig: Given | None = None,
    serviceTier: Given | None = None,
) -> dict[str, Any]:
    """The same, piece by piece as it comes."""
    check_pointers(additionalModelResponseFieldPaths)
    given = _given(messages, system, toolConfig, inferenceConfig, outputConfig)
    model, request = await _asked(call, modelId, given, additionalModelRequestFields)
    events = _events(
        call.services.models.chat(model, request),
        additionalModelResponseFieldPaths,
        _served(performanceConfig, serviceTier),
    )
    return {"stream": streamed(events, spec.operation(RUNTIME, "ConverseStream"))}


@op(
    RUNTIME,
    "CountTokens",
    accepts=(
        "input.invokeModel.body",
        *(f"input.converse.{path}" for path in TALK),
        "input.converse.additionalModelRequestFields",
    ),
    ignores={f"input.converse.{path}": reason for path, reason in CACHED.items()},
)
async def count_tokens(call: Call, *, modelId: str, input: Given) -> dict[str, Any]:
    """The input tokens that a request would take."""
    if "converse" in input:
        given = input["converse"]
        model, request = await _asked(call, modelId, given, given.get("additionalModelRequestFields"))
    else:
        card = await card_of(call, modelId)
        model, request = card.id, chat_body(card, body := parsed(input["invokeModel"]["body"])).request(body)
    return {"inputTokens": await awaited(call.services.models.count_tokens(model, request))}


def _given(
    messages: Sequence[Given],
    system: Sequence[Given],
    tools: Given | None,
    inference: Given | None,
    output: Given | None,
) -> Given:
    """The members that make up what is asked."""
    return {
        "messages": messages,
        "system": system,
        "toolConfig": tools or {},
        "inferenceConfig": inference or {},
        "outputConfig": output or {},
    }


async def _asked(call: Call, reference: str, given: Given, extra: Any) -> tuple[str, ChatRequest]:
    """Which model is asked, and what. Raises Invalid, Unsupported or NotFound."""
    card = await card_of(call, reference)
    if card.kind != "chat":
        raise Invalid(f"{card.id} does not talk: it is a model for {card.kind}. Ask it with InvokeModel.")
    return card.id, with_fields(chat_request(given), {} if extra is None else extra)


async def _events(
    reply: AsyncIterator[ChatEvent], paths: Sequence[str], served: Given
) -> AsyncGenerator[dict[str, Any]]:
    """The events of the stream, each as soon as the model gives it."""
    translator = replies.Events()
    async with closing(reply):
        async for one in reply:
            for event in translator.of(one):
                yield _completed(event, paths, one)
            if isinstance(one, ChatEnded):
                yield {"metadata": {"usage": replies.usage(one.usage), "metrics": replies.metrics(one), **served}}


def _completed(event: dict[str, Any], paths: Sequence[str], given: ChatEvent) -> dict[str, Any]:
    """The event; the last one with the fields that were asked for."""
    if not isinstance(given, ChatEnded):
        return event
    return {name: {**value, **found(paths, given)} for name, value in event.items()}


def _served(performance: Given | None, tier: Given | None) -> dict[str, Any]:
    """How the request was served, where it says how it would like to be."""
    return {
        **({} if performance is None else {"performanceConfig": {"latency": "standard"}}),
        **({} if tier is None else {"serviceTier": {"type": "default"}}),
    }
