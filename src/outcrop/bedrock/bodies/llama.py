"""Meta Llama: a prompt with the special tokens of its version, and its generation.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from outcrop.bedrock.bodies.contract import Body, Chunk, Chunks
from outcrop.bedrock.bodies.members import Members, Unit, Words, checked, decoded
from outcrop.bedrock.bodies.texts import Turn, asked, chunked, words
from outcrop.bedrock.media import image
from outcrop.core.chat import ChatEnded, ChatReply, ChatRequest, Sampling

# Llama 3 writes <|start_header_id|>user<|end_header_id|> ... <|eot_id|>, Llama 4 <|header_start|> ... <|eot|>.
HEADER = re.compile(r"<\|(?:start_header_id|header_start)\|>\s*(\w+)\s*<\|(?:end_header_id|header_end)\|>")
MARKS = re.compile(r"<\|(?:begin_of_text|end_of_text|eot_id|eot|eom_id|eom|image)\|>|</?s>")
SYSTEM, SYSTEM_END = "<<SYS>>", "<</SYS>>"  # Llama 2, at the beginning of an instruction
SPEAKERS = {"system": "system", "assistant": "assistant"}  # any other header is the user's


class Llama(Members):
    """A request."""

    prompt: Words
    temperature: Unit | None = None
    top_p: Unit | None = None
    max_gen_len: Annotated[int, Field(ge=1, le=8192)] | None = None
    images: list[Words] = []  # in base64


def request(body: Body) -> ChatRequest:
    """What a body asks; images belong to the last thing that the user says. Raises Invalid."""
    given = checked(Llama, body)
    sampling = Sampling(temperature=given.temperature, top_p=given.top_p, max_tokens=given.max_gen_len)
    made = asked(turns(given.prompt), sampling, "prompt")
    images = tuple(
        image(decoded(data, f"images[{place}]"), f"images[{place}]") for place, data in enumerate(given.images)
    )
    last = max(place for place, message in enumerate(made.messages) if message.role == "user")
    messages = list(made.messages)
    messages[last] = replace(messages[last], content=(*images, *messages[last].content))
    return replace(made, messages=tuple(messages))


def reply(reply: ChatReply, model: str) -> Chunk:
    """The body of a whole reply."""
    del model
    return _chunk(words(reply), reply.end)


def chunks(model: str) -> Chunks:
    """What makes the chunks of one streamed reply; the counts are known with the last."""
    del model
    return chunked(_chunk)


def _chunk(text: str, end: ChatEnded | None) -> Chunk:
    return {
        "generation": text,
        "prompt_token_count": end and end.usage.input_tokens,
        "generation_token_count": end and end.usage.output_tokens,
        "stop_reason": end and ("length" if end.stop_reason == "max_tokens" else "stop"),
    }


def turns(prompt: str) -> Iterator[Turn]:
    """The turns of a prompt in any of the versions' forms; one without special tokens is the user's."""
    before, *parts = HEADER.split(prompt)
    if not parts:
        yield from instructions(before)
        return
    for who, said in zip(parts[::2], parts[1::2], strict=True):
        yield SPEAKERS.get(who, "user"), MARKS.sub("", said)


def instructions(prompt: str) -> Iterator[Turn]:
    """The turns of `<s>[INST] question [/INST] answer </s>`, the form of Llama 2 and of Mistral."""
    for place, part in enumerate(re.split(r"\[INST\]|\[/INST\]", MARKS.sub("", prompt))):
        if place == 0 or place % 2:  # before the first [INST], or between it and its end
            system, end, said = part.strip().removeprefix(SYSTEM).partition(SYSTEM_END)
            yield ("system" if end else "user"), system
            yield "user", said
        else:
            yield "assistant", part
