"""An exploration goes on where one thing fails, ends in time, and answers each part of a question."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.answer.conftest import base, chunk

from outcrop.answer import agentic
from outcrop.answer.exploring import Exploration, Explored, Retriever, Traced
from outcrop.core.answers import Delta, Quote, TextPart
from outcrop.core.chunks import IndexSpec
from outcrop.core.errors import Invalid, Throttled

LEAVE = "Leave is approved by Anna Keller."
CANTEEN = "The canteen opens at noon."
ENOUGH = ['{"searches": []}']


def exploration(there, question="Who approves leave?", *more, **given):
    retrievers = (Retriever(base=there.base), *(Retriever(base=one) for one in more))
    return Exploration(question=question, retrievers=retrievers, model=there.generator.model, **given)


async def explore(there, *arguments, **given):
    return [part async for part in there.answers.explore(exploration(there, *arguments, **given))]


def traced(parts, activity, status):
    return [one for one in parts if isinstance(one, Traced) and (one.activity, one.status) == (activity, status)]


async def test_a_knowledge_base_that_fails_is_told_and_the_others_are_searched(house):
    there = await house(ENOUGH, [f"{LEAVE} [1]"]).open(LEAVE, CANTEEN)
    parts = await explore(there, "Who approves leave?", base("missing"))
    [search] = traced(parts, "SpeculativeRetrieval", "SUCCEEDED")
    assert search.failures[0].startswith("MISSINGXXX: ")
    assert parts[-1].available


async def test_a_search_that_fails_everywhere_failed(house):
    there = house(ENOUGH)
    parts = await explore(there, generate=False)
    assert traced(parts, "SpeculativeRetrieval", "FAILED")
    assert parts[-1] == Explored(found=(), question="Who approves leave?")


async def test_nothing_found_is_not_answered(house):
    there = await house(ENOUGH).open()
    [*_, end] = await explore(there)
    assert (end.available, end.text, end.citations) == (False, there.settings.refusal, ())


async def test_planning_that_fails_leaves_what_was_found(house):
    there = await house(Throttled("Wait."), [f"{LEAVE} [1]"]).open(LEAVE)
    parts = await explore(there)
    assert traced(parts, "Planning", "FAILED")[0].failures == ("Wait.",)
    assert parts[-1].available


async def test_planning_ends_with_the_time(house, monkeypatch):
    monkeypatch.setattr(agentic, "MAX_SECONDS", -1.0)  # a bound, not a behaviour
    there = await house([f"{LEAVE} [1]"]).open(LEAVE)
    parts = await explore(there)
    assert "seconds" in traced(parts, "Planning", "FAILED")[0].failures[0]
    assert parts[-1].available


async def test_a_passage_that_several_searches_find_is_there_once_with_its_best_score(house):
    plan = json.dumps({"searches": ["Who approves leave in the team?"]})
    there = await house([plan], ENOUGH, [f"{LEAVE} [1]"]).open(LEAVE, CANTEEN)
    [*_, end] = await explore(there)
    assert sorted(one.hit.chunk.text for one in end.found) == sorted([LEAVE, CANTEEN])
    scores = [one.hit.score for one in end.found]
    assert scores == sorted(scores, reverse=True)


class Quoting:
    """Quotes the passage that shares a long word with the question, or nothing."""

    model = "scripted:test"
    instructable = False

    async def generate(self, prompt):
        for number, hit in enumerate(prompt.passages):
            if any(len(word) > 4 and word in hit.chunk.text for word in prompt.question.split()):
                text = hit.chunk.text
                yield Delta(text=text, quotes=(Quote(passage=number, start=0, end=len(text)),))
                return
        yield Delta(details={"evidence": 0.0})


@pytest.fixture
async def quoting(house):
    there = await house().open(LEAVE, CANTEEN)
    there.adapters.generators = {"scripted:test": Quoting()}
    return there


async def test_without_a_language_model_each_part_is_answered(quoting):
    parts = await explore(quoting, "When does the canteen open and who is leave approved by?")
    end = parts[-1]
    assert end.text == f"{CANTEEN}\n\n{LEAVE}"
    assert [end.text[one.start : one.end] for one in end.citations] == [CANTEEN, LEAVE]
    assert [end.found[place].hit.chunk.text for [place] in end.references] == [CANTEEN, LEAVE]
    assert "".join(part.text for part in parts if isinstance(part, TextPart)) == end.text


async def test_a_part_without_an_answer_is_named(quoting):
    [*_, end] = await explore(quoting, "When does the canteen open and who is the pope?")
    assert end.text == f"{CANTEEN}\n\nwho is the pope: {quoting.settings.refusal}"
    assert len(end.citations) == 1


async def test_what_was_quoted_is_not_quoted_again(quoting):
    [*_, end] = await explore(quoting, "When does the canteen open and where is the canteen?")
    assert end.text == CANTEEN


@pytest.mark.parametrize("rounds", [-1, 11])
async def test_rounds_have_bounds(house, rounds):
    there = await house().open(LEAVE)
    with pytest.raises(Invalid, match="iterations"):
        await explore(there, rounds=rounds)


async def test_hits_that_stand_around_come_after_the_hit(house):
    there = await house([json.dumps({"read": [1]})], ENOUGH).open()
    await there.store.create(IndexSpec(name=there.base.index, dimensions=64))
    await there.put(*[same(text, number) for number, text in enumerate((CANTEEN, LEAVE, "Forms lie at the desk."))])
    parts = await explore(there, generate=False)
    [read] = traced(parts, "FullDocumentExpansion", "SUCCEEDED")
    assert {one.hit.chunk.text for one in read.found} == {CANTEEN, "Forms lie at the desk."}
    assert parts[-1].found[0].hit.chunk.text == LEAVE


def same(text, number):

    made = chunk(text, ordinal=number)
    return replace(made, document_id="one", start=100 * number, end=100 * number + len(text))
