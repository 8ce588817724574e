"""The extractive answerer as a chat model: what it quotes from, and what it says it cannot do."""

from __future__ import annotations

import pytest

from outcrop.app.adapters import LoadedAdapters
from outcrop.core.chat import ChatMessage, ChatRequest, MediaBlock, Sampling, TextBlock, ToolSpec
from outcrop.core.errors import Unsupported
from outcrop.core.settings import Settings
from outcrop.models.replies import whole

ID = "outcrop.extractive-v1"
LEAVE = "Full-time employees receive 27 days of paid leave a year."
OTHER = "The canteen opens at noon. The garage is in the basement."
QUESTION = "How many days of paid leave do employees receive?"


@pytest.fixture
async def ask(model_folder):
    adapters = LoadedAdapters(Settings(model_folder=model_folder, threads=1, embedding_precision="fp32"))

    async def ask(*messages, system=(), **more):
        roles = ("user", "assistant")
        said = [
            ChatMessage(role=roles[n % 2], content=one if isinstance(one, tuple) else (TextBlock(text=one),))
            for n, one in enumerate(messages)
        ]
        return await whole(adapters.models.chat(ID, ChatRequest(messages=tuple(said), system=system, **more)))

    yield ask
    await adapters.close()


def text(reply):
    return "".join(block.text for block in reply.content)


async def test_paragraphs_before_the_question_are_quoted(ask):
    reply = await ask(f"{OTHER}\n\n{LEAVE}\n\nQuestion: {QUESTION}")
    assert text(reply) == LEAVE
    assert reply.end.usage.input_tokens > 0


async def test_the_question_may_come_first(ask):
    assert text(await ask(f"{QUESTION}\n\n{OTHER}\n\n{LEAVE}")) == LEAVE


async def test_texts_of_earlier_messages_are_quoted(ask):
    assert text(await ask(f"{OTHER}\n\n{LEAVE}", "Noted.", QUESTION)) == LEAVE


async def test_a_long_system_text_is_quoted_and_a_short_one_is_an_instruction(ask):
    filler = " ".join(f"Room {number} is on floor {number // 10}." for number in range(30))
    assert text(await ask(QUESTION, system=(f"{filler}\n\n{LEAVE}",))) == LEAVE
    with pytest.raises(Unsupported):
        await ask(QUESTION, system=("Be brief.",))


async def test_a_document_is_quoted(ask):
    document = MediaBlock(media_type="text/markdown", data=f"# Leave\n\n{LEAVE}".encode(), name="leave")
    assert text(await ask((document, TextBlock(text=QUESTION)))) == LEAVE


async def test_where_nothing_answers_it_says_so(ask):
    assert "Not available" in text(await ask(f"{OTHER}\n\nWho invented the telephone?"))


async def test_among_many_passages_the_nearest_are_read(ask):
    many = "\n\n".join(f"Room {number} has {number} chairs, and a table of wood. " * 20 for number in range(60))
    assert text(await ask(f"{many}\n\n{LEAVE}\n\n{many}\n\n{QUESTION}")) == LEAVE


async def test_with_nothing_to_quote_it_says_what_to_set(ask):
    with pytest.raises(Unsupported, match="set `model` to a language model"):
        await ask("Write a poem about the sea.")


async def test_a_text_ends_at_its_stop_sequence_or_its_most_tokens(ask):
    reply = await ask(f"{LEAVE}\n\n{QUESTION}", sampling=Sampling(stop=("27",)))
    assert (text(reply), reply.end.stop_reason, reply.end.stop_sequence) == (
        "Full-time employees receive ",
        "stop_sequence",
        "27",
    )
    reply = await ask(f"{LEAVE}\n\n{QUESTION}", sampling=Sampling(max_tokens=2))
    assert reply.end.stop_reason == "max_tokens"
    assert LEAVE.startswith(text(reply))


@pytest.mark.parametrize(
    "more",
    [
        {"tools": (ToolSpec(name="t", schema={"type": "object"}),)},
        {"answer_schema": {"type": "object"}},
        {"sampling": Sampling(top_p=0.5)},
    ],
)
async def test_what_it_cannot_do_is_refused(ask, more):
    with pytest.raises(Unsupported, match=r"outcrop\.extractive-v1"):
        await ask(f"{LEAVE}\n\n{QUESTION}", **more)


async def test_an_image_is_refused_with_the_way_to_mend_it(ask):
    image = MediaBlock(media_type="image/png", data=b"\x89PNG")
    with pytest.raises(Unsupported, match="cannot be given images"):
        await ask((image, TextBlock(text=QUESTION)))
