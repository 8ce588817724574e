"""Amazon Nova: Converse's own form as a body, bytes in base64 (schema messages-v1).

Source: https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field

from outcrop.bedrock import replies, spec
from outcrop.bedrock.bodies.contract import Body, Chunk, Chunks
from outcrop.bedrock.bodies.members import Members, Tokens, Unit, Words, checked
from outcrop.bedrock.check import Check
from outcrop.bedrock.messages import chat_request
from outcrop.bedrock.parse import CHECKER as REQUESTS
from outcrop.bedrock.parse import Problems
from outcrop.bedrock.render import CHECKER as REPLIES
from outcrop.bedrock.render import checked as rendered
from outcrop.bedrock.table import accepted
from outcrop.bedrock.talk import CACHED, TALK
from outcrop.core.answers import Usage
from outcrop.core.chat import ChatEnded, ChatEvent, ChatReply, ChatRequest, Sampling
from outcrop.core.errors import Invalid

RUNTIME = "bedrock-runtime"


class InferenceConfig(Members):
    """The sampling of a request; the older names of its members are taken too."""

    maxTokens: Tokens | None = Field(None, validation_alias=AliasChoices("maxTokens", "max_new_tokens"))
    temperature: Unit | None = None
    topP: Unit | None = Field(None, validation_alias=AliasChoices("topP", "top_p"))
    topK: Annotated[int, Field(ge=0, le=128)] | None = Field(None, validation_alias=AliasChoices("topK", "top_k"))
    stopSequences: list[Words] = Field([], validation_alias=AliasChoices("stopSequences", "stop_sequences", "stop"))


class Nova(Members):
    """A request; what Converse has too is checked against its shape."""

    schemaVersion: Literal["messages-v1"] | None = None
    messages: list[Any]
    system: list[Any] = []
    toolConfig: dict[str, Any] = {}
    inferenceConfig: InferenceConfig = InferenceConfig()


def request(body: Body) -> ChatRequest:
    """What a body asks. Raises Invalid."""
    given = checked(Nova, body)
    config = given.inferenceConfig
    sampling = Sampling(
        temperature=config.temperature,
        top_p=config.topP,
        top_k=config.topK,
        max_tokens=config.maxTokens,
        stop=tuple(config.stopSequences),
    )
    talk = {name: body[name] for name in ("messages", "system", "toolConfig") if name in body}
    return replace(chat_request(_as_converse(talk)), sampling=sampling)


def _as_converse(talk: Body) -> Body:
    """Members that Converse has too, checked as Converse checks them, bytes decoded."""
    problems = Problems()
    found: Body = _check()({**talk, "modelId": "amazon.nova"}, "", problems)
    if problems:
        raise Invalid(" ".join(problems))
    return found


@cache
def _check() -> Check:
    shape = spec.operation(RUNTIME, "Converse").input
    return REQUESTS.check(shape, accepted(shape, ["modelId", *TALK, *CACHED]))


def reply(reply: ChatReply, model: str) -> Chunk:
    """The body of a whole reply."""
    del model
    return {
        "output": _sent("Converse", "output", {"message": replies.message(reply)}),
        "stopReason": reply.end.stop_reason,
        "usage": _usage(reply.end.usage),
    }


def chunks(model: str) -> Chunks:
    """What makes the chunks of one streamed reply."""
    del model
    events = replies.Events()

    def made(event: ChatEvent) -> Iterator[Chunk]:
        yield from (_sent("ConverseStream", "stream", one) for one in events.of(event))
        if isinstance(event, ChatEnded):
            yield {"metadata": {"usage": _usage(event.usage), "metrics": {}, "trace": {}}}

    return made


def _sent(operation: str, member: str, value: Body) -> Chunk:
    """A value as Converse would send it: bytes in base64."""
    shape = spec.operation(RUNTIME, operation).output.members[member].shape
    made: Chunk = rendered(REPLIES.check(shape), value)
    return made


def _usage(given: Usage) -> dict[str, int]:
    return {
        **{name: count for name, count in replies.usage(given).items() if not name.startswith("cache")},
        "cacheReadInputTokenCount": given.cache_read_tokens,
        "cacheWriteInputTokenCount": given.cache_write_tokens,
    }
