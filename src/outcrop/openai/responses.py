"""`/v1/responses`: made, streamed, kept, gone on with, deleted."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_json

from outcrop.core.chat import ChatRequest
from outcrop.core.errors import NotFound
from outcrop.core.records import KeptResponse
from outcrop.openai import errors, knowledge
from outcrop.openai.call import Call, Reply, Stream, json_reply
from outcrop.openai.errors import ApiError, refused
from outcrop.openai.knowledge_shapes import Extension
from outcrop.openai.listing import Window, list_object, page, query
from outcrop.openai.models import card, knowledge_base
from outcrop.openai.parse import json_object, parsed
from outcrop.openai.responses_request import Conversation, items_as_kept, response_request, search_tool
from outcrop.openai.responses_run import Run, cited_events
from outcrop.openai.responses_shapes import ENCRYPTED, REFUSED, RESULTS, Item, MessageItem, ResponseIn
from outcrop.openai.responses_writer import Event, Writer
from outcrop.web.asgi import closing

LONGEST = 100  # responses that follow on each other
ITEM: TypeAdapter[Item] = TypeAdapter(Item)


class Shown(Window):
    """How a kept response is shown."""

    include: str | None = None


async def create_response(call: Call) -> Reply | Stream:
    """A response, whole or as it comes."""
    asked = parsed(ResponseIn, json_object(call.body), REFUSED)
    items = [MessageItem(role="user", content=asked.input)] if isinstance(asked.input, str) else asked.input
    request = response_request(asked, await _conversation(call, asked, items))
    writer = Writer(_response(call, asked))
    events = _kept(call, asked, items, writer, await _events(call, asked, request, writer))
    if asked.stream:
        return Stream(frames=_frames(events, writer, asked))
    async for _ in events:
        pass
    return json_reply(shown(writer.response, asked.include or ()))


async def _events(call: Call, asked: ResponseIn, request: ChatRequest, writer: Writer) -> AsyncIterator[Event]:
    """What runs the response. Raises ApiError for what cannot be asked for."""
    tool = search_tool(asked)
    base = await knowledge_base(call.services, asked.model)
    if base is not None:
        return cited_events(call, await knowledge.asked(call, base, request, asked.x_outcrop), writer)
    if asked.x_outcrop != Extension():
        raise refused("x_outcrop", "`x_outcrop` is for knowledge bases: models whose id begins with kb/.")
    if not request.messages:
        raise ApiError("There is no message of the user's.", param="input")
    for store in tool.vector_store_ids if tool is not None else ():
        await call.services.knowledge_bases.get(store)
    writer.response["model"] = (await card(call.services, asked.model)).id
    return Run(call, asked.model, writer, tool, asked.max_tool_calls).events(request)


async def _conversation(call: Call, asked: ResponseIn, items: Sequence[Item]) -> Conversation:
    """Everything that was said, oldest first."""
    conversation = Conversation(call)
    for kept in await _chain(call, asked.previous_response_id):
        for data in (*kept.asked, *kept.response["output"]):
            await conversation.add(ITEM.validate_python(_as_input(data)), "previous_response_id")
    for number, item in enumerate(items):
        await conversation.add(item, f"input[{number}]")
    return conversation


async def _chain(call: Call, last: str | None) -> list[KeptResponse]:
    """The responses that lead to this one, oldest first. Raises ApiError where one is missing, or they are too many."""
    found: list[KeptResponse] = []
    while last is not None:
        if len(found) == LONGEST:
            raise ApiError(f"More than {LONGEST} responses follow on each other.", param="previous_response_id")
        try:
            found.append(await _find(call, last))
        except NotFound as error:
            raise ApiError(error.message, status=404, code="not_found", param="previous_response_id") from None
        last = found[-1].previous_id
    return found[::-1]


async def get_response(call: Call) -> Reply:
    """A response that was kept."""
    given = dict(call.query)
    if given.get("stream", "false") != "false":
        raise refused("stream", "A response that is over is shown whole.")
    include = [value for name, value in given.items() if name.startswith("include")]
    return json_reply(shown((await _find(call, call.path["response"])).response, include))


async def delete_response(call: Call) -> Reply:
    """Delete a response."""
    kept = await _find(call, call.path["response"])
    await call.services.metadata.delete(KeptResponse, kept.id)
    return json_reply({"id": kept.id, "object": "response", "deleted": True})


async def list_input(call: Call) -> Reply:
    """What was asked for a response."""
    window = query(Shown, {name.removesuffix("[]"): value for name, value in call.query.items()})
    kept = await _find(call, call.path["response"])
    found, more = page(list(kept.asked), window, lambda one: str(one["id"]))
    return json_reply(list_object(found, more=more))


async def _find(call: Call, id: str) -> KeptResponse:
    """The caller's response. Raises NotFound also for somebody else's: the two cannot be told apart."""
    unknown = NotFound(f"There is no response {id!r:.100}.")
    try:
        kept = await call.services.metadata.get(KeptResponse, id)
    except NotFound:
        raise unknown from None
    if kept.owner != call.caller.id:
        raise unknown
    return kept


async def _kept(
    call: Call, asked: ResponseIn, items: Sequence[Item], writer: Writer, events: AsyncIterator[Event]
) -> AsyncIterator[Event]:
    """The events; the response is kept before the last of them is sent, unless it is not to be."""
    async with closing(events):
        async for event in events:
            if asked.store is not False and event["type"] in {"response.completed", "response.incomplete"}:
                moment = call.clock()
                record = KeptResponse(
                    id=writer.response["id"],
                    created_at=moment,
                    updated_at=moment,
                    owner=call.caller.id,
                    previous_id=asked.previous_response_id,
                    asked=tuple(items_as_kept(items)),
                    response=writer.response,
                )
                await call.services.metadata.put(record, expect=0)
            yield event


async def _frames(events: AsyncIterator[Event], writer: Writer, asked: ResponseIn) -> AsyncIterator[bytes]:
    """The events as they are sent; what fails after the first one ends the stream with `response.failed`."""
    begun = False
    async with closing(events):
        try:
            async for event in events:
                yield _frame(event, asked)
                begun = True
        except Exception as error:
            if not begun:
                raise
            for event in writer.fail(errors.named(error)):
                yield _frame(event, asked)


def _frame(event: Event, asked: ResponseIn) -> bytes:
    include = asked.include or ()
    if "response" in event:
        event = {**event, "response": shown(event["response"], include)}
    if "item" in event:
        event = {**event, "item": _item(event["item"], include)}
    return f"event: {event['type']}\n".encode() + b"data: " + to_json(event) + b"\n\n"


def shown(response: Mapping[str, Any], include: Sequence[str]) -> dict[str, Any]:
    """A response with only those details of its items that are asked for."""
    return {**response, "output": [_item(item, include) for item in response["output"]]}


def _item(item: Mapping[str, Any], include: Sequence[str]) -> dict[str, Any]:
    left_out = set()
    if item["type"] == "file_search_call" and RESULTS not in include:
        left_out.add("results")
    if item["type"] == "reasoning" and ENCRYPTED not in include:
        left_out.add("encrypted_content")
    return {name: None if name in left_out else value for name, value in item.items()}


def _as_input(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item that was kept, as it would be sent back."""
    return {name: value for name, value in item.items() if value is not None}


def _response(call: Call, asked: ResponseIn) -> dict[str, Any]:  # long: one line a member of the object
    """The response before anything was said: what was asked for, with what was left out."""
    given = asked.model_dump(by_alias=True, exclude_none=True)
    text = given.get("text", {})
    return {
        "id": f"resp_{secrets.token_hex(24)}",
        "object": "response",
        "created_at": call.seconds(),
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "instructions": asked.instructions,
        "max_output_tokens": asked.max_output_tokens,
        "max_tool_calls": asked.max_tool_calls,
        "metadata": asked.metadata or {},
        "model": asked.model,
        "output": [],
        "parallel_tool_calls": asked.parallel_tool_calls is not False,
        "previous_response_id": asked.previous_response_id,
        "reasoning": {"effort": given.get("reasoning", {}).get("effort"), "summary": None},
        "store": asked.store is not False,
        "temperature": asked.temperature,
        "text": {"format": {"type": "text"}, **text},
        "tool_choice": given.get("tool_choice", "auto"),
        "tools": given.get("tools", []),
        "top_p": asked.top_p,
        "truncation": "disabled",
        "usage": None,
        "user": asked.user,
    }
