"""The extractive answerer as a chat model: it quotes from what the conversation holds, and knows nothing else."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from outcrop.adapters.embedders.estimate import EstimatedTokens
from outcrop.adapters.generators.documents import text_of
from outcrop.adapters.generators.extractive import ExtractiveGenerator, open_generator
from outcrop.adapters.generators.passages import as_hits
from outcrop.core.answers import Prompt, Usage
from outcrop.core.cards import ModelCard
from outcrop.core.chat import (
    BlockDelta,
    BlockEnded,
    BlockStarted,
    ChatEnded,
    ChatEvent,
    ChatMessage,
    ChatRequest,
    MediaBlock,
    Sampling,
    StopReason,
    TextBlock,
)
from outcrop.core.errors import Unsupported
from outcrop.core.protocols import Adapters, Reader
from outcrop.core.settings import Settings
from outcrop.core.terms import content_terms

_PARAGRAPHS = re.compile(r"\n\s*\n")
_ASKS = re.compile(r"^(?:question|frage|pregunta|q)\s*:\s*", re.IGNORECASE)
_MARKS = ("?", "？", "؟")  # a paragraph that ends so is the question, wherever it stands
_INSTRUCTION = 400  # characters: a shorter system text tells how to answer, a longer one may hold what to answer from
_PIECE = 1200  # characters of a passage, about: what a chunk has
_MOST = 40  # passages that are read
_HELP = (
    "outcrop.extractive-v1 quotes the passages that it is given, and knows nothing else. Put texts or documents before "
    "the question, ask through a knowledge base, or set `model` to a language model such as openai:gpt-5-mini."
)


def open_chat_model(card: ModelCard, settings: Settings, adapters: Adapters) -> ExtractiveChat:
    """The extractive answerer. Raises Invalid for a name other than extractive:sentences."""
    return ExtractiveChat(open_generator(card.target, settings, adapters), adapters.reader, settings.refusal)


class ExtractiveChat:
    """`core.protocols.ChatModel`: quotes what the conversation holds to answer its last question."""

    def __init__(self, generator: ExtractiveGenerator, reader: Callable[[], Reader], refusal: str) -> None:
        self.model = generator.model
        self._generator = generator
        self._reader = reader
        self._refusal = refusal

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The sentences that answer, or the refusal where none does.

        Raises:
            Unsupported: There is nothing to quote from, or a schema is asked for.
            Unreadable: A document has no text that can be read.
        """
        if request.answer_schema is not None:
            raise Unsupported("outcrop.extractive-v1 quotes; it cannot write to a schema.")
        question, passages = await self._material(request)
        if not passages:
            raise Unsupported(_HELP)
        cut = Cut(request.sampling)
        yield BlockStarted(index=0, kind="text")
        details: Mapping[str, Any] = {}
        async for delta in self._generator.generate(Prompt(question=question, passages=as_hits(passages))):
            details = {**details, **delta.details}
            if text := cut.allowed(delta.text):
                yield BlockDelta(index=0, text=text)
        if not cut.sent and (text := cut.allowed(self._refusal)):
            yield BlockDelta(index=0, text=text)
        yield BlockEnded(index=0)
        end = ChatEnded(stop_reason=cut.reason, usage=Usage(), model=self.model, details=details)
        yield replace(end, stop_sequence=cut.sequence)

    async def count(self, request: ChatRequest) -> int:
        """It has no tokens of its own. Raises Unsupported."""
        del request
        raise Unsupported("outcrop.extractive-v1 reads no tokens; there is nothing to count.")

    async def _material(self, request: ChatRequest) -> tuple[str, Sequence[str]]:
        """The question, and the pieces of all else that may be quoted, those nearest to it by their words."""
        texts = [text for text in request.system if len(text) > _INSTRUCTION]
        paragraphs: list[str] = []
        for message in request.messages:
            if message.role == "user":
                texts += paragraphs
                documents, paragraphs = await self._read(message)
                texts += documents
        if not paragraphs:
            raise Unsupported(_HELP)
        asked = next((number for number in reversed(range(len(paragraphs))) if paragraphs[number].endswith(_MARKS)), -1)
        question = _ASKS.sub("", paragraphs.pop(asked))
        return question, _nearest(question, list(_pieces("\n\n".join([*texts, *paragraphs]))))

    async def _read(self, message: ChatMessage) -> tuple[list[str], list[str]]:
        """The texts of a message's documents, and the paragraphs of its words."""
        documents = [await text_of(block, self._reader()) for block in message.content if isinstance(block, MediaBlock)]
        said = "\n\n".join(block.text for block in message.content if isinstance(block, TextBlock))
        return documents, [part.strip() for part in _PARAGRAPHS.split(said) if part.strip()]


class Cut:
    """Ends a text at its stop sequences and at its most tokens."""

    def __init__(self, sampling: Sampling) -> None:
        self.sent = ""
        self.reason: StopReason = "end_turn"
        self.sequence: str | None = None
        self._sampling = sampling

    def allowed(self, piece: str) -> str:
        """What of the next piece is still to be said."""
        if self.reason != "end_turn":
            return ""
        whole = self.sent + piece
        found = [(whole.find(stop), stop) for stop in self._sampling.stop if stop in whole]
        if found:
            end, self.sequence = min(found)
            whole, self.reason = whole[: max(end, len(self.sent))], "stop_sequence"
        spans = EstimatedTokens().spans(whole)
        most = self._sampling.max_tokens
        if most is not None and len(spans) > most:
            whole, self.reason, self.sequence = whole[: spans[most - 1][1]], "max_tokens", None
        piece, self.sent = whole[len(self.sent) :], whole
        return piece


def _pieces(text: str) -> Iterator[str]:
    """Paragraphs, together as long as a passage is."""
    piece = ""
    for part in filter(None, map(str.strip, _PARAGRAPHS.split(text))):
        if piece and len(piece) + len(part) > _PIECE:
            yield piece
            piece = ""
        piece = f"{piece}\n\n{part}" if piece else part
    if piece:
        yield piece


def _nearest(question: str, pieces: list[str]) -> list[str]:
    """As many pieces as are read, in their order: those that share most words with the question."""
    if len(pieces) <= _MOST:
        return pieces
    wanted = {term.key for term in content_terms(question)}
    shared = [len(wanted & {term.key for term in content_terms(piece)}) for piece in pieces]
    best = sorted(range(len(pieces)), key=lambda number: (-shared[number], number))[:_MOST]
    return [pieces[number] for number in sorted(best)]
