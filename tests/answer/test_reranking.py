"""Rerankers read the text and the chosen metadata; what they give back is the hits that were found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outcrop.answer.reranking import reranked
from outcrop.core.answers import FieldChoice, Reranking
from outcrop.core.cards import ModelCard
from outcrop.core.errors import NotFound
from outcrop.testing.adapters import GivenAdapters
from outcrop.testing.passages import passage

METADATA = {"team": "people", "year": 2026, "tags": ("a", "b")}


def hit(text, **metadata):
    found = passage(text, context="Rules", name=f"{text[:3]}.md")
    return replace(found, point=replace(found.point, metadata=metadata or METADATA))


HITS = [hit("First rule."), hit("Second rule.")]


class Models:
    """A gateway with one reranker of texts and our own."""

    def __init__(self):
        self.read = []

    async def card(self, reference):
        targets = {"ours": "evidence:sentences", "theirs": "cohere:rerank"}
        if reference not in targets:
            raise NotFound(f"There is no model {reference}.")
        return ModelCard(id=reference, target=targets[reference], name="x", provider="x", kind="rerank")

    async def rerank(self, reference, question, texts, top):
        self.read = list(texts)
        return [(number, 1 - number / 10) for number in reversed(range(len(texts)))][:top]


class Ours:
    def __init__(self):
        self.read = []

    async def rerank(self, question, hits, top):
        self.read = [one.chunk.context for one in hits]
        return [replace(one, score=0.5) for one in reversed(hits)][:top]


@pytest.fixture
def ours():
    return Ours()


@pytest.fixture
def models():
    return Models()


async def order(models, ours, wanted, hits=HITS):
    return await reranked(models, GivenAdapters({}, rerankers={"evidence": ours}), wanted, "Which rule?", hits)


@pytest.mark.parametrize("model", ["ours", "theirs"])
async def test_the_hits_come_back_in_the_new_order_as_they_were(models, ours, model):
    found = await order(models, ours, Reranking(model=model))
    assert [one.point for one in found] == [HITS[1].point, HITS[0].point]
    assert found[0].score in (0.5, 0.9)


@pytest.mark.parametrize("model", ["ours", "theirs"])
async def test_as_many_stay_as_are_wanted(models, ours, model):
    assert len(await order(models, ours, Reranking(model=model, results=1))) == 1
    assert len(await order(models, ours, Reranking(model=model, results=9))) == 2


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        (FieldChoice(), "Rules"),
        (FieldChoice(kind="all"), "team: people\nyear: 2026\ntags: a, b\nRules"),
        (FieldChoice(kind="only", names=frozenset({"year"})), "year: 2026\nRules"),
        (FieldChoice(kind="except", names=frozenset({"year", "tags"})), "team: people\nRules"),
    ],
)
async def test_the_chosen_metadata_is_read_above_the_text(models, ours, fields, read):
    await order(models, ours, Reranking(model="ours", fields=fields))
    assert ours.read[0] == read
    await order(models, ours, Reranking(model="theirs", fields=fields))
    assert models.read[0] == f"{read}\nFirst rule."


async def test_nothing_found_asks_nobody(models, ours):
    assert await order(models, ours, Reranking(model="missing"), []) == []


async def test_a_model_that_is_not_there_is_said(models, ours):
    with pytest.raises(NotFound):
        await order(models, ours, Reranking(model="missing"))
