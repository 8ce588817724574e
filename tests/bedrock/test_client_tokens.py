"""Requests with the same client token are carried out once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from outcrop.bedrock import client_tokens, spec
from outcrop.bedrock.client_tokens import ClientTokens, OtherParameters
from outcrop.bedrock.render import Reply
from outcrop.core.errors import Invalid
from outcrop.core.records import ClientToken
from outcrop.store.memory import MemoryMetadata

CREATE = spec.operation("bedrock-agent", "CreateKnowledgeBase")
GET = spec.operation("bedrock-agent", "GetKnowledgeBase")
GIVEN = {"name": "a", "clientToken": "t" * 33}
BEGAN = datetime(2026, 1, 31, tzinfo=UTC)


class Clock:
    now = BEGAN

    def __call__(self):
        return self.now


class Work:
    """Counts how often it is carried out; fails or waits where it is told to."""

    def __init__(self):
        self.times = 0
        self.fails = False
        self.hold = asyncio.Event()
        self.hold.set()
        self.begun = asyncio.Event()

    async def __call__(self):
        self.times += 1
        self.begun.set()
        await self.hold.wait()
        if self.fails:
            raise Invalid("no")
        return Reply(202, {"x-a": "b"}, f'{{"number":{self.times}}}'.encode())


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def metadata():
    return MemoryMetadata()


@pytest.fixture
def tokens(metadata, clock):
    return ClientTokens(metadata, clock)


async def test_the_same_token_gives_the_same_reply(tokens):
    work = Work()
    first = await tokens.once(CREATE, "key", GIVEN, work)
    assert await tokens.once(CREATE, "key", GIVEN, work) == first
    assert work.times == 1


async def test_the_reply_outlives_the_process(tokens, metadata, clock):
    work = Work()
    first = await tokens.once(CREATE, "key", GIVEN, work)
    assert await ClientTokens(metadata, clock).once(CREATE, "key", GIVEN, work) == first


@pytest.mark.parametrize(
    ("operation", "caller", "given"),
    [
        (CREATE, "other", GIVEN),
        (CREATE, "key", {**GIVEN, "clientToken": "u" * 33}),
        (spec.operation("bedrock-agent", "CreateAgent"), "key", GIVEN),
    ],
)
async def test_another_token_operation_or_caller_is_another_request(tokens, operation, caller, given):
    work = Work()
    await tokens.once(CREATE, "key", GIVEN, work)
    await tokens.once(operation, caller, given, work)
    assert work.times == 2


async def test_without_a_token_every_request_is_carried_out(tokens, metadata):
    work = Work()
    for operation, given in ((GET, {"knowledgeBaseId": "X"}), (CREATE, {"name": "a"})) * 2:
        await tokens.once(operation, "key", given, work)
    assert work.times == 4
    assert not (await metadata.page(ClientToken, None, None, 10)).records


async def test_other_parameters_are_refused(tokens):
    await tokens.once(CREATE, "key", GIVEN, Work())
    with pytest.raises(OtherParameters):
        await tokens.once(CREATE, "key", {**GIVEN, "name": "b"}, Work())


async def test_a_request_that_failed_may_be_tried_again(tokens):
    work = Work()
    work.fails = True
    with pytest.raises(Invalid):
        await tokens.once(CREATE, "key", GIVEN, work)
    work.fails = False
    assert (await tokens.once(CREATE, "key", GIVEN, work)).status == 202


async def test_requests_at_once_are_carried_out_once(tokens):
    work = Work()
    work.hold.clear()
    asking = [asyncio.create_task(tokens.once(CREATE, "key", GIVEN, work)) for _ in range(5)]
    await work.begun.wait()
    work.hold.set()
    assert {reply.body for reply in await asyncio.gather(*asking)} == {b'{"number":1}'}


async def test_the_work_goes_on_where_the_client_leaves(tokens):
    work = Work()
    work.hold.clear()
    left = asyncio.create_task(tokens.once(CREATE, "key", GIVEN, work))
    await work.begun.wait()
    left.cancel()
    again = asyncio.create_task(tokens.once(CREATE, "key", GIVEN, work))
    work.hold.set()
    assert (await again).body == b'{"number":1}'


async def test_what_a_process_that_is_gone_began_is_carried_out_anew(tokens, metadata, clock):
    gone, work = Work(), Work()
    gone.hold.clear()
    begun = asyncio.create_task(ClientTokens(metadata, clock).once(CREATE, "key", GIVEN, gone))
    await gone.begun.wait()
    clock.now += client_tokens.LEASE + timedelta(seconds=1)
    assert (await tokens.once(CREATE, "key", GIVEN, work)).status == 202
    assert work.times == 1
    begun.cancel()


async def test_a_token_is_kept_for_a_day(tokens, metadata, clock):
    work = Work()
    for _ in range(2):
        await tokens.once(CREATE, "key", GIVEN, work)
        clock.now += client_tokens.KEPT + timedelta(seconds=1)
    assert work.times == 2
    await tokens.once(CREATE, "key", {**GIVEN, "clientToken": "u" * 33}, work)
    assert len((await metadata.page(ClientToken, None, None, 10)).records) == 1
