"""What the families of one text in and one text out share: a prompt's turns, and a reply's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from outcrop.bedrock.bodies.contract import Chunk, Chunks
from outcrop.core.chat import (
    BlockDelta,
    BlockStarted,
    ChatEnded,
    ChatEvent,
    ChatMessage,
    ChatReply,
    ChatRequest,
    Sampling,
    TextBlock,
)
from outcrop.core.errors import Invalid

Turn = tuple[str, str]  # who (system, user, assistant) and the words


def asked(turns: Iterable[Turn], sampling: Sampling, member: str) -> ChatRequest:
    """A conversation of turns: empty ones are left out, neighbours of one speaker joined.

    Raises Invalid, naming the prompt's member, where the user says nothing, or something comes before the user.
    """
    spoken = [(who, said) for who, words in turns if (said := words.strip())]
    sides = groupby((turn for turn in spoken if turn[0] != "system"), key=itemgetter(0))
    messages = tuple(
        ChatMessage(
            role="user" if who == "user" else "assistant", content=tuple(TextBlock(text=said) for _, said in side)
        )
        for who, side in sides
    )
    if not messages or messages[0].role != "user":
        raise Invalid(f"{member} must begin with what the user says.")
    system = tuple(said for who, said in spoken if who == "system")
    return ChatRequest(messages=messages, system=system, sampling=sampling)


def words(reply: ChatReply) -> str:
    """The text of a reply; thoughts, which these families have no place for, are left out."""
    return "".join(block.text for block in reply.content if isinstance(block, TextBlock))


def chunked(chunk: Callable[[str, ChatEnded | None], Chunk]) -> Chunks:
    """Makes a chunk of each piece of text as it comes, and one of the end; `chunk` is given "" and the end for it."""
    texts: set[int] = set()

    def made(event: ChatEvent) -> Iterator[Chunk]:
        if isinstance(event, BlockStarted) and event.kind == "text":
            texts.add(event.index)
        elif isinstance(event, BlockDelta) and event.index in texts and event.text:
            yield chunk(event.text, None)
        elif isinstance(event, ChatEnded):
            yield chunk("", event)

    return made
