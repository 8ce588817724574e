"""Mistral: a prompt of `<s>[INST] question [/INST]`, and its outputs.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from outcrop.bedrock.bodies.contract import Body, Chunk, Chunks
from outcrop.bedrock.bodies.llama import instructions
from outcrop.bedrock.bodies.members import Members, Tokens, Unit, Words, checked
from outcrop.bedrock.bodies.texts import asked, chunked, words
from outcrop.core.chat import ChatEnded, ChatReply, ChatRequest, Sampling


class Mistral(Members):
    """A request."""

    prompt: Words
    max_tokens: Tokens | None = None
    stop: Annotated[list[Words], Field(max_length=10)] = []
    temperature: Unit | None = None
    top_p: Unit | None = None
    top_k: Annotated[int, Field(ge=1, le=200)] | None = None


def request(body: Body) -> ChatRequest:
    """What a body asks. Raises Invalid."""
    given = checked(Mistral, body)
    sampling = Sampling(
        temperature=given.temperature,
        top_p=given.top_p,
        top_k=given.top_k,
        max_tokens=given.max_tokens,
        stop=tuple(given.stop),
    )
    return asked(instructions(given.prompt), sampling, "prompt")


def reply(reply: ChatReply, model: str) -> Chunk:
    """The body of a whole reply."""
    del model
    return _chunk(words(reply), reply.end)


def chunks(model: str) -> Chunks:
    """What makes the chunks of one streamed reply."""
    del model
    return chunked(_chunk)


def _chunk(text: str, end: ChatEnded | None) -> Chunk:
    stopped = end and ("length" if end.stop_reason == "max_tokens" else "stop")
    return {"outputs": [{"text": text, "stop_reason": stopped}]}
