"""Runs a response: a model with the tools of its caller and the search of files, or a knowledge base."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from outcrop.core.answers import Usage
from outcrop.core.chat import (
    Block,
    BlockDelta,
    BlockEnded,
    BlockStarted,
    ChatEnded,
    ChatEvent,
    ChatMessage,
    ChatRequest,
    JsonBlock,
    ReasoningBlock,
    TextBlock,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from outcrop.core.errors import ModelFailed
from outcrop.models.replies import tool_arguments
from outcrop.openai import knowledge
from outcrop.openai.call import Call
from outcrop.openai.cited import CitedText
from outcrop.openai.responses_request import FILE_SEARCH, sealed
from outcrop.openai.responses_shapes import SearchTool
from outcrop.openai.responses_writer import Event, Writer
from outcrop.openai.store_shapes import MAX_QUESTION, Ranking, filter_of
from outcrop.openai.vector_store_search import search, shown
from outcrop.web.asgi import closing

MAX_SEARCHES = 8  # times that a model may search for one response
MAX_QUERIES = 5  # of one search
CUTS: Mapping[str, str] = {"max_tokens": "max_output_tokens", "content_filtered": "content_filter"}
_NUMBER = re.compile(r"\[(\d{1,3})\]")


@dataclass(slots=True)
class Found:
    """The passages that a response's searches found, numbered from 1, each once."""

    passages: list[dict[str, Any]] = field(default_factory=list)

    def number(self, passage: dict[str, Any]) -> int:
        """The number of a passage."""
        ids = [one["x_outcrop"]["chunk_id"] for one in self.passages]
        if passage["x_outcrop"]["chunk_id"] not in ids:
            self.passages.append(passage)
            return len(self.passages)
        return ids.index(passage["x_outcrop"]["chunk_id"]) + 1

    def annotations(self, text: str) -> list[dict[str, Any]]:
        """The marks such as [1] in a text that stand for passages."""
        return [
            {
                "type": "file_citation",
                "index": match.start(),
                "file_id": passage["file_id"],
                "filename": passage["filename"],
            }
            for match in _NUMBER.finditer(text)
            if 1 <= int(match[1]) <= len(self.passages)
            for passage in (self.passages[int(match[1]) - 1],)
        ]


@dataclass(slots=True)
class Turn:
    """One reply of a model: its blocks, and where each stands in the response."""

    blocks: list[Block] = field(default_factory=list)
    started: BlockStarted | None = None
    index: int = 0  # of the open block's item in the response
    text: str = ""
    signature: str | None = None
    redacted: bytes = b""
    end: ChatEnded | None = None


