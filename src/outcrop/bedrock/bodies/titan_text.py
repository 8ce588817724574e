"""Amazon Titan Text: one text in, one text out.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from outcrop.bedrock.bodies.contract import Body, Chunk, Chunks
from outcrop.bedrock.bodies.members import Members, Tokens, Unit, Words, checked
from outcrop.bedrock.bodies.texts import Turn, asked, chunked, words
from outcrop.core.chat import ChatEnded, ChatReply, ChatRequest, Sampling, StopReason

SPEAKERS = re.compile(r"(?:\A|\n)(User|Bot):")  # the conversational form, which begins with "User:"
REASONS: Mapping[StopReason, str] = {
    "end_turn": "FINISHED",
    "max_tokens": "LENGTH",
    "stop_sequence": "STOP_CRITERIA_MET",
    "content_filtered": "CONTENT_FILTERED",
    "tool_use": "FINISHED",  # never without tools, which this form does not have
}


class Config(Members):
    """The sampling of a request."""

    temperature: Unit | None = None
    topP: Unit | None = None
    maxTokenCount: Tokens | None = None
    stopSequences: list[Words] = []


class TitanText(Members):
    """A request."""

    inputText: Words
    textGenerationConfig: Config = Config()


def request(body: Body) -> ChatRequest:
    """What a body asks. Raises Invalid."""
    given = checked(TitanText, body)
    config = given.textGenerationConfig
    sampling = Sampling(
        temperature=config.temperature,
        top_p=config.topP,
        max_tokens=config.maxTokenCount,
        stop=tuple(config.stopSequences),
    )
    return asked(_turns(given.inputText), sampling, "inputText")


def reply(reply: ChatReply, model: str) -> Chunk:
    """The body of a whole reply."""
    del model
    usage = reply.end.usage
    result = {
        "tokenCount": usage.output_tokens,
        "outputText": words(reply),
        "completionReason": REASONS[reply.end.stop_reason],
    }
    return {"inputTextTokenCount": usage.input_tokens, "results": [result]}


def chunks(model: str) -> Chunks:
    """What makes the chunks of one streamed reply; the counts are known with the last."""
    del model
    return chunked(_chunk)


def _chunk(text: str, end: ChatEnded | None) -> Chunk:
    return {
        "outputText": text,
        "index": 0,
        "totalOutputTextTokenCount": end and end.usage.output_tokens,
        "completionReason": end and REASONS[end.stop_reason],
        "inputTextTokenCount": end and end.usage.input_tokens,
    }


def _turns(text: str) -> Iterator[Turn]:
    if not text.startswith("User:"):
        yield "user", text
        return
    _, *parts = SPEAKERS.split(text)
    for who, said in zip(parts[::2], parts[1::2], strict=True):
        yield ("user" if who == "User" else "assistant"), said
