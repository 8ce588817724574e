"""Without a language model a follow-up takes over what it leaves out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from outcrop.adapters.generators.scripted import ScriptedGenerator
from outcrop.answer.follow_up import split, standalone
from outcrop.core.answers import Orchestration
from outcrop.core.errors import Unsupported
from outcrop.core.records import Turn


class Quoting:
    model = "extractive:sentences"
    instructable = False

    def generate(self, prompt):
        raise AssertionError("It cannot be told what to do.")


MOMENT = datetime(2026, 11, 20, 16, 5, tzinfo=UTC)
BEFORE = [Turn(question="How much is the Plus plan per month?", answer="39 EUR")]


async def asked(generator, question, turns, **more):
    return await standalone(generator, question, turns, Orchestration(**more), MOMENT)


@pytest.mark.parametrize(
    ("question", "searched", "how"),
    [
        ("And for students?", "How much is the Plus plan per month? And for students?", "carried"),
        ("When does it end?", "When does it end? (Plus plan month)", "carried"),
        ("Which towels are compulsory on all machines?", "Which towels are compulsory on all machines?", "as asked"),
    ],
)
async def test_content_words_are_carried_where_they_are_missing(question, searched, how):
    assert await asked(Quoting(), question, BEFORE) == (searched, how)


async def test_a_first_question_stays_as_it_is():
    assert await asked(Quoting(), "And it?", []) == ("And it?", "as asked")


async def test_a_rewritten_question_is_carried_on():
    turns = [Turn(question="And it?", answer="no", standalone="Is the sauna open?")]
    assert (await asked(Quoting(), "Why?", turns))[0] == "Why? (sauna open)"


@pytest.mark.parametrize(
    ("reply", "searched"),
    [
        (["When does ", "the sauna open?"], "When does the sauna open?"),
        ([""], "And the sauna?"),
        (["Line one.\nLine two."], "And the sauna?"),
        (["x" * 20_001], "And the sauna?"),
    ],
)
async def test_a_models_rewrite_is_taken_if_it_is_one_question(reply, searched):
    question, _ = await asked(ScriptedGenerator(reply), "And the sauna?", BEFORE)
    assert question == searched


async def test_a_template_is_asked_even_for_a_first_question():
    generator = ScriptedGenerator(["When does the sauna open?"])
    searched, how = await asked(generator, "Sauna?", [], prompt_template="Make it a question: $query$")
    assert (searched, how) == ("When does the sauna open?", "rewritten")
    assert generator.prompts[0].messages[0].text == "Make it a question: Sauna?"


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        ("Who pays?\nWhen is it paid?", ("Who pays?", "When is it paid?")),
        ("1. Who pays?\n2) When?\n- Where?\n* Why?\n(5) How?", ("Who pays?", "When?", "Where?", "Why?", "How?")),
        ("<questions>\n<q>Who pays?</q>\n</questions>", ("Who pays?",)),
        ("Who pays?\nWho pays?", ("Who pays?",)),
        ("\n".join(f"Who is {number}?" for number in range(9)), tuple(f"Who is {number}?" for number in range(5))),
        ("", ("Payments?",)),
        ("x" * 20_001, ("Payments?",)),
    ],
)
async def test_a_question_is_split_line_by_line(reply, parts):
    assert await split(ScriptedGenerator([reply]), "Payments?", Orchestration(decompose=True), MOMENT) == parts


async def test_what_cannot_write_splits_nothing():
    with pytest.raises(Unsupported):
        await split(Quoting(), "Payments?", Orchestration(decompose=True), MOMENT)