class Run:
    """One response of a model."""

    def __init__(self, call: Call, model: str, writer: Writer, tool: SearchTool | None, limit: int | None) -> None:
        self._call = call
        self._model = model
        self._writer = writer
        self._tool = tool
        self._own = FILE_SEARCH if tool is not None else None  # the name of the tool whose calls we make ourselves
        self._searches = min(limit or MAX_SEARCHES, MAX_SEARCHES) if tool is not None else 0
        self._found = Found()
        self._used = Usage()

    async def events(self, request: ChatRequest) -> AsyncIterator[Event]:
        """The events of the whole response; the first comes with the model's first word."""
        asked: ChatRequest | None = request
        while asked is not None:
            turn, results = Turn(), list[Block]()
            async with closing(events := self._turn(asked, turn)):
                async for event in events:
                    yield event
            for sought in self._searches_of(turn):
                async for event in self._search(sought, results):
                    yield event
            asked = self._next(asked, turn, results)
        for event in self._ended(turn):
            yield event

    def _searches_of(self, turn: Turn) -> list[ToolUse]:
        return [one for one in turn.blocks if isinstance(one, ToolUse) and one.name == self._own]

    def _ended(self, turn: Turn) -> list[Event]:
        end = turn.end
        if end is None:
            raise ModelFailed("The reply of the model has no end.")
        measured = {"model": end.model, "latency_ms": end.latency_ms, "first_token_ms": end.first_token_ms}
        cut = CUTS.get(end.stop_reason)
        return self._writer.end(self._used, cut, self._call.seconds(), {**measured, **end.details})

    def _next(self, request: ChatRequest, turn: Turn, results: Sequence[Block]) -> ChatRequest | None:
        """The request with what was found; None where the response is over, or its caller has calls to answer first.

        A tool is forced only once, and where enough was searched, none is left.
        """
        if not results or any(isinstance(one, ToolUse) and one.name != self._own for one in turn.blocks):
            return None
        said = ChatMessage(role="assistant", content=tuple(turn.blocks))
        found = ChatMessage(role="user", content=tuple(results))
        choice = ToolChoice(kind="auto" if self._searches > 0 else "none", parallel=request.tool_choice.parallel)
        return replace(request, messages=(*request.messages, said, found), tool_choice=choice)

    async def _turn(self, request: ChatRequest, turn: Turn) -> AsyncIterator[Event]:
        async with closing(replies := self._call.services.models.chat(self._model, request)):
            async for event in replies:
                if not self._writer.begun:
                    for told in self._writer.begin():
                        yield told
                for told in self._translate(event, turn):
                    yield told

    def _translate(self, event: ChatEvent, turn: Turn) -> list[Event]:
        match event:
            case BlockStarted():
                turn.started, turn.text, turn.signature, turn.redacted = event, "", None, b""
                return self._start(event, turn)
            case BlockDelta():
                turn.text += event.text
                turn.redacted += event.redacted
                if event.signature is not None:
                    turn.signature = (turn.signature or "") + event.signature
                return self._more(event.text, turn) if event.text else []
            case BlockEnded():
                return self._finish(turn)
            case ChatEnded():
                turn.end = event
                self._used = _sum(self._used, event.usage)
        return []

    def _start(self, event: BlockStarted, turn: Turn) -> list[Event]:
        if event.tool is not None and event.tool.name == self._own:
            return []
        if event.tool is not None:
            turn.index, events = self._writer.call(event.tool.id, event.tool.name)
        elif event.kind == "reasoning":
            turn.index, events = self._writer.reasoning()
        else:
            turn.index, events = self._writer.message()
        return events

    def _more(self, piece: str, turn: Turn) -> list[Event]:
        tool = turn.started.tool if turn.started is not None else None
        if tool is not None:
            return [] if tool.name == self._own else self._writer.arguments(turn.index, piece)
        if turn.started is not None and turn.started.kind == "reasoning":
            return self._writer.thought(turn.index, piece)
        return self._writer.text(turn.index, piece)

    def _finish(self, turn: Turn) -> list[Event]:
        started, turn.started = turn.started, None
        if started is None:
            return []
        if started.tool is not None:
            name = started.tool.name
            use = ToolUse(id=started.tool.id, name=name, arguments=tool_arguments(name, turn.text))
            turn.blocks.append(use)
            return [] if name == self._own else self._writer.end_call(turn.index)
        if started.kind == "reasoning":
            thought = ReasoningBlock(text=turn.text, signature=turn.signature, redacted=turn.redacted)
            turn.blocks.append(thought)
            return self._writer.end_reasoning(turn.index, sealed(thought))
        turn.blocks.append(TextBlock(text=turn.text))
        return self._writer.end_message(turn.index, self._found.annotations(turn.text))

    async def _search(self, asked: ToolUse, results: list[Block]) -> AsyncIterator[Event]:
        """Make a search that the model asked for; what it found is added to `results`."""
        self._searches -= 1
        queries = _queries(asked)
        index, events = self._writer.search(queries)
        for event in events:
            yield event
        found = await self._passages(queries) if self._searches >= 0 else []
        numbered = [
            {"number": self._found.number(one), "file": one["filename"], "text": one["content"][0]["text"]}
            for one in found
        ]
        results.append(ToolResult(id=asked.id, content=(JsonBlock(value={"passages": numbered}),)))
        for event in self._writer.end_search(index, [_result(one) for one in found]):
            yield event

    async def _passages(self, queries: Sequence[str]) -> list[dict[str, Any]]:
        """The best passages of all the vector stores together."""
        if self._tool is None or not queries:
            return []
        where, ranking = filter_of(self._tool.filters, "tools.filters"), self._tool.ranking_options or Ranking()
        limit = self._tool.max_num_results
        found = []
        for store in self._tool.vector_store_ids:
            base = await self._call.services.knowledge_bases.get(store)
            hits = await search(self._call, base, queries, limit, (where, ranking))
            found += [await shown(self._call, hit) for hit in hits]
        return sorted(found, key=lambda one: -one["score"])[:limit]


def _queries(asked: ToolUse) -> list[str]:
    """What a call of the search asks for; nothing, where it does not keep to its schema."""
    given = asked.arguments.get("queries")
    texts = [one for one in given if isinstance(one, str) and one.strip()] if isinstance(given, list) else []
    return [one[:MAX_QUESTION] for one in texts[:MAX_QUERIES]]


def _result(passage: Mapping[str, Any]) -> dict[str, Any]:
    names = ("file_id", "filename", "score", "attributes")
    return {**{name: passage[name] for name in names}, "text": passage["content"][0]["text"]}


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cache_read_tokens=one.cache_read_tokens + other.cache_read_tokens,
        cache_write_tokens=one.cache_write_tokens + other.cache_write_tokens,
    )


async def cited_events(call: Call, given: knowledge.Asked, writer: Writer) -> AsyncIterator[Event]:
    """The events of a knowledge base's answer."""
    text = CitedText()
    async for piece in knowledge.pieces(call, given, text):
        begun = [] if writer.begun else [*writer.begin(), *writer.message()[1]]
        for event in (*begun, *writer.text(0, piece)):
            yield event
    cited = [knowledge.file_annotation(mark) for mark in text.marks]
    used, extension = knowledge.usage(knowledge.finished(text)), knowledge.extension(text)
    for event in (*writer.end_message(0, cited), *writer.end(used, None, call.seconds(), extension)):
        yield event
