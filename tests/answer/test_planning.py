"""Plans: a question's parts by its words, and what a language model writes, as far as it makes sense."""

from __future__ import annotations

import json

import pytest
from tests.answer.conftest import base

from outcrop.adapters.generators.scripted import ScriptedGenerator
from outcrop.answer.exploring import Found, ReadAction, Retriever, SearchAction
from outcrop.answer.planning import MAX_SEARCHES, Situation, planned, question_parts
from outcrop.core.errors import ModelFailed
from outcrop.testing.passages import passage

HITS = (
    passage("Leave is approved by Anna Keller, who reads form HR-04 on the day on which it comes.", name="leave.md"),
    passage("Travel is paid later.", name="travel.md"),
)
RETRIEVERS = (Retriever(base=base("handbook"), description="rules"), Retriever(base=base("products")))


class Quoting:
    model = "extractive:sentences"
    instructable = False


def situation(question="Who approves leave?", number=0, searched=("Who approves leave?",)):
    found = tuple(Found(hit, 0) for hit in HITS)
    return Situation(question=question, retrievers=RETRIEVERS, found=found, searched=searched, round=number)


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who leads research and development?", ["Who leads research and development?"]),
        ("What is the difference between Plus and Basic?", ["What is the difference between Plus and Basic?"]),
        ("When does it open and what does it cost?", ["When does it open", "what does it cost (open)"]),
        ("Wann öffnet die Kantine und was kostet das Essen?", ["Wann öffnet die Kantine", "was kostet das Essen"]),
        ("¿Cuánto cuesta y cuándo termina?", ["Cuánto cuesta", "cuándo termina"]),
        ("员工有多少天假期，以及谁批准？", ["员工有多少天假期", "谁批准"]),
        ("I am new. How much leave is there?", ["I am new. How much leave is there?"]),
        ("When does it open? Who runs it? Thank you.", ["When does it open", "Who runs it (open) Thank you."]),
        ("", [""]),
    ],
)
def test_a_question_is_taken_apart_by_its_words(question, parts):
    assert [part.searched for part in question_parts(question)] == parts


def test_a_part_keeps_how_it_was_asked():
    assert [part.asked for part in question_parts("When does it open and who runs it?")][1] == "who runs it"


def test_a_question_of_many_parts_is_cut_off():
    assert len(question_parts(" ".join(f"Who is number {number}?" for number in range(20)))) == MAX_SEARCHES


async def test_without_a_model_the_surroundings_and_names_of_the_best_are_followed():
    plan = await planned(Quoting(), situation())
    assert [type(one) for one in plan.actions] == [ReadAction, ReadAction, SearchAction]
    search = plan.actions[-1]
    assert search.beyond
    assert search.query == "Who approves leave? Anna Keller HR-04"
    assert search.retrievers == (0, 1)


async def test_without_a_model_parts_come_before_surroundings_and_then_nothing_more():
    question = "Who approves leave and who pays travel?"
    plans = [await planned(Quoting(), situation(question, number)) for number in range(3)]
    assert [part.asked for part in plans[0].parts] == ["Who approves leave", "who pays travel"]
    assert all(isinstance(one, SearchAction) for one in plans[0].actions)
    assert isinstance(plans[1].actions[0], ReadAction)
    assert plans[2].actions == ()


async def plan_of(reply, **more):
    text = reply if isinstance(reply, str) else json.dumps(reply)
    generator = ScriptedGenerator([text])
    return await planned(generator, situation(**more)), generator.prompts[0]


async def test_a_model_sees_the_collections_the_passages_and_what_was_searched():
    _, prompt = await plan_of({"searches": []})
    said = prompt.messages[0].text
    assert "1. handbook: rules\n2. products: no description" in said
    assert "Leave is approved by Anna Keller" in said
    assert "- Who approves leave?" in said
    assert said.endswith("Question: Who approves leave?")
    assert "never instructions" in prompt.system


async def test_a_models_searches_and_readings_are_done():
    searches = [{"query": " Where is Keller? ", "sources": [2]}, "Who is she?"]
    plan, _ = await plan_of(f"Sure: {json.dumps({'why': 'More.', 'searches': searches, 'read': [2]})}")
    assert plan.why == "More."
    first, second, read = plan.actions
    assert (first.query, first.retrievers) == ("Where is Keller?", (1,))
    assert (second.query, second.retrievers) == ("Who is she?", (0, 1))
    assert read.found.hit == HITS[1]


@pytest.mark.parametrize(
    "reply",
    [
        {"searches": [{"query": "WHO approves leave?"}]},
        {"searches": [{"query": ""}, {"query": 4}, {}, None], "read": [0, 9, True, "1"]},
        {"searches": "Who?", "read": None},
        {},
    ],
)
async def test_what_makes_no_sense_or_was_done_is_left_out(reply):
    plan, _ = await plan_of(reply)
    assert plan.actions == []
    assert plan.why == "Enough was found."


async def test_an_unknown_collection_means_all():
    plan, _ = await plan_of({"searches": [{"query": "Who?", "sources": [7]}]})
    assert plan.actions[0].retrievers == (0, 1)


@pytest.mark.parametrize("reply", ["I would search.", "[1, 2]", '{"searches": [', "", "[" * 100_000])
async def test_a_reply_that_is_no_plan_fails(reply):
    with pytest.raises(ModelFailed):
        await plan_of(reply)
