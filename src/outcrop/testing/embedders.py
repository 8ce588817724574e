"""The contract of embedders: a unit vector for every text, whatever it holds and whatever it comes with."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from outcrop.core.protocols import Embedder, Purpose

TEXTS = (
    "Employees may book business class on flights longer than six hours.",
    "Der Antrag ist spätestens zwei Wochen vor Reisebeginn zu stellen.",
    "x",
    "The pump must be switched off before the cover is removed. " * 12,
    "出张费用应在十天内报销。",
)
ODD = {
    "nothing": "",
    "white space": " \n\t ",
    "a null": "before\0after",
    "emoji": "👩‍🚀🚀 on board 🎉",
    "half a surrogate pair": "broken \ud83d text",
    "right to left": "مرحبا بالعالم",
    "controls": "\x01\x02\x1f\x7f\u200b\ufeff",
    "one endless word": "z" * 20_000,
}


class EmbedderContract:
    """Subclass it with a fixture `embedder`.

    `tolerance` is how far a number of a vector may move with what else is embedded in the same call.
    """

    tolerance = 1e-5

    @pytest.fixture
    def embedder(self) -> Embedder:
        """The embedder under test."""
        raise NotImplementedError

    async def test_every_text_has_a_unit_vector(self, embedder: Embedder) -> None:
        vectors = await embedder.embed(TEXTS, "document")
        assert vectors.shape == (len(TEXTS), embedder.dimensions)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    async def test_no_text_gives_no_vector(self, embedder: Embedder) -> None:
        assert (await embedder.embed([], "document")).shape == (0, embedder.dimensions)

    @pytest.mark.parametrize("kind", ODD)
    async def test_odd_texts_have_a_unit_vector_too(self, embedder: Embedder, kind: str) -> None:
        vectors = await embedder.embed([ODD[kind]], "document")
        assert vectors.shape == (1, embedder.dimensions)
        np.testing.assert_allclose(np.linalg.norm(vectors), 1, atol=1e-5)

    async def test_the_order_is_kept(self, embedder: Embedder) -> None:
        vectors = await embedder.embed(TEXTS, "document")
        backwards = await embedder.embed(TEXTS[::-1], "document")
        np.testing.assert_allclose(backwards[::-1], vectors, atol=self.tolerance)

    async def test_a_vector_does_not_depend_on_its_company(self, embedder: Embedder) -> None:
        together = await embedder.embed(TEXTS * 3, "document")
        for number, text in enumerate(TEXTS):
            (alone,) = await embedder.embed([text], "document")
            np.testing.assert_allclose(together[number], alone, atol=self.tolerance)

    async def test_the_same_text_has_the_same_vector(self, embedder: Embedder) -> None:
        first, second = await embedder.embed([TEXTS[0], TEXTS[0]], "document")
        np.testing.assert_allclose(first, second, atol=self.tolerance)

    async def test_different_texts_have_different_vectors(self, embedder: Embedder) -> None:
        first, second = await embedder.embed(TEXTS[:2], "document")
        assert first @ second < 0.9

    async def test_the_end_of_a_very_long_text_counts(self, embedder: Embedder) -> None:
        long = "The river rose. " * (embedder.max_tokens // 2)
        with_end = long + "Insulin lowers blood sugar. " * (embedder.max_tokens // 6)
        plain, ended, end = await embedder.embed([long, with_end, "Insulin lowers blood sugar."], "document")
        assert ended @ end > plain @ end + 0.01

    @pytest.mark.parametrize("purpose", ["document", "query"])
    async def test_both_purposes_are_accepted(self, embedder: Embedder, purpose: Purpose) -> None:
        assert (await embedder.embed(TEXTS[:1], purpose)).shape == (1, embedder.dimensions)

    async def test_calls_at_the_same_time_do_not_mix(self, embedder: Embedder) -> None:
        calls = [embedder.embed([text], "query") for text in TEXTS]
        at_once = np.concatenate(await asyncio.gather(*calls))
        in_turn = np.concatenate([await embedder.embed([text], "query") for text in TEXTS])
        np.testing.assert_allclose(at_once, in_turn, atol=self.tolerance)

    @pytest.mark.parametrize("text", [*TEXTS, *ODD.values()])
    def test_tokens_lie_in_the_text_in_order(self, embedder: Embedder, text: str) -> None:
        spans = embedder.tokenizer.spans(text)
        assert spans.shape[1:] == (2,)
        assert np.all(spans[:, 0] <= spans[:, 1])
        assert np.all(np.diff(spans[:, 0]) >= 0)
        assert np.all((spans >= 0) & (spans <= len(text)))

    def test_what_it_is_is_known(self, embedder: Embedder) -> None:
        family, colon, name = embedder.model.partition(":")
        assert family
        assert colon
        assert name
        assert embedder.dimensions > 0
        assert embedder.max_tokens > 0
