"""The contract of chat models: blocks that follow one another, each begun, filled and ended, and one end."""

from __future__ import annotations

import asyncio

import pytest

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
    TextBlock,
)
from outcrop.core.protocols import ChatModel
from outcrop.models.replies import whole

PASSAGE = "Full-time employees receive 27 days of paid leave a year. Leave is requested from the team lead."
QUESTION = "How many days of paid leave do employees receive?"


class ChatModelContract:
    """Subclass it with a fixture `model` that answers QUESTION from PASSAGE."""

    @pytest.fixture
    def model(self) -> ChatModel:
        """The model that is tested."""
        raise NotImplementedError

    def test_it_has_a_name(self, model: ChatModel) -> None:
        """Replies name it."""
        assert ":" in model.model

    async def test_an_answer_comes_and_ends(self, model: ChatModel) -> None:
        """The blocks together are the answer."""
        reply = await whole(model.stream(asked(TextBlock(text=f"{PASSAGE}\n\n{QUESTION}"))))
        assert "27" in "".join(block.text for block in reply.content if isinstance(block, TextBlock))
        assert reply.end.stop_reason == "end_turn"
        assert reply.end.model == model.model

    async def test_blocks_follow_one_another(self, model: ChatModel) -> None:
        """One is open at a time, numbered from 0, and the end comes once, last."""
        events = await _events(model)
        assert [isinstance(event, ChatEnded) for event in events] == [False] * (len(events) - 1) + [True]
        open_block, count = None, 0
        for event in events[:-1]:
            if isinstance(event, BlockStarted):
                assert open_block is None
                assert event.index == count
                open_block, count = event.index, count + 1
            elif isinstance(event, (BlockDelta, BlockEnded)):
                assert event.index == open_block
                open_block = None if isinstance(event, BlockEnded) else open_block
        assert open_block is None
        assert count > 0

    async def test_a_document_is_read(self, model: ChatModel) -> None:
        """In whatever way the model can be given it."""
        document = MediaBlock(media_type="text/plain", data=PASSAGE.encode(), name="leave.txt")
        reply = await whole(model.stream(asked(document, TextBlock(text=QUESTION))))
        assert "27" in "".join(block.text for block in reply.content if isinstance(block, TextBlock))

    async def test_several_requests_at_once_do_not_mix(self, model: ChatModel) -> None:
        """One model serves every request."""
        replies = await asyncio.gather(*[_events(model) for _ in range(4)])
        texts = ["".join(event.text for event in one if isinstance(event, BlockDelta)) for one in replies]
        assert len(set(texts)) == 1

    async def test_leaving_early_is_no_error(self, model: ChatModel) -> None:
        """A reader who has gone does not harm the next one."""
        stream = model.stream(asked(TextBlock(text=f"{PASSAGE}\n\n{QUESTION}")))
        await anext(stream)
        await stream.aclose()
        assert await _events(model)


def asked(*content: TextBlock | MediaBlock) -> ChatRequest:
    """A request of one message, at temperature 0 where that can be said."""
    return ChatRequest(messages=(ChatMessage(role="user", content=content),), sampling=Sampling(max_tokens=200))


async def _events(model: ChatModel) -> list[ChatEvent]:
    return [event async for event in model.stream(asked(TextBlock(text=f"{PASSAGE}\n\n{QUESTION}")))]
