"""InvokeModel and InvokeModelWithResponseStream: each family of models with its own bodies."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from time import perf_counter
from typing import Any

from outcrop.bedrock import spec
from outcrop.bedrock.bodies.contract import Body, Chunk, Chunks
from outcrop.bedrock.bodies.family import RERANK, chat_body, embedding_body
from outcrop.bedrock.bodies.members import parsed
from outcrop.bedrock.failures import awaited, streamed
from outcrop.bedrock.model_ids import card_of
from outcrop.bedrock.parse import JSON
from outcrop.bedrock.render import to_json
from outcrop.bedrock.replies import uncached
from outcrop.bedrock.table import Call, op
from outcrop.core.answers import Usage
from outcrop.core.cards import ModelCard
from outcrop.core.chat import ChatEnded, ChatEvent
from outcrop.core.errors import Invalid, Unsupported
from outcrop.models.replies import whole
from outcrop.web.asgi import closing

RUNTIME = "bedrock-runtime"
METRICS = "amazon-bedrock-invocationMetrics"  # a member of a stream's last chunk
SENT = frozenset({JSON, "application/octet-stream"})  # the second is what SDKs say of bytes unless they are told
_IGNORED = {
    "trace": "it shows what a guardrail did, and none is asked for.",
    "requestMetadata": "it filters invocation logs, which Outcrop does not keep.",
    "performanceConfigLatency": "there is one; the reply says which (`standard`).",
    "serviceTier": "there is one; the reply says which (`default`).",
}
Told = tuple[Chunk, Usage, float]
"""A reply, what it took, and how long in milliseconds."""


@op(RUNTIME, "InvokeModel", ignores=_IGNORED)
async def invoke_model(
    call: Call,
    *,
    modelId: str,
    body: bytes = b"",
    contentType: str | None = None,
    accept: str | None = None,
    performanceConfigLatency: str | None = None,
    serviceTier: str | None = None,
) -> dict[str, Any]:
    """A model's reply in its family's own form."""
    _check_types(contentType, accept)
    card, given = await card_of(call, modelId), parsed(body)
    ask = {"embedding": _embedded, "rerank": _reranked}.get(card.kind, _said)
    reply, usage, latency = await awaited(ask(call, card, given))
    call.headers.update(_headers(usage, latency))
    return {"body": to_json(reply), "contentType": JSON, **_served(performanceConfigLatency, serviceTier)}


@op(RUNTIME, "InvokeModelWithResponseStream", ignores=_IGNORED)
async def invoke_model_with_response_stream(
    call: Call,
    *,
    modelId: str,
    body: bytes = b"",
    contentType: str | None = None,
    accept: str | None = None,
    performanceConfigLatency: str | None = None,
    serviceTier: str | None = None,
) -> dict[str, Any]:
    """The same, piece by piece as it comes."""
    _check_types(contentType, accept)
    card, given = await card_of(call, modelId), parsed(body)
    if card.kind != "chat":
        raise Unsupported(f"{card.id} does not stream: it is a model for {card.kind}. Ask it with InvokeModel.")
    family = chat_body(card, given)
    events = call.services.models.chat(card.id, family.request(given))
    chunks = streamed(_chunks(events, family.chunks(card.id)), spec.operation(RUNTIME, "InvokeModelWithResponseStream"))
    return {"body": chunks, "contentType": JSON, **_served(performanceConfigLatency, serviceTier)}


async def _said(call: Call, card: ModelCard, given: Body) -> Told:
    family = chat_body(card, given)
    reply = await whole(call.services.models.chat(card.id, family.request(given)))
    return family.reply(reply, card.id), reply.end.usage, reply.end.latency_ms


async def _embedded(call: Call, card: ModelCard, given: Body) -> Told:
    asked, start = embedding_body(card).asked(given), perf_counter()
    if card.dimensions is not None:
        _check_dimensions(card, asked.dimensions, card.dimensions, asked.dimensions_member)
    vectors, tokens = await call.services.models.embed(card.id, asked.texts, asked.purpose)
    _check_dimensions(card, asked.dimensions, vectors.shape[1], asked.dimensions_member)
    return asked.reply(vectors, tokens), Usage(input_tokens=tokens), _since(start)


async def _reranked(call: Call, card: ModelCard, given: Body) -> Told:
    asked, start = RERANK.asked(given), perf_counter()
    found = await call.services.models.rerank(card.id, asked.question, asked.texts, asked.top)
    return RERANK.reply(found), Usage(), _since(start)


def _check_dimensions(card: ModelCard, asked: int | None, has: int, member: str) -> None:
    """Raises Invalid where vectors of another length are asked for than the model makes."""
    if asked not in (None, has):
        raise Invalid(f"{member} must be {has}, or left out: {card.id} makes vectors of that length, not of {asked}.")


def _since(start: float) -> float:
    return (perf_counter() - start) * 1000


async def _chunks(events: AsyncIterator[ChatEvent], translated: Chunks) -> AsyncGenerator[dict[str, Any]]:
    """The chunks of a stream, each as soon as the model gives it; the last with the metrics."""
    async with closing(events):
        async for event in events:
            made = list(translated(event))
            if isinstance(event, ChatEnded):
                made[-1] = {**made[-1], METRICS: _metrics(event)}
            for one in made:
                yield {"chunk": {"bytes": to_json(one)}}


def _metrics(end: ChatEnded) -> dict[str, int]:
    usage, first = end.usage, end.latency_ms if end.first_token_ms is None else end.first_token_ms
    cached = {
        "cacheReadInputTokenCount": usage.cache_read_tokens,
        "cacheWriteInputTokenCount": usage.cache_write_tokens,
    }
    return {
        "inputTokenCount": uncached(usage),
        "outputTokenCount": usage.output_tokens,
        "invocationLatency": round(end.latency_ms),
        "firstByteLatency": round(first),
        **(cached if any(cached.values()) else {}),
    }


def _headers(usage: Usage, latency: float) -> dict[str, str]:
    """What is told of a whole reply besides its body."""
    counts = {
        "x-amzn-bedrock-invocation-latency": round(latency),
        "x-amzn-bedrock-input-token-count": uncached(usage),
        "x-amzn-bedrock-output-token-count": usage.output_tokens,
        "x-amzn-bedrock-cache-read-input-token-count": usage.cache_read_tokens,
        "x-amzn-bedrock-cache-write-input-token-count": usage.cache_write_tokens,
    }
    return {name: str(count) for name, count in counts.items() if count or "cache" not in name}


def _check_types(sent: str | None, accept: str | None) -> None:
    """Raises Invalid for a body, or an answer, that is not JSON."""
    if sent is not None and sent.partition(";")[0].strip().lower() not in SENT:
        raise Invalid(f"contentType must be {JSON}, not {sent[:100]}.")
    if accept is not None and not any(kind in accept for kind in (JSON, "*/*", "application/*")):
        raise Invalid(f"accept must be {JSON}, not {accept[:100]}.")


def _served(latency: str | None, tier: str | None) -> Mapping[str, str]:
    """How the request was served, where it says how it would like to be."""
    return {
        **({} if latency is None else {"performanceConfigLatency": "standard"}),
        **({} if tier is None else {"serviceTier": "default"}),
    }
