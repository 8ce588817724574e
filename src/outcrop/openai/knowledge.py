"""A knowledge base as a model: the conversation becomes a question and its history, the answer a cited text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from outcrop.core import filters
from outcrop.core.answers import Answer, AskRequest, Citation, Inference, Reference, Reranking, Usage
from outcrop.core.chat import ChatMessage, ChatRequest, TextBlock
from outcrop.core.records import KnowledgeBase, Turn
from outcrop.openai.call import Call
from outcrop.openai.cited import CitedText, Mark, Source, unmarked
from outcrop.openai.errors import ApiError, refused
from outcrop.openai.knowledge_shapes import Extension
from outcrop.openai.models import card
from outcrop.web.asgi import closing

DEFAULT_RESULTS = 8
NOT_ASKED = "A knowledge base answers from its documents only."
MAX_TURNS = 20  # of a conversation: older ones say nothing of what is asked now


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a knowledge base is asked, in this dialect."""

    base: KnowledgeBase
    request: AskRequest


async def asked(call: Call, base: KnowledgeBase, request: ChatRequest, extension: Extension) -> Asked:
    """The question of a conversation. Raises ApiError for what a knowledge base cannot be asked."""
    _refuse(request)
    question, turns = conversation(request.messages)
    sampling = request.sampling
    where = filters.from_json(extension.filter) if extension.filter is not None else None
    given = {"temperature": sampling.temperature, "top_p": sampling.top_p, "max_tokens": sampling.max_tokens}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return Asked(
        base=base,
        request=AskRequest(
            question=question,
            caller=call.caller.id,
            history=tuple(turns[-MAX_TURNS:]),
            instructions=request.system,
            model=(await card(call.services, extension.model)).id if extension.model is not None else None,
            limit=extension.results or DEFAULT_RESULTS,
            mode=extension.search or "hybrid",
            where=where,
            rerank=Reranking(model=extension.rerank) if extension.rerank is not None else None,
            inference=Inference(stop=sampling.stop, **chosen),
        ),
    )


def _refuse(request: ChatRequest) -> None:
    """Refuse, by name, what has no meaning for a knowledge base."""
    sampling = request.sampling
    for name, given in (
        ("tools", request.tools),
        ("response_format", request.answer_schema),
        ("seed", sampling.seed is not None),
        ("presence_penalty", sampling.presence_penalty),
        ("frequency_penalty", sampling.frequency_penalty),
        *((name, True) for name in request.extra),
    ):
        if given:
            raise refused(name, f"{NOT_ASKED} It does not support {name!r}; ask a model of /v1/models for that.")


def conversation(messages: Sequence[ChatMessage]) -> tuple[str, list[Turn]]:
    """The last question, and the turns before it. Raises ApiError where a message is not plain text."""
    turns: list[Turn] = []
    question = ""
    for number, message in enumerate(messages):
        text = _plain(message, number)
        if message.role == "user":
            question = f"{question}\n{text}" if question else text
        elif question:
            turns.append(Turn(question=question, answer=unmarked(text)))
            question = ""
    if not question:
        raise ApiError("The last message must be the user's: it is the question.", param="messages")
    return question, turns


def _plain(message: ChatMessage, number: int) -> str:
    texts = [block.text for block in message.content if isinstance(block, TextBlock)]
    if len(texts) < len(message.content):
        raise refused(f"messages[{number}].content", f"{NOT_ASKED} Its conversations are text alone.")
    return "\n".join(texts)


async def pieces(call: Call, given: Asked, into: CitedText) -> AsyncIterator[str]:
    """The cited text as it comes; when it is over, `into` holds the whole."""
    parts = call.services.answers.ask(given.base, given.request)
    async with closing(parts):
        async for part in parts:
            if piece := into.feed(part):
                yield piece


def finished(text: CitedText) -> Answer:
    """The answer that a text was made of."""
    if text.answer is None:
        raise RuntimeError("An answer always ends with its final part.")
    return text.answer


def usage(answer: Answer) -> Usage:
    """The tokens of the language model; the extractive answerer has none."""
    return answer.usage or Usage()


def url_annotation(mark: Mark) -> dict[str, Any]:
    """A mark as the annotation of a chat completion."""
    title, url = mark.source.name, mark.source.reference.hit.point.uri
    citation = {"start_index": mark.start, "end_index": mark.end, "title": title, "url": url}
    return {"type": "url_citation", "url_citation": citation}


def file_annotation(mark: Mark) -> dict[str, Any]:
    """A mark as the annotation of a response."""
    return {
        "type": "file_citation",
        "index": mark.start,
        "file_id": mark.source.reference.hit.chunk.document_id,
        "filename": mark.source.name,
    }


def extension(text: CitedText) -> dict[str, Any]:
    """`x_outcrop` of a reply: the answer without marks, and what exactly supports each of its statements."""
    answer = finished(text)
    return {
        "available": answer.available,
        "answer": answer.text,
        "question": answer.question,
        "model": answer.model,
        "citations": [_citation(text, citation) for citation in answer.citations],
        "sources": [_source(source) for source in text.sources.values()],
    }


def _citation(text: CitedText, citation: Citation) -> dict[str, Any]:
    """Characters, in code points, of `answer` and of the content that was sent."""
    return {
        "start": citation.start,
        "end": citation.end,
        "content_start": text.position(citation.start, end=False),
        "content_end": text.position(citation.end, end=True),
        "references": [_reference(one) for one in citation.references],
    }


def _reference(one: Reference) -> dict[str, Any]:
    """What supports a statement: `quote` is the characters [start, end) of the document's text."""
    return {
        "document_id": one.hit.chunk.document_id,
        "chunk_id": one.hit.chunk.id,
        "uri": one.hit.point.uri,
        "quote": one.quote,
        "start": one.start,
        "end": one.end,
        "page": one.page,
        "sheet": one.sheet,
        "row": one.row,
    }


def _source(source: Source) -> dict[str, Any]:
    one = source.reference
    return {
        "number": source.number,
        "name": source.name,
        "uri": one.hit.point.uri,
        "document_id": one.hit.chunk.document_id,
        "page": one.page,
        "sheet": one.sheet,
    }
