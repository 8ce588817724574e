"""Claude's older form: a prompt of Human: and Assistant: turns, each after an empty line, and its completion.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-text-completion.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from outcrop.bedrock.bodies.contract import Body, Chunk, Chunks
from outcrop.bedrock.bodies.members import Members, Tokens, Unit, Words, checked
from outcrop.bedrock.bodies.texts import Turn, asked, chunked, words
from outcrop.core.chat import ChatEnded, ChatReply, ChatRequest, Sampling
from outcrop.core.errors import Invalid

HUMAN = "\n\nHuman:"
SPEAKERS = re.compile(r"\n\n(Human|Assistant):")


class ClaudeCompletion(Members):
    """A request."""

    prompt: Words
    max_tokens_to_sample: Tokens
    temperature: Unit | None = None
    top_p: Unit | None = None
    top_k: Annotated[int, Field(ge=0, le=500)] | None = None
    stop_sequences: list[Words] = []
    anthropic_version: str | None = None


def request(body: Body) -> ChatRequest:
    """What a body asks. Raises Invalid."""
    given = checked(ClaudeCompletion, body)
    if HUMAN not in f"\n\n{given.prompt.lstrip()}":
        raise Invalid('prompt must hold a turn that begins with "\\n\\nHuman:".')
    sampling = Sampling(
        temperature=given.temperature,
        top_p=given.top_p,
        top_k=given.top_k,
        max_tokens=given.max_tokens_to_sample,
        stop=tuple(one for one in given.stop_sequences if one != HUMAN),  # a turn of its own ends the answer anyway
    )
    return asked(_turns(given.prompt), sampling, "prompt")


def reply(reply: ChatReply, model: str) -> Chunk:
    """The body of a whole reply."""
    del model
    return _chunk(words(reply), reply.end)


def chunks(model: str) -> Chunks:
    """What makes the chunks of one streamed reply."""
    del model
    return chunked(_chunk)


def _chunk(text: str, end: ChatEnded | None) -> Chunk:
    return {"type": "completion", "completion": text, **_stopped(end)}


def _stopped(end: ChatEnded | None) -> Chunk:
    """Why it ended: the answer's own end is, in this form, that the human's turn would begin."""
    if end is None:
        return {"stop_reason": None, "stop": None}
    if end.stop_reason == "max_tokens":
        return {"stop_reason": "max_tokens", "stop": None}
    return {"stop_reason": "stop_sequence", "stop": end.stop_sequence or HUMAN}


def _turns(prompt: str) -> Iterator[Turn]:
    """The turns; what comes before the first is the system's."""
    before, *parts = SPEAKERS.split(f"\n\n{prompt.lstrip()}")
    yield "system", before
    for who, said in zip(parts[::2], parts[1::2], strict=True):
        yield ("user" if who == "Human" else "assistant"), said
