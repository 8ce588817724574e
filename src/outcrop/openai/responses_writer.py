"""A response as it grows: its items, and the events that tell a streaming client of each piece."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from outcrop.core.answers import Usage
from outcrop.openai.errors import ApiError

Event = dict[str, Any]


def item_id(prefix: str) -> str:
    """A random id of an item."""
    return f"{prefix}_{secrets.token_hex(24)}"


@dataclass(slots=True)
class Writer:
    """Builds a response. Every method gives the events of what it adds, in order."""

    response: dict[str, Any]
    begun: bool = False
    _sequence: int = 0
    _open: dict[int, str] = field(default_factory=dict)  # the text of each open item, by its index

    def begin(self) -> list[Event]:
        """The response begins."""
        self.begun = True
        return [self._told("response.created"), self._told("response.in_progress")]

    def message(self) -> tuple[int, list[Event]]:
        """A message begins; its index."""
        item = {"id": item_id("msg"), "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        index, events = self._item(item)
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        return index, [*events, self._at("response.content_part.added", index, content_index=0, part=part)]

    def text(self, index: int, piece: str) -> list[Event]:
        """More of a message."""
        self._open[index] += piece
        return [self._at("response.output_text.delta", index, content_index=0, delta=piece, logprobs=[])]

    def end_message(self, index: int, annotations: Sequence[Mapping[str, Any]]) -> list[Event]:
        """A message is whole."""
        text = self._open.pop(index)
        part = {"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": []}
        cited = [
            self._at(
                "response.output_text.annotation.added",
                index,
                content_index=0,
                annotation_index=number,
                annotation=annotation,
            )
            for number, annotation in enumerate(annotations)
        ]
        done = self._at("response.output_text.done", index, content_index=0, text=text, logprobs=[])
        closed = self._at("response.content_part.done", index, content_index=0, part=part)
        return [*cited, done, closed, *self._done(index, content=[part])]

    def call(self, call_id: str, name: str) -> tuple[int, list[Event]]:
        """A function call begins; its index."""
        item = {
            "id": item_id("fc"),
            "type": "function_call",
            "call_id": call_id,
            "name": name,
            "arguments": "",
            "status": "in_progress",
        }
        return self._item(item)

    def arguments(self, index: int, piece: str) -> list[Event]:
        """More of a call's arguments."""
        self._open[index] += piece
        return [self._at("response.function_call_arguments.delta", index, delta=piece)]

    def end_call(self, index: int) -> list[Event]:
        """A function call is whole."""
        text = self._open.pop(index) or "{}"
        done = self._at("response.function_call_arguments.done", index, arguments=text)
        return [done, *self._done(index, arguments=text)]

    def reasoning(self) -> tuple[int, list[Event]]:
        """A thought begins; its index."""
        item = {"id": item_id("rs"), "type": "reasoning", "status": "in_progress", "summary": [], "content": []}
        return self._item(item)

    def thought(self, index: int, piece: str) -> list[Event]:
        """More of a thought."""
        self._open[index] += piece
        return [self._at("response.reasoning_text.delta", index, content_index=0, delta=piece)]

    def end_reasoning(self, index: int, sealed: str | None) -> list[Event]:
        """A thought is whole."""
        text = self._open.pop(index)
        content = [{"type": "reasoning_text", "text": text}] if text else []
        done = [self._at("response.reasoning_text.done", index, content_index=0, text=text)] if text else []
        given = {"encrypted_content": sealed} if sealed is not None else {}
        return [*done, *self._done(index, content=content, **given)]

    def search(self, queries: Sequence[str]) -> tuple[int, list[Event]]:
        """A search begins; its index."""
        item = {
            "id": item_id("fs"),
            "type": "file_search_call",
            "status": "in_progress",
            "queries": list(queries),
            "results": None,
        }
        index, events = self._item(item)
        told = [self._at(f"response.file_search_call.{state}", index) for state in ("in_progress", "searching")]
        return index, [*events, *told]

    def end_search(self, index: int, results: Sequence[Mapping[str, Any]] | None) -> list[Event]:
        """A search is over."""
        self._open.pop(index)
        completed = self._at("response.file_search_call.completed", index)
        return [completed, *self._done(index, results=results)]

    def end(self, used: Usage, cut: str | None, moment: int, extension: Mapping[str, Any]) -> list[Event]:
        """The response is whole; `cut` says why it is not complete."""
        status = "incomplete" if cut is not None else "completed"
        self.response |= {
            "status": status,
            "incomplete_details": {"reason": cut} if cut is not None else None,
            "completed_at": moment if cut is None else None,
            "usage": usage(used),
            "x_outcrop": dict(extension),
        }
        return [self._told(f"response.{status}")]

    def fail(self, error: ApiError) -> list[Event]:
        """The response failed after it had begun."""
        code = "rate_limit_exceeded" if error.code == "rate_limit_exceeded" else "server_error"
        self.response |= {"status": "failed", "error": {"code": code, "message": error.message}}
        return [self._told("response.failed")]

    def _item(self, item: dict[str, Any]) -> tuple[int, list[Event]]:
        index = len(self.response["output"])
        self.response["output"].append(item)
        self._open[index] = ""
        return index, [self._event("response.output_item.added", output_index=index, item=dict(item))]

    def _done(self, index: int, **members: Any) -> list[Event]:
        item = self.response["output"][index]
        item |= {"status": "completed", **members}
        return [self._event("response.output_item.done", output_index=index, item=dict(item))]

    def _at(self, type: str, index: int, **members: Any) -> Event:
        """An event of one item."""
        return self._event(type, item_id=self.response["output"][index]["id"], output_index=index, **members)

    def _told(self, type: str) -> Event:
        """An event that holds the response as it is now."""
        return self._event(type, response={**self.response, "output": [dict(item) for item in self.response["output"]]})

    def _event(self, type: str, **members: Any) -> Event:
        event = {"type": type, "sequence_number": self._sequence, **members}
        self._sequence += 1
        return event


def usage(used: Usage) -> dict[str, Any]:
    """Tokens as a response says them."""
    return {
        "input_tokens": used.input_tokens,
        "input_tokens_details": {
            "cached_tokens": used.cache_read_tokens,
            "cache_write_tokens": used.cache_write_tokens,
        },
        "output_tokens": used.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": used.input_tokens + used.output_tokens,
    }
