"""The contract of generators: text in pieces, quotes that are true, nothing where there is nothing to say."""

from __future__ import annotations

import asyncio

import pytest

from outcrop.core.answers import Delta, Message, Prompt
from outcrop.core.chunks import Hit
from outcrop.core.protocols import Generator
from outcrop.testing.passages import passage

QUESTION = "How many days of paid leave do employees receive?"
PASSAGES = (
    passage("Full-time employees receive 27 days of paid leave a year. Leave is requested from the team lead."),
    passage("The canteen opens at noon.", name="canteen.md"),
)


class GeneratorContract:
    """Subclass it with a fixture `generator` that answers QUESTION from PASSAGES."""

    @pytest.fixture
    def generator(self) -> Generator:
        """The generator that is tested."""
        raise NotImplementedError

    def test_it_has_a_name_and_says_whether_it_is_a_language_model(self, generator: Generator) -> None:
        """Surfaces name it, and the chain asks what it can do."""
        assert ":" in generator.model
        assert isinstance(generator.instructable, bool)

    async def test_an_answer_comes_in_pieces_that_make_a_text(self, generator: Generator) -> None:
        """The pieces together are the answer."""
        assert "27" in "".join(delta.text for delta in await _deltas(generator))

    async def test_quotes_are_characters_of_their_passage(self, generator: Generator) -> None:
        """A quote's span stands in its passage, and its words in the text that it is for."""
        for delta in await _deltas(generator):
            for quote in delta.quotes:
                text = PASSAGES[quote.passage].chunk.text
                assert 0 <= quote.start < quote.end <= len(text)
                assert not generator.instructable
        assert any(delta.quotes for delta in await _deltas(generator)) is not generator.instructable

    async def test_usage_is_told_at_the_end_if_at_all(self, generator: Generator) -> None:
        """Tokens are counted once."""
        deltas = await _deltas(generator)
        assert all(delta.usage is None for delta in deltas[:-1])

    async def test_several_questions_at_once_do_not_mix(self, generator: Generator) -> None:
        """One generator serves every request."""
        answers = await asyncio.gather(*[_deltas(generator) for _ in range(4)])
        assert len({"".join(delta.text for delta in answer) for answer in answers}) == 1

    async def test_leaving_early_is_no_error(self, generator: Generator) -> None:
        """A reader who has gone does not harm the next one."""
        stream = generator.generate(prompt(PASSAGES))
        await anext(aiter(stream))
        await stream.aclose()  # type: ignore[attr-defined]  # every async generator has it
        assert await _deltas(generator)


def prompt(passages: tuple[Hit, ...]) -> Prompt:
    """The contract's question over these passages."""
    text = "\n\n".join(f"[{number}] {hit.chunk.text}" for number, hit in enumerate(passages, start=1))
    return Prompt(
        question=QUESTION,
        passages=passages,
        system="Answer from the passages.",
        messages=(Message(role="user", text=f"{text}\n\n{QUESTION}"),),
        refusal="NOT_AVAILABLE",
    )


async def _deltas(generator: Generator) -> list[Delta]:
    return [delta async for delta in generator.generate(prompt(PASSAGES))]
